"""From decoded text to the text to show, and when to stop decoding. Pure functions."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from context.prompt.anchor import CLOSERS
from context.secrets.mask import mask
from lsp_server.completion.presentation.cleanup import (
    held_back,
    to_word_border,
    without_doubled_blanks,
    without_loop,
    without_overlap,
)
from lsp_server.completion.presentation.confidence import cut
from lsp_server.completion.presentation.constraints import TextConstraints, indent_of, like_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsp_server.completion.inflight import Decoded
    from lsp_server.settings.model import SuggestionSettings

_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""What no source text has: a terminal would obey it, or an editor refuse it."""


def enough(
    text: str,
    log_probs: Sequence[tuple[int, float]],
    shape: TextConstraints,
    settings: SuggestionSettings,
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
    kept, more = _extent(text, shape, settings.max_lines)
    return not more or without_loop(kept) != kept


def present(decoded: Decoded, shape: TextConstraints, settings: SuggestionSettings) -> str:
    """The text to show, "" for nothing.

    While decoding goes on, the text ends at a border that later tokens cannot move, so that a
    longer answer always extends a shorter one.
    """
    text = _ODD.split(decoded.text, maxsplit=1)[0]
    if not (decoded.ended and decoded.complete):
        text = _whole_lines(held_back(to_word_border(text), shape))
    text, _ = _extent(text, shape, settings.max_lines)
    text = cut(text, decoded.marks, settings.eagerness)
    text = without_overlap(without_loop(text), shape.rest)
    text = like_document(without_doubled_blanks(text, shape), shape).rstrip()
    return "" if _worthless(text, shape) else text


def _extent(text: str, shape: TextConstraints, max_lines: int) -> tuple[str, bool]:
    """The lines of `text` that may be shown, and whether more of them may come."""
    lines = text.split("\n")
    if shape.single_line:
        return lines[0], len(lines) == 1
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return "", True
    return _block(lines, first, shape, max_lines)


def _block(
    lines: list[str], first: int, shape: TextConstraints, max_lines: int
) -> tuple[str, bool]:
    """Lines from the first with text on that belong to the block at the cursor."""
    kept, texts = lines[: first + 1], 1
    if _repeats(lines[first] if first else shape.before + lines[0], [], shape):
        return "", False
    for number, line in enumerate(lines[first + 1 :], first + 1):
        bare, last = line.strip(), number == len(lines) - 1
        if not bare and last:
            break  # the line has only begun
        if not bare or texts >= max_lines or _repeats(line, kept, shape):
            return "\n".join(kept), False
        if indent_of(line) < shape.floor:
            closes = CLOSERS.issuperset(bare) and not _goes_on(shape)
            return "\n".join([*kept, line] if closes else kept), closes and last
        kept.append(line)
        texts += 1
    # the last line that may be shown is whole when the next one has begun
    return "\n".join(kept), texts < max_lines or bool(lines[-1].strip())


def _goes_on(shape: TextConstraints) -> bool:
    """Whether the block at the cursor has more lines below it already."""
    return bool(shape.following) and indent_of(shape.following[0]) >= shape.floor


def _repeats(line: str, kept: Sequence[str], shape: TextConstraints) -> bool:
    """Whether a line stands below the cursor already, or is said again by fault."""
    bare = line.strip()
    if CLOSERS.issuperset(bare):  # nested blocks end with equal closing lines
        return bool(shape.following) and line.rstrip() == shape.following[0]
    below = [other.strip() for other in shape.following[:1]]
    return bare in below or bare in [other.strip() for other in kept[-2:] if other.strip()]


def _whole_lines(text: str) -> str:
    """A growing `text` without its last line, unless that is the only one with text."""
    head = text.rpartition("\n")[0]
    return head if head.strip() else text


def _worthless(text: str, shape: TextConstraints) -> bool:
    """Nothing, the next line again, only a comment where nobody writes one, or a secret."""
    bare = text.strip()
    if not bare or (bare in {line.strip() for line in shape.following[:1]} and len(bare) > 1):
        return True
    if shape.comment and all(line.strip().startswith(shape.comment) for line in bare.split("\n")):
        return True
    whole, now = shape.before + text + shape.rest, shape.before + shape.rest
    return mask(whole) != whole and mask(now) == now


def _line_start(text: str, end: int) -> int:
    return text.rfind("\n", 0, max(0, end)) + 1
