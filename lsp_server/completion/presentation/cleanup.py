"""Cleanup of decoded text: loops, doubled spaces, and ends that may change. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server.completion.presentation.words import in_word, to_word_border

if TYPE_CHECKING:
    from lsp_server.completion.presentation.constraints import TextConstraints

_PERIODS = range(6, 61)
"""Characters of what a model may repeat for ever; shorter pieces repeat by right."""
_AGAIN = 1.8
"""Repetitions after which it is a loop, a little less than two for blanks at its border."""

_HALF_MARKS = "\"'`/$#*<!-\\"
"""What the next token could turn into a mark of comments or of longer strings."""


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


def held_back(text: str, shape: TextConstraints) -> str:
    """A growing `text` without an end that more tokens could turn into a repetition."""
    end = len(text) - max(_again(text, period) for period in _PERIODS)
    inside = in_word(text[end - 1 : end]) and in_word(text[end : end + 1])
    text = to_word_border(text[:end]) if inside else text[:end]
    head, line_break, last = text.rpartition("\n")
    begun = (last.strip(), (last if line_break else shape.before + last).strip())
    above = [line.strip() for line in (*head.split("\n")[-2:], *shape.following)]
    if begun[0] and any(line.startswith(begun) for line in above):
        return head + line_break
    rest = shape.rest.strip()
    if not rest:
        return text
    text = text.rstrip(_HALF_MARKS)
    if shape.behind.only_closes:
        return text.rstrip(rest)
    if line_break:
        return text
    longest = min(len(rest), len(text))
    same = next((count for count in range(longest, 0, -1) if text.endswith(rest[:count])), 0)
    return text[: len(text) - same]
