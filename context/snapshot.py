"""Snapshots: one document at one moment, frozen, so that nothing changes under an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from context.text import Text


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in a text: 0-based line, and column in code points from the start of that line."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document and its cursor, taken before the first await of a request.

    Attributes:
        uri: the document's identity, exactly as the client spells it.
        path: what the model is told: relative to the workspace with forward slashes, or the name.
        language: the LSP language identifier, such as `python` or `typescriptreact`.
        version: the client's version number of the text.
        text: the whole text, immutable and shared with the mirror.
        cursor: where the completion goes; always inside `text`.
        repo: name of the workspace folder that holds the file, "" when there is none.
        first_line: line of `text` with which the document begins, where `text` is a whole notebook
            and the document one of its cells.
        level: one level of indentation as the client says it, "" where it says nothing.
    """

    uri: str
    path: str
    language: str
    version: int
    text: Text
    cursor: Cursor
    repo: str = ""
    first_line: int = 0
    level: str = ""

    def at(self, cursor: Cursor) -> Snapshot:
        """The same document with the cursor elsewhere."""
        return replace(self, cursor=cursor)

    def with_inserted(self, text: str, replaced: int = 0) -> Snapshot:
        """The document as it would be with `text` inserted, the cursor behind it.

        Args:
            text: with LF endings.
            replaced: characters behind the cursor whose place it takes.
        """
        place = (self.cursor.line, self.cursor.column)
        end = (self.cursor.line, self.cursor.column + replaced)
        *above, last = text.split("\n")
        column = len(last) + (0 if above else self.cursor.column)
        cursor = Cursor(self.cursor.line + len(above), column)
        return replace(self, text=self.text.replace(place, end, text), cursor=cursor)

    @property
    def line_before(self) -> str:
        """The cursor's line, up to the cursor."""
        return self.text.line(self.cursor.line)[: self.cursor.column]

    @property
    def line_after(self) -> str:
        """The cursor's line, from the cursor, without its line ending."""
        return self.text.line(self.cursor.line)[self.cursor.column :].rstrip("\r\n")
