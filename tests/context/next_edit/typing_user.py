"""A user of the predictor: makes edits in a file, and asks for the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.next_edit.predict import NextEdits, OpenFile, Prediction
from context.next_edit.scorecard import Scorecard, shipped
from context.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

URI = "file:///main"
OPEN = Scorecard(shipped().points, 0.0)
"""Offers everything that no rule forbids, so that tests see what the rules find."""


class TypingUser:
    """One file being edited."""

    def __init__(self, language: str, source: str, scorecard: Scorecard = OPEN) -> None:
        self.language = language
        self.text = Text.of(source)
        self.edits = NextEdits(scorecard)
        self.time_s = 0.0
        self.line = 0

    def changes(self, old: str, new: str, *, after_s: float = 90.0) -> None:
        """Replace the first `old` by `new`."""
        source = str(self.text)
        assert old in source
        before, _, rest = source.partition(old)
        self.line = before.count("\n")
        self.becomes(before + new + rest, after_s=after_s)

    def becomes(self, source: str, *, after_s: float = 90.0) -> None:
        """Put a whole new text in the place of the old one."""
        self.time_s += after_s
        after = Text.of(source)
        self.edits.note(URI, self.language, self.text, after, self.time_s)
        self.text = after

    def asks(
        self,
        *others: OpenFile,
        lookup: Callable[[str], Sequence[str]] | None = None,
    ) -> Prediction | None:
        """The next edit, the cursor being where the last one was."""
        file = OpenFile(URI, self.language, self.text)
        return self.edits.predict(file, self.line, others, lookup)
