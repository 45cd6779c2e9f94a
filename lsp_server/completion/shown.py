"""The suggestion on screen in one document, and what is left of it while the user types into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.prompt.anchor import unix

if TYPE_CHECKING:
    from context.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class OnScreen:
    """Whole lines, from the start of the line the suggestion begins on to its end.

    Attributes:
        line: number of that line.
        text: what was typed on it, then the suggestion, with LF endings.
        bold: whether it was shown in the bold mood, in which it stays.
    """

    line: int
    text: str
    bold: bool

    @classmethod
    def of(cls, snapshot: Snapshot, text: str, *, bold: bool) -> OnScreen:
        """A suggestion at a snapshot's cursor."""
        return cls(snapshot.cursor.line, snapshot.line_before + unix(text), bold)

    def left(self, snapshot: Snapshot) -> str:
        """What of it lies beyond the cursor; "" when something else was typed, or all of it."""
        typed = self._typed(snapshot)
        return self.text[len(typed) :] if typed is not None and self.text.startswith(typed) else ""

    def passed(self, snapshot: Snapshot) -> bool:
        """Whether all of it stands before the cursor."""
        typed = self._typed(snapshot)
        return typed is not None and typed.startswith(self.text)

    def _typed(self, snapshot: Snapshot) -> str | None:
        below = snapshot.cursor.line - self.line
        if not 0 <= below <= self.text.count("\n"):
            return None
        head = "".join(snapshot.text.lines(self.line, snapshot.cursor.line))
        return unix(head) + snapshot.line_before
