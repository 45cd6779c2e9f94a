"""Task files: JSON Lines, one task a line. Errors name the file and the line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lsp_server.bench.errors import TaskFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One line of a task file.

    Attributes:
        where: `FILE line N`, for messages.
        guide: the page that says what a row has, for messages.
        fields: the object.
    """

    where: str
    guide: str
    fields: Mapping[str, Any]

    def wrong(self, reason: str) -> TaskFileError:
        """The error to raise for this row."""
        return TaskFileError(f"{self.where}: {reason}; {self.guide} says what a row has")

    def value(self, name: str, kind: type) -> Any:
        """A field that every row has.

        Raises:
            TaskFileError: it is missing, or of another kind.
        """
        found = self.fields.get(name)
        if isinstance(found, kind) and not isinstance(found, bool):
            return found
        what = f"is {type(found).__name__}" if name in self.fields else "is missing"
        raise self.wrong(f"field {name!r} {what}, expected {kind.__name__}")

    def inside(self, file: str) -> str:
        """A path, as it is.

        Raises:
            TaskFileError: it leads out of the workspace or names nothing.
        """
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise self.wrong(f"file {file!r} must be a path inside the workspace")
        return file


def read_rows(path: Path, guide: str) -> list[TaskRow]:
    """The rows of a task file, each with an `id` of its own; empty lines are passed over.

    Args:
        path: the file.
        guide: the page that says what a row has.

    Raises:
        TaskFileError: no such file, no task in it, or a row that is no object with a new id.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read tasks from {path}: {error}; {guide} says what a task file is"
        raise TaskFileError(message) from error
    rows: dict[str, TaskRow] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _row(f"{path} line {number}", guide, line)
        name = row.value("id", str)
        if name in rows:
            raise row.wrong(f"the id {name!r} is also that of {rows[name].where}")
        rows[name] = row
    if not rows:
        message = f"{path} holds no tasks; one JSON object a line is expected, see {guide}"
        raise TaskFileError(message)
    return list(rows.values())


def _row(where: str, guide: str, line: str) -> TaskRow:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        message = f"{where} is not JSON: {error}; {guide} says what a row has"
        raise TaskFileError(message) from error
    if not isinstance(fields, dict):
        message = f"{where} is not a JSON object; {guide} says what a row has"
        raise TaskFileError(message)
    return TaskRow(where, guide, fields)
