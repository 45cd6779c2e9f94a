"""From decoded text to what is shown, and when decoding has brought enough. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.anchor import CLOSERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.documents import Snapshot
    from lsp_server.flight import Decoded
    from lsp_server.settings import SuggestionSettings

_OPENERS = {")": "(", "]": "[", "}": "{"}
_FOLLOWING_LINES = 200
"""How far below the cursor the next line with text is looked for."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a suggestion at one cursor may look like.

    Attributes:
        single_line: text stands behind the cursor, so only the rest of this line may be filled.
        indent: indentation of the cursor's line; a block ends where a line has less.
        rest: text behind the cursor on its line, "" or closers when not `single_line`.
        following: the next line with text, stripped; a suggestion never repeats it.
    """

    single_line: bool
    indent: int
    rest: str
    following: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> Shape:
        """Look at the lines around the cursor."""
        rest = snapshot.line_after
        line = snapshot.line_before
        below = range(snapshot.cursor.line + 1, len(snapshot.text))[:_FOLLOWING_LINES]
        lines = (snapshot.text.line(number).strip() for number in below)
        return cls(
            single_line=not CLOSERS.issuperset(rest),
            indent=_indent(line),
            rest=rest.rstrip(),
            following=next((text for text in lines if text), ""),
        )


def enough(
    text: str, log_probs: Sequence[tuple[int, float]], shape: Shape, settings: SuggestionSettings
) -> bool:
    """Whether decoding can end: nothing after this would be shown.

    Args:
        text: decoded so far.
        log_probs: (end of token in `text`, natural log of its probability), in order.
        shape: of the cursor the text is for.
        settings: limits.
    """
    start = _line_start(text, len(text) - 1 if text.endswith("\n") else len(text))
    spent = sum(log_prob for end, log_prob in log_probs if end > start)
    if spent < math.log(max(settings.stop_probability, 1e-9)):
        return True
    if shape.single_line or _closers_only(shape.rest):
        return "\n" in text
    kept = _block(text, shape, settings.max_lines)
    return len(kept) < len(text.rstrip()) or _blank_line_inside(text)


def present(decoded: Decoded, shape: Shape, settings: SuggestionSettings) -> str:
    """The text to show, "" for nothing.

    While decoding goes on, the text ends at a border that later tokens cannot move, so that a
    longer answer always extends a shorter one.
    """
    text = decoded.text
    if not (decoded.ended and decoded.complete):
        text = _whole_lines(_held_back(_to_word_border(text), shape))
    if shape.single_line or _closers_only(shape.rest):
        text = text.split("\n", 1)[0]
    else:
        text = _block(text, shape, settings.max_lines)
    text = _confident(text, decoded.marks, settings.show_probability)
    text = _without_overlap(text, shape.rest).rstrip()
    return "" if _worthless(text, shape) else text


def _block(text: str, shape: Shape, max_lines: int) -> str:
    """The lines that belong to the block at the cursor."""
    kept: list[str] = []
    for number, line in enumerate(text.split("\n")):
        bare = line.strip()
        if number and bare:
            if _indent(line) < shape.indent:
                break
            # nested blocks end with equal closing lines; other lines repeat by fault
            above = (other.strip() for other in kept[-2:] if other)
            if bare == shape.following or (not CLOSERS.issuperset(bare) and bare in above):
                break
        if len([other for other in kept if other.strip()]) >= max_lines:
            break
        if not bare and any(other.strip() for other in kept):
            break
        kept.append(line)
    return "\n".join(kept).rstrip()


def _blank_line_inside(text: str) -> bool:
    return "\n\n" in text.lstrip("\n")


def _confident(text: str, marks: Sequence[tuple[int, float]], least: float) -> str:
    """Cut each line where its probability falls below `least`; what follows a cut is dropped."""
    limit = math.log(max(least, 1e-9))
    line_start, begin, spent = 0, 0, 0.0
    for end, log_prob in marks:
        token = text[begin:end]
        if token.startswith("\n"):
            # a line stands when it was shown, whatever its end was worth
            if log_prob < limit:
                return text[:begin]
            line_start, spent = end, 0.0
        else:
            spent += log_prob
        if spent < limit:
            if text[:line_start].strip():  # a further line is shown whole or not at all
                return text[:line_start].rstrip()
            cut = max(begin, line_start)
            inside = _in_word(text[cut - 1 : cut]) and _in_word(text[cut : cut + 1])
            return _to_word_border(text[:cut]) if inside else text[:cut]
        if end >= len(text):
            break
        if "\n" in token:
            line_start, spent = end, 0.0
        begin = max(0, end)
    return text


def _without_overlap(text: str, rest: str) -> str:
    """Drop what stands behind the cursor already."""
    if not rest or not text:
        return text
    if not CLOSERS.issuperset(rest):
        whole = rest.strip()
        return text[: -len(whole)] if whole and text.endswith(whole) else text
    for count in range(min(len(rest), len(text)), 0, -1):
        if text.endswith(rest[:count]) and not _opens_more(text[:-count], text):
            return text[:-count]
    return text


def _whole_lines(text: str) -> str:
    """A growing `text` without its last line, unless that is the only one with text."""
    head = text.rpartition("\n")[0]
    return head if head.strip() else text


def _held_back(text: str, shape: Shape) -> str:
    """A growing `text` without an end that more tokens could turn into a repetition."""
    head, line_break, last = text.rpartition("\n")
    bare = last.strip()
    above = [line.strip() for line in head.split("\n")[-2:]]
    if bare and any(line.startswith(bare) for line in (shape.following, *above)):
        return head + line_break
    rest = shape.rest.strip()
    if CLOSERS.issuperset(rest) or line_break:
        return text
    longest = min(len(rest), len(text))
    same = next((count for count in range(longest, 0, -1) if text.endswith(rest[:count])), 0)
    return text[: len(text) - same]


def _opens_more(one: str, other: str) -> bool:
    """Whether `one` leaves a bracket or a quote open that `other` does not."""
    pairs = zip(_left_open(one), _left_open(other), strict=True)
    return any(mine > theirs for mine, theirs in pairs)


def _left_open(text: str) -> list[int]:
    """How many of each opening bracket, and then of each quote (0 or 1), `text` leaves open."""
    open_count = dict.fromkeys(_OPENERS.values(), 0)
    for char in text:
        if char in open_count:
            open_count[char] += 1
        elif char in _OPENERS and open_count[_OPENERS[char]]:
            open_count[_OPENERS[char]] -= 1
    return [*open_count.values(), *(text.count(quote) % 2 for quote in "\"'`")]


def _worthless(text: str, shape: Shape) -> bool:
    bare = text.strip()
    return not bare or (bare == shape.following and len(bare) > 1)


def _to_word_border(text: str) -> str:
    """`text` without a last word that the next token could make longer."""
    end = len(text)
    while end and _in_word(text[end - 1]):
        end -= 1
    return text[:end].rstrip(" \t")


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _closers_only(rest: str) -> bool:
    return bool(rest) and CLOSERS.issuperset(rest)


def _line_start(text: str, end: int) -> int:
    return text.rfind("\n", 0, max(0, end)) + 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
