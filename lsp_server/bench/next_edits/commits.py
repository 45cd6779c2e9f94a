"""Tasks of the edit replay: all hunks of one file of a real commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.files import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from context.text import Text
    from lsp_server.bench.tasks.files import TaskRow

GUIDE: Final = "docs/lab/next-edits.md"


@dataclass(frozen=True, slots=True)
class LineHunk:
    """Lines that became others.

    Attributes:
        line: 0-based first line, in the text that the hunk applies to.
        old: lines that go, without endings.
        new: lines that come.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    def applied(self, text: Text) -> Text:
        """The text after the hunk.

        Raises:
            ValueError: the text does not have the old lines there.
        """
        end = self.line + len(self.old)
        there = tuple(line.rstrip("\r\n") for line in text.lines(self.line, end))
        if there != tuple(line.rstrip("\r\n") for line in self.old):
            raise ValueError(f"line {self.line} and on is not what the hunk replaces")
        new = "".join(line.rstrip("\r\n") + "\n" for line in self.new)
        return text.replace((self.line, 0), (end, 0), new)

    @property
    def last(self) -> int:
        """Where the cursor is after the hunk was typed: its last new line."""
        return self.line + max(0, len(self.new) - 1)

    def moved(self, by: int) -> LineHunk:
        """The hunk so many lines further down."""
        return LineHunk(self.line + by, self.old, self.new)


@dataclass(frozen=True, slots=True)
class CommitTask:
    """One file of one commit.

    Attributes:
        id: unique in its file.
        language: LSP language identifier.
        repo: `owner/name`.
        file: path inside the repository.
        before: the file before the commit.
        hunks: from top to bottom, with lines of `before`.
    """

    id: str
    language: str
    repo: str
    file: str
    before: str
    hunks: tuple[LineHunk, ...]


def read_commits(path: Path, *, quick: bool = False) -> list[CommitTask]:
    """The tasks of a JSON Lines file, or only those marked quick.

    A row has `id`, `lang`, `repo`, `file`, `before` and `hunks`, each `line`, `old`, `new`.

    Raises:
        TaskFileError: no such file, no task in it, or a row that is not a task; names the line.
    """
    rows = read_rows(path, GUIDE)
    tasks = [_task(row) for row in rows if not quick or row.fields.get("quick")]
    if not tasks:
        message = f"none of the {len(rows)} tasks in {path} is marked quick; run without --quick"
        raise TaskFileError(message)
    return tasks


def _task(row: TaskRow) -> CommitTask:
    hunks = tuple(_hunk(row, hunk) for hunk in row.value("hunks", list))
    return CommitTask(
        id=row.value("id", str),
        language=row.value("lang", str),
        repo=row.value("repo", str),
        file=row.inside(row.value("file", str)),
        before=row.value("before", str),
        hunks=hunks,
    )


def _hunk(row: TaskRow, fields: Any) -> LineHunk:
    try:
        old, new = ([str(line) for line in fields[side]] for side in ("old", "new"))
        return LineHunk(int(fields["line"]), tuple(old), tuple(new))
    except (KeyError, TypeError, ValueError) as error:
        raise row.wrong(f"a hunk is not {{line, old, new}}: {error}") from error
