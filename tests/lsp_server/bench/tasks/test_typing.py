"""Task files, good and bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.typing import TypingTask, language_of, on_own_line, read_tasks

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {"id": "a", "file": "a.py", "before": "x\n", "offset": 2, "typed": "y = 1\n"}


def test_tasks_are_read(task_file: Path) -> None:
    """All of them, or only those marked quick."""
    assert [task.id for task in read_tasks(task_file)] == ["one", "two"]
    assert [task.id for task in read_tasks(task_file, quick=True)] == ["one"]


def test_fields_that_are_missing_have_a_meaning(tmp_path: Path) -> None:
    """The language follows from the file's ending; a task is quick unless it says otherwise."""
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({**GOOD, "repo": "owner/name"}) + "\n\n", encoding="utf-8")
    (task,) = read_tasks(path, quick=True)
    assert (task.language, task.repo, task.quick) == ("python", "name", True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps({**GOOD, "offset": "2"}), "field 'offset' is str, expected int"),
        (json.dumps({**GOOD, "offset": True}), "field 'offset' is bool"),
        (json.dumps({**GOOD, "offset": 3}), "offset 3 is outside"),
        (json.dumps({**GOOD, "offset": -1}), "offset -1 is outside"),
        (json.dumps({**GOOD, "typed": " \n"}), "nothing to type"),
        (json.dumps({**GOOD, "file": "../../etc/passwd"}), "inside the workspace"),
        (json.dumps({**GOOD, "file": "/etc/passwd"}), "inside the workspace"),
        (json.dumps({**GOOD, "quick": False}), "none of the 1 tasks"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_where(tmp_path: Path, text: str, says: str) -> None:
    """The message names file, line and field."""
    path = tmp_path / "tasks.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TaskFileError, match=r"tasks\.jsonl") as caught:
        read_tasks(path, quick=True)
    assert says in str(caught.value)


def test_whole_lines_are_typed_on_a_line_opened_for_them() -> None:
    """The hunk's last newline stands behind the cursor from the start."""
    task = on_own_line(TypingTask("t", "python", "a.py", "a\nb\n", 2, "new\n"))
    assert (task.head, task.typed, task.tail) == ("a\n", "new", "\nb\n")


@pytest.mark.parametrize(
    ("before", "offset", "typed"),
    [("a\n", 2, "new\n"), ("a\n\nb", 2, "new\n"), ("ab", 1, "new\n"), ("a\nb", 2, "new")],
)
def test_other_hunks_are_typed_as_they_are(before: str, offset: int, typed: str) -> None:
    """At the end of the file, on an empty line, inside a line, without a newline."""
    task = TypingTask("t", "python", "a.py", before, offset, typed)
    assert on_own_line(task) == task


def test_languages_are_known_by_ending() -> None:
    """Case does not matter; what is not code has none."""
    assert language_of("a/b.TSX") == "typescriptreact"
    assert language_of("README") is None
