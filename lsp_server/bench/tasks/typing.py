"""Typing tasks: a file before a change, a position, and the text to type there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.changes import Replacement, changes_of
from lsp_server.bench.tasks.files import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_server.bench.tasks.files import TaskRow

GUIDE: Final = "docs/lab/benchmarks.md"


class ParentTree(Protocol):
    """Where a tree comes from."""

    def unpack(self, folder: Path) -> None:
        """Write its files.

        Raises:
            TaskFileError: it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class TypingTask:
    """One hunk to type, or the changes of one file.

    Attributes:
        id: unique in its file; seeds the typist together with the run's seed.
        language: the LSP language identifier.
        file: path inside the workspace, forward slashes.
        before: the file before the change.
        offset: where the hunk goes in, in code points.
        typed: the hunk.
        repo: name of the workspace folder.
        quick: whether a quick run takes it.
        changes: where lines are changed too, all of them, from the top down; `offset` is that of
            the first then, and `typed` what they bring together.
        parent: the commit that it follows, "" when unknown.
        tree: the other files as they were then, None for a workspace without any.
    """

    id: str
    language: str
    file: str
    before: str
    offset: int
    typed: str
    repo: str = "workspace"
    quick: bool = True
    changes: tuple[Replacement, ...] = ()
    parent: str = ""
    tree: ParentTree | None = None

    @property
    def steps(self) -> tuple[Replacement, ...]:
        """What a person does, one after another."""
        return self.changes or (Replacement(self.offset, "", self.typed),)

    def lay_out(self, folder: Path) -> Path:
        """Write the workspace as it was before the change; gives the task's own file in it.

        Raises:
            TaskFileError: the tree cannot be unpacked.
        """
        folder.mkdir(parents=True)
        if self.tree is not None:
            self.tree.unpack(folder)
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.before, encoding="utf-8", newline="")
        return path

    @property
    def head(self) -> str:
        """The file up to the hunk."""
        return self.before[: self.offset]

    @property
    def tail(self) -> str:
        """The file after the hunk."""
        return self.before[self.offset :]


def read_tasks(path: Path, *, quick: bool = False) -> list[TypingTask]:
    """The tasks of a JSON Lines file, or only those marked quick, ready to be typed.

    A row has `id`, `file`, `before`, and either `offset` and `typed` or `hunks`; where known also
    `lang`, `repo`, `quick`, `parent`.

    Raises:
        TaskFileError: no such file, no task in it, or a row that is not a task; names the line.
    """
    tasks = [_task(row) for row in read_rows(path, GUIDE)]
    chosen = [on_own_line(task) for task in tasks if task.quick or not quick]
    if not chosen:
        message = f"none of the {len(tasks)} tasks in {path} is marked quick; run without --quick"
        raise TaskFileError(message)
    return chosen


def _task(row: TaskRow) -> TypingTask:
    if "hunks" in row.fields:
        return _task_of_changes(row)
    texts = {name: row.value(name, str) for name in ("id", "file", "before", "typed")}
    offset = row.value("offset", int)
    if not 0 <= offset <= len(texts["before"]):
        raise row.wrong(f"offset {offset} is outside the text of {len(texts['before'])}")
    if not texts["typed"].strip():
        raise row.wrong("there is nothing to type")
    row.inside(texts["file"])
    return TypingTask(**texts, offset=offset, **_known(row, texts["file"]))


def _task_of_changes(row: TaskRow) -> TypingTask:
    texts = {name: row.value(name, str) for name in ("id", "file", "before")}
    row.inside(texts["file"])
    changes = changes_of(row, texts["before"])
    return TypingTask(
        **texts,
        offset=changes[0].offset,
        typed="".join(change.typed for change in changes),
        changes=changes,
        **_known(row, texts["file"]),
    )


def _known(row: TaskRow, file: str) -> dict[str, Any]:
    """The fields of a task that a row may leave out."""
    return {
        "language": str(row.fields.get("lang") or language_of(file) or "plaintext"),
        "repo": str(row.fields.get("repo") or "workspace").rpartition("/")[2],
        "quick": bool(row.fields.get("quick", True)),
        "parent": str(row.fields.get("parent") or ""),
    }


def on_own_line(task: TypingTask) -> TypingTask:
    r"""The task as in an editor: whole lines are typed on a line opened for them.

    A hunk that goes in at the start of a line that has text would otherwise be typed to the left
    of that text. The newline that ends the hunk is moved behind the cursor instead.

    >>> task = TypingTask("t", "python", "a.py", "x\ny\n", 2, "new\n")
    >>> on_own_line(task).before, on_own_line(task).typed
    ('x\n\ny\n', 'new')
    """
    if task.changes:
        return task
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
