"""Task files: what a row means, and what is wrong with a bad one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from context.snapshot import Cursor
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.holes import read_tasks

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {"id": "a", "lang": "py", "prefix": "x = ", "middle": "1", "suffix": "\n"}


def _file(folder: Path, *rows: object) -> Path:
    path = folder / "tasks.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_row_is_a_document_with_a_hole(tmp_path: Path) -> None:
    """The answer is nowhere in the snapshot; the cursor stands where it was."""
    row = {**GOOD, "prefix": "a = '🙂'\nx = ", "middle": "SECRET", "file": "src/a.py"}
    [task] = read_tasks(_file(tmp_path, row))
    snapshot = task.snapshot()
    lines = [snapshot.text.line(number) for number in range(len(snapshot.text))]
    assert "".join(lines) == "a = '🙂'\nx = \n"
    assert snapshot.cursor == Cursor(1, 4)
    assert (snapshot.path, snapshot.language) == ("src/a.py", "python")
    assert task.whole == "a = '🙂'\nx = SECRET\n"


def test_the_hole_of_santacoder_is_an_empty_line(tmp_path: Path) -> None:
    """Its answers are lines between newlines that stand in neither prefix nor suffix."""
    row = {**GOOD, "set": "santacoder_fim", "prefix": "def f():", "suffix": "    return x"}
    [task] = read_tasks(_file(tmp_path, row))
    snapshot = task.snapshot()
    assert (snapshot.line_before, snapshot.line_after) == ("", "")
    assert snapshot.text.line(2) == "    return x"
    assert task.prefix == "def f():", "programs are built from what was published"


BAD = [
    ([{**GOOD, "middle": 1}], "'middle' is int"),
    ([{key: value for key, value in GOOD.items() if key != "suffix"}], "'suffix' is missing"),
    ([{**GOOD, "file": "../../etc/passwd"}], "inside the workspace"),
    ([{**GOOD, "file": "/etc/passwd"}], "inside the workspace"),
    ([{**GOOD, "exec": "python"}], "'exec' needs a 'kind' of humaneval"),
    ([{**GOOD, "exec": {"kind": "magic"}}], "'exec' needs a 'kind' of humaneval"),
    ([{**GOOD, "exec": {"kind": "humaneval", "test": "x"}}], "tests need entry"),
    ([{**GOOD, "exec": {"kind": "io", "tests": [{"input": 1}]}}], "need eval_prefix, .*tests"),
]


@pytest.mark.parametrize(("rows", "words"), BAD)
def test_what_is_no_task_is_named(tmp_path: Path, rows: list[object], words: str) -> None:
    """With the file and the line."""
    with pytest.raises(TaskFileError, match=words):
        read_tasks(_file(tmp_path, *rows))
