"""A change as pairs of an old and a new piece, each of which can be carried on by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from context.next_edit.tokens import Operation, is_word, operations, split, words

if TYPE_CHECKING:
    from context.next_edit.log import LoggedChange

MOST_LINES: Final = 12
"""Lines of each side of a change that is carried on."""
_MOST_KEYS: Final = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """An old and a new piece, without their common indentation.

    Attributes:
        old: one or more lines.
        new: what they became.
        changes: what makes `new` of `old`; never empty.
        keys: words of which a place has one where this may be due.
        row: the line of `old` with those words.
        at: the line of the change where `new` begins.
        part: whether the change did more than this piece.
    """

    old: str
    new: str
    changes: tuple[Operation, ...]
    keys: tuple[str, ...]
    row: int
    at: int
    part: bool

    @property
    def height(self) -> int:
        """Lines of `old`."""
        return self.old.count("\n") + 1

    @property
    def what(self) -> tuple[tuple[str, str], ...]:
        """What is replaced by what."""
        return tuple(change.signature for change in self.changes)


@lru_cache(maxsize=256)
def pairs_of(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[Pair, ...]:
    """The whole change, and its lines one by one where each became one."""
    if not old or not new or max(len(old), len(new)) > MOST_LINES:
        return ()
    found = [_pair(old, new, 0, part=False)]
    if len(old) == len(new) > 1:
        found += [
            _pair((one,), (other,), at, part=True)
            for at, (one, other) in enumerate(zip(old, new, strict=True))
            if one != other
        ]
    return tuple(pair for pair in found if pair is not None)


def dedented(lines: tuple[str, ...]) -> tuple[str, str]:
    """Lines without their common indentation, and that indentation."""
    solid = [line for line in lines if line.strip()]
    margin = min((line[: len(line) - len(line.lstrip())] for line in solid), key=len, default="")
    if not all(line.startswith(margin) for line in solid):
        margin = ""
    return "\n".join(line[len(margin) :] if line.strip() else "" for line in lines), margin


def indented(text: str, margin: str) -> tuple[str, ...]:
    """Lines with an indentation; empty ones stay empty."""
    return tuple(margin + line if line else line for line in text.split("\n"))


@lru_cache(maxsize=256)
def whats_of(change: LoggedChange) -> frozenset[tuple[tuple[str, str], ...]]:
    """Everything that a change replaced by something, in all its parts."""
    found: set[tuple[tuple[str, str], ...]] = set()
    for pair in pairs_of(change.old, change.new):
        found.add(pair.what)
        found.update((one.signature,) for one in pair.changes)
    return frozenset(found)


def _pair(old: tuple[str, ...], new: tuple[str, ...], at: int, *, part: bool) -> Pair | None:
    before, margin = dedented(old)
    after, other = dedented(new)
    if margin != other:
        return None
    tokens = split(before)
    changes = operations(tokens, split(after))
    if not any(not t.isspace() for change in changes for t in (*change.old, *change.new)):
        return None  # layout is a formatter's business
    replaced = [token for change in changes for token in change.old if is_word(token)]
    rows = [words(line) for line in before.split("\n")]
    if replaced:
        key = max(replaced, key=len)
        row = next((number for number, found in enumerate(rows) if key in found), 0)
        return Pair(before, after, changes, (key,), row, at, part)
    # what is only added to may be due wherever one word of the line stands
    row = max(range(len(rows)), key=lambda number: (len(rows[number]), -number))
    keys = sorted(set(rows[row]), key=lambda word: (-len(word), word))[:_MOST_KEYS]
    return Pair(before, after, changes, tuple(keys), row, at, part) if keys else None
