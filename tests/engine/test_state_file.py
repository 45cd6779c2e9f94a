"""Files between sessions: whole or not at all, the owner's alone, and never a reason to stop."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any, Self

import pytest

from engine import state_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_its_owners_alone_and_replaces_the_one_before(tmp_path: Path) -> None:
    """Also where the older one was open to others."""
    file = tmp_path / "new" / "x.json"
    state_file.write(file, "one")
    file.chmod(0o666)
    state_file.write(file, "two")
    assert file.read_text(encoding="utf-8") == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["x.json"]


class _FullFile:
    """What `os.fdopen` gives on a disk that fills up."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._number)

    def write(self, _: str) -> None:
        """No byte more."""
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("fault", ["write", "replace", "folder"])
def test_whatever_goes_wrong_the_older_file_stays_and_no_draft(
    tmp_path: Path,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The disk is full, the name is taken by a folder, the folder cannot be made."""
    file = tmp_path / "x.json"
    state_file.write(file, "old")
    if fault == "write":

        def fdopen(number: int, *_: object, **__: object) -> Any:
            return _FullFile(number)

        monkeypatch.setattr(os, "fdopen", fdopen)
    target = {"write": file, "replace": tmp_path, "folder": file / "y.json"}[fault]
    with pytest.raises(OSError):  # noqa: PT011 - each has another number
        state_file.write(target, "new")
    assert not state_file.save(target, "new", "this")
    assert "this could not be remembered: " in caplog.text
    assert "MIDFILL_STATE_DIR" in caplog.text
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("damaged", ["", "{", "[]", "null", "[" * 100_000, '"text"', "\x00"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damaged: str) -> None:
    """It knows nothing, and can be written to."""
    file = tmp_path / "x.json"
    file.write_text(damaged, encoding="utf-8")
    assert state_file.recall(file, "a") is None
    state_file.remember(file, "a", 1, "this")
    state_file.remember(file, "b", 2, "this")
    assert state_file.recall(file, "a") == 1
    assert state_file.recall(file, "b") == 2
