"""Kept rate: the share of an accepted text that is still in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from context.text import Text

_MOST_CHARS: Final = 500
_NEAR_LINES: Final = 150


def survival(accepted: str, text: Text, line: int) -> float:
    """The share of `accepted` that is still near a line, from 0 to 1.

    Args:
        accepted: what was accepted, with LF endings; its beginning counts.
        text: the document now.
        line: where it was accepted.
    """
    wanted = accepted.strip()[:_MOST_CHARS]
    lines = text.lines(max(0, line - _NEAR_LINES), min(len(text), line + _NEAR_LINES))
    now = "".join(lines).replace("\r\n", "\n")
    if not wanted or wanted in now:
        return 1.0
    return max(0.0, 1 - distance(wanted, now) / len(wanted))


def distance(pattern: str, text: str) -> int:
    """Fewest single-character edits that turn `pattern` into some part of `text`.

    Source: Myers, "A fast bit-vector algorithm for approximate string matching", 1999. One step a
    character of `text`, on integers of as many bits as the pattern has characters.
    """
    size = len(pattern)
    if not size:
        return 0
    whole, top = (1 << size) - 1, 1 << (size - 1)
    places: dict[str, int] = {}
    for place, char in enumerate(pattern):
        places[char] = places.get(char, 0) | 1 << place
    up, down, score = whole, 0, size
    best = size
    for char in text:
        same = places.get(char, 0)
        level = (((same & up) + up) ^ up) | same | down
        more = down | ~(level | up) & whole
        less = up & level
        score += bool(more & top) - bool(less & top)
        more, less = more << 1 & whole, less << 1 & whole
        up = less | ~(level | more) & whole
        down = more & level
        best = min(best, score)
    return best
