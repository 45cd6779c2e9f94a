"""`midfill doctor`: one line each, an exit code, and never an illness of its own."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from engine.errors import ModelMissingError
from lsp_server.commands import doctor
from lsp_server.commands.doctor import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


def _well() -> Iterator[Finding]:
    yield Finding("one", well=True, words="fine")


def _ill() -> Iterator[Finding]:
    raise ModelMissingError("no model; run `midfill models pull`")
    yield


def _broken() -> Iterator[Finding]:
    raise ZeroDivisionError("a bug")
    yield


def test_all_well_is_exit_code_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each finding."""
    monkeypatch.setattr(doctor, "CHECKS", (_well, _well))
    assert doctor.run() == 0
    assert capsys.readouterr().out.splitlines() == ["ok    one  fine"] * 2


def test_what_is_not_well_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failing check costs its line and the exit code, not the other checks."""
    monkeypatch.setattr(doctor, "CHECKS", (_ill, _broken, _well))
    assert doctor.run() == 1
    ill, broken, well = capsys.readouterr().out.splitlines()
    assert ill == "FAIL  ill     no model; run `midfill models pull`"
    assert "ZeroDivisionError" in broken
    assert well.startswith("ok")


def test_folders_that_cannot_be_written_are_found(tmp_path: Path) -> None:
    """With the reason and the next step."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    finding = doctor._writable("data folder", tmp_path / "file" / "x", "MIDFILL_X")
    assert not finding.well
    assert "cannot be written" in finding.words
    assert "set MIDFILL_X" in finding.words
    assert doctor._writable("data folder", tmp_path / "new", "").well


def test_models_that_may_only_be_read_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of somebody else's, or on a disk that is read-only."""

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setenv("MIDFILL_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert [finding.well for finding in doctor._folders()] == [False, False]
    (tmp_path / "models" / "small").mkdir(parents=True)
    data, state = doctor._folders()
    assert data.well
    assert "its models serve" in data.words
    assert not state.well


def test_the_checks_that_need_no_model_are_well_here() -> None:
    """Python, packages, owners of the three package names, devices, a socket."""
    checks = (doctor._python, doctor._packages, doctor._owners, doctor._devices, doctor._socket)
    findings = [finding for check in checks for finding in check()]
    assert [finding for finding in findings if not finding.well] == []


def test_a_socket_that_cannot_be_met_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something lies in its place: the reason, and what it costs; nothing is left behind."""
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path))
    (there,) = doctor._socket()
    assert there.well
    assert list(tmp_path.iterdir()) == []
    (tmp_path / f"doctor-{os.getpid()}.sock").mkdir()
    (finding,) = doctor._socket()
    assert not finding.well
    assert "Address already in use" in finding.words
    assert "MIDFILL_RUNTIME_DIR" in finding.words
