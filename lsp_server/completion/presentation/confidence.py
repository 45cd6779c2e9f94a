"""How likely a text is right, from its token probabilities, and where to cut it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from lsp_server.completion.presentation.words import in_word, to_word_border

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERCONFIDENCE: Final = 1.35
"""A text that the model gives the probability p is right in about p ** 1.35 of all cases.

Measured with `midfill bench confidence`, see docs/lab/suggestions.md. Int8 and instruction tuning
both make small models slightly overconfident.
"""
_NEVER = -1e9
_CLOSERS_AND_END = re.compile(r"[)\]}>\"'`;,:]+[ \t]*\n")
"""A token of two parts, each of which had its own alternatives."""


def likely_right(log_prob: float) -> float:
    """The share of texts of this log-probability that turn out right, 0 to 1."""
    return math.exp(OVERCONFIDENCE * log_prob)


def least_log_prob(eagerness: float) -> float:
    """The log-probability from which a text is shown: right in `1 - eagerness` of such cases."""
    return math.log(1 - eagerness) / OVERCONFIDENCE if eagerness < 1 else _NEVER


def cut(text: str, decoded: str, marks: Sequence[tuple[int, float]], eagerness: float) -> str:
    """Cut each line where it gets too improbable; what follows a cut is dropped.

    Where closers and a line's end are one token, half of its uncertainty is that of the end, which
    is not shown: `']`, `']` and a line end, and `']` and two of them share the probability of `']`.

    Args:
        text: what could be shown: a beginning of `decoded`.
        decoded: the whole text.
        marks: (end of token in `decoded`, natural log of its probability), in order.
        eagerness: 0 shows what is certain, 1 everything.
    """
    limit = least_log_prob(eagerness)
    line_start, begin, spent = 0, 0, 0.0
    for end, log_prob in marks:
        token = decoded[begin:end]
        if token.startswith("\n"):
            # a line stands when it was shown, whatever its end was worth
            if log_prob < limit:
                return text[:begin]
        else:
            spent += log_prob / 2 if _CLOSERS_AND_END.match(token) else log_prob
        if spent < limit:
            if text[:line_start].strip():  # a further line is shown whole or not at all
                return text[:line_start].rstrip()
            place = max(begin, line_start)
            inside = in_word(text[place - 1 : place]) and in_word(text[place : place + 1])
            return to_word_border(text[:place]) if inside else text[:place]
        if end >= len(text):
            break
        if "\n" in token:
            line_start, spent = end, 0.0
        begin = max(0, end)
    return text
