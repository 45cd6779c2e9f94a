"""What a host leaves behind: its log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.host import process

if TYPE_CHECKING:
    import pytest


def test_a_log_that_another_host_keeps_open_is_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows renames no open file; the next host's faults are written all the same."""
    log = tmp_path / "engine-host.log"
    log.write_bytes(b"x" * (process._MAX_LOG + 1))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "being used by another process")

    monkeypatch.setattr(Path, "replace", refuse)
    with process._open_log(log) as stream:
        stream.write(b"crash")
    assert log.read_bytes().endswith(b"xcrash")
