"""Where two versions of a text differ, in lines."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.text import Text

_ONE_PIECE: Final = 8
"""A difference of so few lines is one region; a longer one is looked at line by line."""
_MOST_COMPARED: Final = 1_500
"""A longer difference is a whole-file change, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that became other lines.

    Attributes:
        line: 0-based first line, the same in both texts where regions above are already applied.
        old: lines that were there, without endings.
        new: lines that are there now, without endings.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    def around(self, after: Text) -> tuple[str, str]:
        """The lines above and below in the text of now, "" at an edge."""
        end = self.line + len(self.new)
        above = bare(after.line(self.line - 1)) if self.line else ""
        return above, bare(after.line(end)) if end < len(after) else ""


def bare(line: str) -> str:
    """A line without its ending."""
    return line.rstrip("\r\n")


def regions(before: Text, after: Text) -> list[Region] | None:
    """What changed, from top to bottom; None when too much did to be compared."""
    place = before.first_difference(after)
    if place is None:
        return []
    first = place[0]
    shared = _shared_tail(before, after, min(len(before), len(after)) - first)
    if max(len(before), len(after)) - shared - first > _MOST_COMPARED:
        return None
    old = tuple(bare(line) for line in before.lines(first, len(before) - shared))
    new = tuple(bare(line) for line in after.lines(first, len(after) - shared))
    if max(len(old), len(new)) <= _ONE_PIECE or not old or not new:
        found = trimmed(Region(first, old, new))
        return [found] if found.old or found.new else []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        Region(first + k, old[i:j], new[k:m])
        for tag, i, j, k, m in matcher.get_opcodes()
        if tag != "equal"
    ]


def trimmed(region: Region) -> Region:
    """A region without the lines that are the same at its ends; both sides empty for no change."""
    old, new, line = region.old, region.new, region.line
    while old and new and old[0] == new[0]:
        old, new, line = old[1:], new[1:], line + 1
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return Region(line, old, new)


def _shared_tail(before: Text, after: Text, most: int) -> int:
    """How many lines are the same at the end of both; runs they share cost nothing."""
    shared = 0
    for one, other in zip(reversed(before.chunks), reversed(after.chunks), strict=False):
        if one is not other:
            break
        shared += len(one)
    for mine, theirs in zip(_upwards(before, shared), _upwards(after, shared), strict=False):
        if mine != theirs or shared >= most:
            break
        shared += 1
    return min(shared, most)


def _upwards(text: Text, below: int) -> Iterator[str]:
    """The lines above the last `below`, the lowest first."""
    for chunk in reversed(text.chunks):
        if below >= len(chunk):
            below -= len(chunk)
            continue
        yield from reversed(chunk[: len(chunk) - below])
        below = 0
