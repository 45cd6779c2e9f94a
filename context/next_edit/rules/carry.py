r"""One change carried to another text, by anti-unification.

The changed text and the target are aligned. What both share is the pattern, what differs are its
holes. An operation is carried when everything it replaces belongs to the pattern; what it adds is
taken over, with the words of a hole put in the target's way.

>>> carry("f(a, x)", "f(a, x, ctx)", "f(b, y)").text
'f(b, y, ctx)'
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from context.next_edit.tokens import Tokens, is_word, operations, split

if TYPE_CHECKING:
    from context.next_edit.tokens import Operation

CONTEXT: Final = 4
"""Most tokens beside an operation that count as its neighbourhood."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A change in its new place.

    Attributes:
        text: the target after the change.
        alike: share of the solid tokens of both texts that are the same, 0 to 1.
        beside: the fewest neighbours, left and right together, that an operation has in common
            with its new place; the end of a line counts as all neighbours of its side.
        holes: words that were put in the target's way.
    """

    text: str
    alike: float
    beside: int
    holes: int


@lru_cache(maxsize=8192)
def carry(old: str, new: str, target: str) -> Carried | None:
    """`target` changed as `old` was changed to `new`; None when that cannot be said."""
    before, after, place = split(old), split(new), split(target)
    changes = operations(before, after)
    if not changes or old == target:
        return Carried(new, 1.0, 2 * CONTEXT, 0) if changes else None
    aligned = _align(before, place)
    holes = _holes(before, place, aligned)
    pieces: list[str] = []
    done = filled = 0
    beside = 2 * CONTEXT
    for change in changes:
        span = _span(change, aligned, len(before), len(place))
        if span is None or span[0] < done:
            return None
        fresh = _filled(change.new, change.old, holes)
        if fresh is None or _is_there(place, span[0], change, fresh):
            return None
        pieces += [*place[done : span[0]], *fresh]
        filled += sum(one != other for one, other in zip(fresh, change.new, strict=True))
        done = span[1]
        left = _run(before, aligned, change.start - 1, -1)
        right = _run(before, aligned, change.end, 1)
        beside = min(beside, left + right)
    pieces += place[done:]
    solid = [index for index, token in enumerate(before) if not token.isspace()]
    shared = sum(aligned[index] is not None for index in solid)
    size = len(solid) + sum(not token.isspace() for token in place)
    return Carried("".join(pieces), 2 * shared / size, beside, filled)


def _align(before: Tokens, place: Tokens) -> list[int | None]:
    """For every token of one text its counterpart in the other."""
    aligned: list[int | None] = [None] * len(before)
    for block in SequenceMatcher(None, before, place, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            aligned[block.a + offset] = block.b + offset
    return aligned


def _holes(before: Tokens, place: Tokens, aligned: list[int | None]) -> dict[str, str | None]:
    """The words of the first text that are others in the second; None where none stands for it."""
    found: dict[str, str | None] = {}
    start = theirs = 0
    for index in range(len(before) + 1):
        match = aligned[index] if index < len(before) else len(place)
        if match is None:
            continue
        hole, filling = before[start:index], place[theirs:match]
        same = len(hole) == len(filling)
        for offset, token in enumerate(hole):
            if is_word(token):
                value = filling[offset] if same and is_word(filling[offset]) else None
                found[token] = value if found.get(token, value) == value else None
        start, theirs = index + 1, match + 1
    return found


def _span(
    change: Operation, aligned: list[int | None], length: int, width: int
) -> tuple[int, int] | None:
    """Where the operation's old tokens stand in the target, as one run."""
    if change.start < change.end:
        found = aligned[change.start : change.end]
        first, last = found[0], found[-1]
        if first is None or last is None or None in found or last - first != len(found) - 1:
            return None
        return first, last + 1
    left = aligned[change.start - 1] if change.start else -1
    right = aligned[change.end] if change.end < length else width
    if left is not None and right is not None and left + 1 != right:
        return None  # something stands between: on which side of it?
    if left is not None:
        return left + 1, left + 1
    return None if right is None else (right, right)


def _filled(new: Tokens, old: Tokens, holes: dict[str, str | None]) -> list[str] | None:
    """New tokens with the words of holes replaced; None when one has no counterpart."""
    filled: list[str] = []
    for token in new:
        value = token if token in old else holes.get(token, token)
        if value is None:
            return None
        filled.append(value)
    return filled


def _is_there(place: Tokens, at: int, change: Operation, fresh: list[str]) -> bool:
    """Whether what would be inserted stands there already."""
    size = len(fresh)
    if change.old or not any(map(is_word, fresh)):
        return False
    return [*place[max(0, at - size) : at]] == fresh or [*place[at : at + size]] == fresh


def _run(before: Tokens, aligned: list[int | None], index: int, step: int) -> int:
    """How many solid neighbours in one direction are the same in both texts."""
    count = 0
    while count < CONTEXT:
        if not 0 <= index < len(before):
            return CONTEXT
        if not before[index].isspace():
            if aligned[index] is None:
                return count
            count += 1
        index += step
    return count
