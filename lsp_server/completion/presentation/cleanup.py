"""Cleanup of decoded text: repetition, loops, doubled spaces. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.prompt.anchor import CLOSERS

if TYPE_CHECKING:
    from lsp_server.completion.presentation.constraints import TextConstraints

_OPENERS = {")": "(", "]": "[", "}": "{"}
_PERIODS = range(6, 61)
"""Characters of what a model may repeat for ever; shorter pieces repeat by right."""
_AGAIN = 1.8
"""Repetitions after which it is a loop, a little less than two for blanks at its border."""


def without_doubled_blanks(text: str, shape: TextConstraints) -> str:
    """`text` without a blank that stands before the cursor already.

    Models begin a line with its indentation and a word with its blank; editors have typed either.
    """
    if not shape.before or shape.before[-1] not in " \t" or text[:1] not in (" ", "\t"):
        return text
    if shape.before.strip():
        return text.lstrip(" \t")
    return text.lstrip(" \t") if shape.settled else text


def without_loop(text: str) -> str:
    """`text` without the repetitions at its end, when something was said three times in a row."""
    for period in _PERIODS:
        again = _again(text, period)
        if again >= _AGAIN * period:
            return text[: len(text) - again]
    return text


def _again(text: str, period: int) -> int:
    """How many characters at the end, from a letter on, were said `period` characters before."""
    count, most = 0, len(text) - period
    while count < most and text[-1 - count] == text[-1 - count - period]:
        count += 1
    while count and not text[-count].isalpha():
        count -= 1
    return count


def without_overlap(text: str, rest: str) -> str:
    """`text` without what stands behind the cursor already."""
    if not rest or not text:
        return text
    if not CLOSERS.issuperset(rest):
        whole = rest.strip()
        return text[: -len(whole)] if whole and text.endswith(whole) else text
    for count in range(min(len(rest), len(text)), 0, -1):
        if text.endswith(rest[:count]) and not _opens_more(text[:-count], text):
            return text[:-count]
    return text


def held_back(text: str, shape: TextConstraints) -> str:
    """A growing `text` without an end that more tokens could turn into a repetition."""
    end = len(text) - max(_again(text, period) for period in _PERIODS)
    inside = in_word(text[end - 1 : end]) and in_word(text[end : end + 1])
    text = to_word_border(text[:end]) if inside else text[:end]
    head, line_break, last = text.rpartition("\n")
    begun = (last.strip(), (last if line_break else shape.before + last).strip())
    above = [line.strip() for line in (*head.split("\n")[-2:], *shape.following[:1])]
    if begun[0] and any(line.startswith(begun) for line in above):
        return head + line_break
    rest = shape.rest.strip()
    if CLOSERS.issuperset(rest):
        return text.rstrip(rest) if rest else text
    if line_break:
        return text
    longest = min(len(rest), len(text))
    same = next((count for count in range(longest, 0, -1) if text.endswith(rest[:count])), 0)
    return text[: len(text) - same]


def to_word_border(text: str) -> str:
    """`text` without a last word that the next token could make longer."""
    end = len(text)
    while end and in_word(text[end - 1]):
        end -= 1
    return text[:end].rstrip(" \t")


def in_word(char: str) -> bool:
    """Whether a character is part of a word; "" is not."""
    return char.isalnum() or char == "_"


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
