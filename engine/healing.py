"""Token healing: completions inside a word, in spite of token borders.

A model has seen `return` as one token and hardly ever as `re` + `turn`, and four spaces before it
as three and ` return`. So a text that ends in the middle of such a token leads it astray. Two
continuations are decoded side by side, in one batch over the same state:

    healed: without the last live token, which must come again as the beginning of the answer
    plain:  with it

As soon as the healed one has brought the dropped text it wins and the plain one ends; as soon as
it brings anything else, the plain one wins. Both are in step, so the race costs one step of a batch
of two.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Token

HEALED, PLAIN = 0, 1
"""Rows of the batch."""


class Race:
    """Which of the two continuations wins, token by token."""

    def __init__(self, forced: str) -> None:
        """Start with nothing decoded; `forced` is the text of the dropped token."""
        self._forced = forced
        self._texts = {HEALED: "", PLAIN: ""}
        self._held: dict[int, list[Token]] = {HEALED: [], PLAIN: []}
        self.winner: int | None = None

    def add(self, row: int, token: Token) -> list[Token]:
        """Take a token of a row; returns the winner's tokens that are free to go on now."""
        if self.winner is not None:
            return [token] if row == self.winner else []
        self._held[row].append(token)
        self._texts[row] += token.text
        if row == PLAIN:
            return []
        text = self._texts[HEALED]
        if text.startswith(self._forced):
            self.winner = HEALED
            return self._cut()
        if not self._forced.startswith(text):
            self.lose(HEALED)
            return self._held[PLAIN]
        return []

    def lose(self, row: int) -> list[Token]:
        """A row ended or went wrong; returns what the other one has held back.

        A plain row that ended decides nothing: the healed one may be in the middle of the forced
        text, and what it has brought of it must not go on.
        """
        if self.winner is None and row == HEALED:
            self.winner = PLAIN
            return self._held[PLAIN]
        return []

    def _cut(self) -> list[Token]:
        """The healed tokens without the forced text, which is in the document already."""
        left = len(self._forced)
        kept = []
        for token in self._held[HEALED]:
            if left < len(token.text):
                kept.append(replace(token, text=token.text[left:]) if left else token)
            left = max(0, left - len(token.text))
        return kept
