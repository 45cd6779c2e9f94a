"""Typing tasks: a file as it was, a place in it, and the text that was put there."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lsp_server.bench.errors import TaskFileError


@dataclass(frozen=True, slots=True)
class Task:
    """One hunk to type.

    Attributes:
        id: unique in its file; seeds the typist together with the run's seed.
        language: the LSP language identifier.
        file: path inside the workspace, forward slashes.
        before: the file before the change.
        offset: where the hunk goes in, in code points.
        typed: the hunk.
        repo: name of the workspace folder.
        quick: whether a quick run takes it.
    """

    id: str
    language: str
    file: str
    before: str
    offset: int
    typed: str
    repo: str = "workspace"
    quick: bool = True

    @property
    def head(self) -> str:
        """The file up to the hunk."""
        return self.before[: self.offset]

    @property
    def tail(self) -> str:
        """The file after the hunk."""
        return self.before[self.offset :]


def read_tasks(path: Path, *, quick: bool = False) -> list[Task]:
    """The tasks of a JSON Lines file, or only those marked quick, ready to be typed.

    A row has `id`, `file`, `before`, `offset`, `typed` and, where known, `lang`, `repo`, `quick`.

    Raises:
        TaskFileError: no such file, no task in it, or a row that is not a task; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read tasks from {path}: {error}"
        raise TaskFileError(message) from error
    rows = enumerate(text.split("\n"), 1)
    tasks = [_task(path, number, row) for number, row in rows if row.strip()]
    if not tasks:
        message = f"{path} holds no tasks; one JSON object a line is expected"
        raise TaskFileError(message)
    chosen = [on_own_line(task) for task in tasks if task.quick or not quick]
    if not chosen:
        message = f"none of the {len(tasks)} tasks in {path} is marked quick; run without --quick"
        raise TaskFileError(message)
    return chosen


def _task(path: Path, number: int, row: str) -> Task:
    where = f"{path} line {number}"
    try:
        fields = json.loads(row)
    except ValueError as error:
        message = f"{where} is not JSON: {error}"
        raise TaskFileError(message) from error
    if not isinstance(fields, dict):
        message = f"{where} is not a JSON object"
        raise TaskFileError(message)
    texts = {name: _field(fields, name, str, where) for name in ("id", "file", "before", "typed")}
    offset = _field(fields, "offset", int, where)
    if not 0 <= offset <= len(texts["before"]):
        message = f"{where}: offset {offset} is outside the text of {len(texts['before'])}"
        raise TaskFileError(message)
    if not texts["typed"].strip():
        message = f"{where}: there is nothing to type"
        raise TaskFileError(message)
    inside = PurePosixPath(texts["file"])
    if inside.is_absolute() or ".." in inside.parts or not inside.name:
        message = f"{where}: file {texts['file']!r} must be a path inside the workspace"
        raise TaskFileError(message)
    return Task(
        **texts,
        offset=offset,
        language=str(fields.get("lang") or language_of(texts["file"]) or "plaintext"),
        repo=str(fields.get("repo") or "workspace").rpartition("/")[2],
        quick=bool(fields.get("quick", True)),
    )


def _field(fields: dict[str, Any], name: str, kind: type, where: str) -> Any:
    value = fields.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        found = "is missing" if name not in fields else f"is {type(value).__name__}"
        message = f"{where}: field {name!r} {found}, expected {kind.__name__}"
        raise TaskFileError(message)
    return value


def on_own_line(task: Task) -> Task:
    r"""The task as in an editor: whole lines are typed on a line opened for them.

    A hunk that goes in at the start of a line that has text would otherwise be typed to the left
    of that text. The newline that ends the hunk is moved behind the cursor instead.

    >>> task = Task("t", "python", "a.py", "x\ny\n", 2, "new\n")
    >>> on_own_line(task).before, on_own_line(task).typed
    ('x\n\ny\n', 'new')
    """
    starts_line = task.head == "" or task.head.endswith("\n")
    in_the_way = bool(task.tail) and task.tail[0] != "\n"
    if not (starts_line and in_the_way and task.typed.endswith("\n")):
        return task
    return replace(task, before=f"{task.head}\n{task.tail}", typed=task.typed[:-1])


_LANGUAGES = {
    "bash": "shellscript", "c": "c", "cc": "cpp", "cpp": "cpp", "cs": "csharp", "css": "css",
    "cxx": "cpp", "dart": "dart", "ex": "elixir", "go": "go", "h": "c", "hpp": "cpp",
    "html": "html", "java": "java", "js": "javascript", "jsx": "javascriptreact", "kt": "kotlin",
    "lua": "lua", "mjs": "javascript", "php": "php", "py": "python", "pyi": "python", "r": "r",
    "rb": "ruby", "rs": "rust", "scala": "scala", "sh": "shellscript", "sql": "sql",
    "swift": "swift", "ts": "typescript", "tsx": "typescriptreact", "vue": "vue", "zig": "zig",
}  # fmt: skip


def language_of(file: str) -> str | None:
    """The LSP language identifier that goes with a file's ending, None when it is not code."""
    return _LANGUAGES.get(PurePosixPath(file).suffix.lstrip(".").lower())
