"""What stands behind the cursor: which of it a text closes itself, and up to where a text fits.

One stack of brackets and quotes runs over the line before the cursor, the text, and what stands
behind. Editors close a bracket as soon as it is opened; a text that closes it too takes the place
of the editor's closer, so that the line comes out whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.syntax.nesting import Lexis, Nesting, Opened
from lsp_server.completion.presentation.words import in_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SEPARATORS: Final = re.compile(r"[;,]?\s*\Z")
"""What may follow closers and is said again by a text that closes them."""
_FIRST_LETTER = re.compile(r"[\w<@#$\"'`/*&.~\\-]")
_TELLING = 3
"""Characters from which on a rest is found anywhere in a text, not only at its end."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How far a text fits.

    Attributes:
        end: characters of the text after which nothing that it opened is open.
        replaced: characters behind the cursor whose place the text takes, up to there.
        whole: whether the text takes the place of everything behind the cursor.
    """

    end: int
    replaced: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Closer:
    """One closer behind the cursor: its end there, and which opener of the line it closes."""

    end: int
    char: str
    opener: int | None


@dataclass(frozen=True, slots=True)
class Behind:
    """The cursor's line, and what stands behind the cursor on it.

    Attributes:
        before: the line up to the cursor.
        rest: text behind the cursor, without blanks at its end.
        tail: what of it does not close what is open.
        lexis: spells the language's strings and comments.
    """

    before: str
    rest: str
    tail: str
    lexis: Lexis
    _opened: tuple[Opened, ...]
    _closers: tuple[_Closer, ...]
    _later: tuple[_Closer, ...]

    @classmethod
    def of(cls, before: str, rest: str, language: str, held: Sequence[Opened] = ()) -> Behind:
        """Read the cursor's line.

        Args:
            before: the line up to the cursor.
            rest: what stands behind it, without blanks at its end.
            language: LSP identifier.
            held: strings and comments that are open where the line begins.
        """
        lexis = Lexis.of(language, angles=">" in rest.partition(" ")[0])
        opened = tuple(Nesting(lexis, held).read(before).opened)
        found = [*_closing(lexis, opened, before + rest, len(before))]
        closers: list[_Closer] = []
        end = 0
        for closer in found:
            if rest[end : closer.end - len(closer.char)].strip():
                break
            closers.append(closer)
            end = closer.end
        later = tuple(found[len(closers) :])
        return cls(before, rest, rest[end:], lexis, opened, tuple(closers), later)

    @property
    def only_closes(self) -> bool:
        """Whether nothing stands behind the cursor but what closes, and the statement's end."""
        return _SEPARATORS.match(self.tail) is not None

    @property
    def inside_word(self) -> bool:
        """Whether the cursor stands in the middle of a word."""
        return in_word(self.before[-1:]) and in_word(self.rest[:1])

    @property
    def at_text(self) -> bool:
        """Whether the cursor stands right before text that a line break would push down."""
        if not self.tail or self.only_closes or self._closers:
            return False
        return not self.before.strip() or _FIRST_LETTER.match(self.tail) is not None

    def fit(self, text: str) -> Fit:
        """How far `text` fits between what stands before and behind the cursor."""
        nesting = Nesting(self.lexis, self._opened)
        floor, taken, end = len(self._opened), 0, len(text)
        line, start = self.before + text, len(self.before)
        for found, stray in nesting.take(line, start):
            size = len(nesting.opened)
            if size >= floor and not stray:
                continue
            closed = range(size, floor)
            now = None if closed and found[0] == "\n" else self._taken(found[0], closed, taken)
            if now is None:
                end = found.start() - start
                break
            floor, taken = min(floor, size), now
        replaced = self._closers[taken - 1].end if taken else 0
        said, mark = taken == len(self._closers), self.tail.strip()
        opened = nesting.opened[floor:]
        if said and taken and not mark:  # the line is the text's own from here on
            half = [one.start - start for one in opened if one.mark in self.lexis.strings]
            return Fit(min(end, *half, len(text)), replaced, whole=True)
        if opened and opened[0].start >= start:
            end = min(end, opened[0].start - start)
        if said and mark and self.only_closes and text[:end].rstrip().endswith(mark):
            return Fit(end, len(self.rest), whole=True)
        return Fit(end, replaced, whole=False)

    def _taken(self, token: str, closed: range, taken: int) -> int | None:
        """How many closers are taken when a token closes openers of the line; None: it may not.

        A token that closes nothing on the line closes something above it.
        """
        if not closed:
            rest = (*self._closers[taken:], *self._later)[:1]
            if not rest:
                return None if taken < len(self._opened) else taken
            above = rest[0].opener is None and rest[0].char == token
            return taken + 1 if above and taken < len(self._closers) else None
        for number, closer in enumerate(self._closers[taken:], taken):
            if closer.opener in closed:
                taken = number + 1
        return None if any(closer.opener in closed for closer in self._later) else taken

    def fitted(self, text: str) -> str:
        """The longest beginning of `text` that leaves the line whole, "" for none.

        Several lines stand only where they take the place of all that is behind the cursor.
        """
        if not self.rest:
            return text
        text = self._without_tail(text)
        fit = self.fit(text)
        kept = text[: fit.end].rstrip("\n")
        if "\n" in kept:
            if fit.whole:
                return kept
            kept = kept.partition("\n")[0]
            fit = self.fit(kept)
        return self._without_own_closers(kept[: fit.end], fit.replaced)

    def _without_own_closers(self, text: str, replaced: int) -> str:
        """`text` without an end that stands behind the cursor already, where that is the same."""
        shorter = text[: len(text) - replaced]
        same = replaced and text.endswith(self.rest[:replaced])
        if same and shorter[-1:] != "\n" and self.fit(shorter) == Fit(len(shorter), 0, whole=False):
            return shorter
        return text

    def _without_tail(self, text: str) -> str:
        """`text` without what stands behind the closers on the line already."""
        whole = self.tail.strip()
        if not whole:
            return text
        if len(whole) >= _TELLING and not self.only_closes:
            place = text.find(whole)
            if place >= 0 and not (in_word(text[place - 1 : place]) and in_word(whole[0])):
                return text[:place]
        elif self.only_closes:
            return text
        for count in range(min(len(self.tail), len(text)), 0, -1):
            same = text.endswith(self.tail[:count])
            if same and not (in_word(text[-count - 1 : -count]) and in_word(text[-count])):
                return text[:-count]
        return text

    def glues(self, text: str) -> bool:
        """Whether `text` and the text behind the cursor would become one word."""
        return in_word(text[-1:]) and in_word(self.tail[:1]) and not self._closers


def _closing(lexis: Lexis, opened: tuple[Opened, ...], line: str, start: int) -> Iterator[_Closer]:
    """What behind the cursor closes something that is open at it."""
    nesting, floor = Nesting(lexis, opened), len(opened)
    for found, stray in nesting.take(line, start):
        size = len(nesting.opened)
        if stray and size == floor:
            yield _Closer(found.end() - start, found[0], None)
        elif size < floor:
            yield _Closer(found.end() - start, found[0], size)
            floor = size
