"""`FILE:LINE:COL` on the command line: what it names, and what it cannot name."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from context.snapshot import Cursor
from lsp_server.commands.complete import PlaceError, snapshot_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with some files, as the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_bytes("x = '🙂'\r\ny\n".encode())
    (tmp_path / "empty.py").write_bytes(b"")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    (tmp_path / "with:colon.ts").write_bytes(b"let x\n")
    (tmp_path / "folder").mkdir()


def test_a_place_counts_from_one_in_characters() -> None:
    """As editors show it; an emoji is one column, a line ending none."""
    snapshot = snapshot_at("a.py:1:8")
    assert snapshot.cursor == Cursor(0, 7)
    assert snapshot.line_before == "x = '🙂'"
    assert (snapshot.path, snapshot.language) == ("a.py", "python")
    assert snapshot.uri.startswith("file:///")


@pytest.mark.parametrize("place", ["empty.py:1:1", "a.py:3:1", "with:colon.ts:1:6"])
def test_the_edges_of_a_file_are_places(place: str) -> None:
    """An empty file has one place, the end of a file is one, and names may hold colons."""
    assert snapshot_at(place).line_after == ""


BAD = [
    ("a.py", "FILE:LINE:COL"),
    ("a.py:1", "FILE:LINE:COL"),
    ("a.py:one:1", "FILE:LINE:COL"),
    ("a.py:1:", "FILE:LINE:COL"),
    ("gone.py:1:1", "no such file"),
    ("folder:1:1", "directory"),
    ("latin.py:1:1", "not UTF-8"),
    ("a.py:0:1", "no line 0"),
    ("a.py:4:1", "3 lines"),
    ("a.py:-1:1", "no line -1"),
    ("a.py:1:0", "columns 1 to 8"),
    ("a.py:1:9", "columns 1 to 8"),
]


@pytest.mark.parametrize(("place", "words"), BAD)
def test_what_is_no_place_is_named(place: str, words: str) -> None:
    """The message says what is wrong with which part."""
    with pytest.raises(PlaceError) as caught:
        snapshot_at(place)
    assert words in str(caught.value)


@pytest.mark.parametrize("command", ["complete", "prompt"])
def test_the_commands_end_with_one_line_and_exit_code_1(command: str) -> None:
    """No traceback, nothing on stdout, and no model is loaded for it."""
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server", command, "gone.py:1:1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("midfill: gone.py: no such file")
    assert done.stderr.count("\n") == 1
