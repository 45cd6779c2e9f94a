"""Cut the current file: as many whole lines around the cursor as the budget allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from context.prompt.anchor import after_closers, text_after
from context.words import indent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.prompt.tokenizer import Tokenizer
    from context.snapshot import Snapshot
    from context.text import Place

CHARS_PER_TOKEN: Final = 8
"""More than code ever has on average: bounds how much text is tokenized to fill a budget."""

_BORDER_SHARE = 8
"""At most one in so many tokens is given up for a cut between two pieces of code."""

_CLOSERS = (")", "]", "}", "</", "end", "else", "elif", "except", "finally", "catch", "case")


class Cutter:
    """Cuts text to token budgets, for one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        """Prepare.

        Args:
            tokenizer: the model's tokenizer.
            max_tokens: more than this is never asked for.
        """
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    def count(self, line: str) -> int:
        """Tokens of a line; for a very long line, more than any budget."""
        return len(self._tokenizer.encode(line[: self._max_tokens * CHARS_PER_TOKEN]))

    def before(self, snapshot: Snapshot, anchor: Place, room: int) -> list[tuple[str, int]]:
        """Lines before the anchor, nearest first, with their counts, at most `room` tokens."""
        line, column = anchor
        found: list[tuple[str, int]] = []
        left = room
        if column:
            head = self._end_of(snapshot.text.line(line)[:column], room // 2)
            found.append((head, self.count(head)))
            left -= found[0][1]
        for index in range(line - 1, -1, -1):
            text = snapshot.text.line(index)
            if len(text) > left * CHARS_PER_TOKEN:
                break
            count = self.count(text)
            if count > left:
                break
            found.append((text, count))
            left -= count
        return found

    def after(self, snapshot: Snapshot, room: int) -> tuple[list[tuple[str, int]], bool]:
        """Lines after the cursor with their counts, and whether they reach the end of the text.

        One line that is too long by itself is cut inside it.
        """
        start = after_closers(snapshot)
        text, whole = text_after(snapshot.text, start, room * CHARS_PER_TOKEN)
        taken: list[tuple[str, int]] = []
        used = 0
        for line in text.splitlines(keepends=True):
            count = self.count(line)
            if used + count > room:
                if not taken:
                    piece = self._tokenizer.decode(self._tokenizer.encode(line)[:room])
                    taken.append((piece.rstrip("\ufffd"), room))
                return taken, False
            taken.append((line, count))
            used += count
        return taken, whole

    def _end_of(self, text: str, room: int) -> str:
        """The end of a long text that takes at most `room` tokens."""
        text = text[-room * CHARS_PER_TOKEN :] if room > 0 else ""
        while (count := self.count(text)) > room:
            text = text[max(1, len(text) * (count - room) // count) :]
        return text


def take(lines: Sequence[tuple[str, int]], room: int) -> list[tuple[str, int]]:
    """As many of the first lines as fit."""
    taken: list[tuple[str, int]] = []
    for text, count in lines:
        if count > room:
            break
        room -= count
        taken.append((text, count))
    return taken


def from_border(lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Lines before an anchor, nearest first, without an incomplete block at the far end.

    The far end moves to the line that begins the outermost piece of code among the last ones, as
    their indentation tells; a syntax tree of the whole file would say the same for more time.
    """
    far = _allowance(lines)
    borders = [
        (indent_of(text), -index)
        for index, (text, _) in enumerate(lines)
        if index >= far and text.strip() and not text.strip().startswith(_CLOSERS)
    ]
    return lines[: 1 - min(borders)[1]] if borders else lines


def to_border(lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Lines after a cursor without an incomplete block at the end."""
    far = _allowance(lines)
    borders = [
        (indent_of(text), -index)
        for index, (text, _) in enumerate(lines)
        if index > far and text.strip() and not text.strip().startswith(_CLOSERS)
    ]
    return lines[: -min(borders)[1]] if borders else lines


def _allowance(lines: list[tuple[str, int]]) -> int:
    """Index of the first line that may be given up."""
    left = sum(count for _, count in lines) // _BORDER_SHARE
    for index in range(len(lines) - 1, -1, -1):
        left -= lines[index][1]
        if left < 0:
            return index + 1
    return 0
