"""From decoded text to the text to show, and when to stop decoding. Pure functions."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from context.secrets.mask import mask
from lsp_server.completion.presentation.cleanup import (
    held_back,
    without_doubled_blanks,
    without_loop,
)
from lsp_server.completion.presentation.confidence import cut
from lsp_server.completion.presentation.constraints import TextConstraints, indent_of, opens_block
from lsp_server.completion.presentation.indentation import like_document
from lsp_server.completion.presentation.repetition import closes, repeats
from lsp_server.completion.presentation.words import to_word_border

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsp_server.completion.inflight import Decoded
    from lsp_server.settings.model import SuggestionSettings

_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""What no source text has: a terminal would obey it, or an editor refuse it."""
_STARS = re.compile(r"(?<![^\s=(,\[{])[^\s=(,\[{]*(?<![/*])\*{4,}(?![*/])")
"""A covered secret that a model made up or said again, with the value it belongs to."""


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
    if shape.behind.inside_word or (shape.behind.at_text and "\n" in text):
        return True
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
    text, growing = (
        _ODD.split(decoded.text, maxsplit=1)[0],
        not (decoded.ended and decoded.complete),
    )
    if shape.behind.inside_word or not _stays(text, shape, growing=growing):
        return ""
    text = _STARS.split(text, maxsplit=1)[0]
    if growing:
        text = _whole_lines(held_back(to_word_border(text), shape))
    text, _ = _extent(text, shape, settings.max_lines)
    text = shape.behind.fitted(text)  # before the cut: what stands there costs no certainty
    text = cut(text, decoded.text, decoded.marks, settings.eagerness)
    text = shape.behind.fitted(without_loop(text))
    text = without_doubled_blanks(text, shape)
    text = like_document(text, shape.own, shape.before, shape.depth)
    text = text.rstrip("\n") if shape.behind.at_text else text.rstrip()
    return "" if _worthless(text, shape, growing=growing) else text


def _stays(text: str, shape: TextConstraints, *, growing: bool) -> bool:
    """Whether a text belongs before the text behind the cursor, on its line.

    A model that goes on in the next line meant to push that text down.
    """
    if not shape.behind.at_text:
        return True
    first, line_break, _ = text.partition("\n")
    if line_break:
        return shape.behind.tail.strip() in first
    return not growing


def _extent(text: str, shape: TextConstraints, max_lines: int) -> tuple[str, bool]:
    """The lines of `text` that may be shown, and whether more of them may come."""
    lines = text.split("\n")
    if shape.single_line:
        return lines[0], len(lines) == 1
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return "", True
    whole = shape.rest and len(lines) > 1 and lines[0] and shape.behind.fit(lines[0]).whole
    if whole and not opens_block(
        shape.behind.before + lines[0], shape.behind.lexis, shape.own.held
    ):
        return lines[0], False
    return _block(lines, first, shape, max_lines)


def _block(
    lines: list[str], first: int, shape: TextConstraints, max_lines: int
) -> tuple[str, bool]:
    """Lines from the first with text on that belong to the block at the cursor."""
    kept, texts = lines[: first + 1], 1
    if repeats(lines[first] if first else shape.before + lines[0], [], shape):
        return "", False
    for number, line in enumerate(lines[first + 1 :], first + 1):
        bare, last = line.strip(), number == len(lines) - 1
        if not bare and last:
            break  # the line has only begun
        if not bare or texts >= max_lines or repeats(line, kept, shape):
            return "\n".join(kept), False
        if indent_of(line) < shape.floor:
            ends = closes(line) and not _goes_on(shape)
            return "\n".join([*kept, line] if ends else kept), ends and last
        kept.append(line)
        texts += 1
    # the last line that may be shown is whole when the next one has begun
    return "\n".join(kept), texts < max_lines or bool(lines[-1].strip())


def _goes_on(shape: TextConstraints) -> bool:
    """Whether the block at the cursor has more lines below it already."""
    return bool(shape.following) and indent_of(shape.following[0]) >= shape.floor


def _whole_lines(text: str) -> str:
    """A growing `text` without its last line, unless that is the only one with text."""
    head = text.rpartition("\n")[0]
    return head if head.strip() else text


def _worthless(text: str, shape: TextConstraints, *, growing: bool) -> bool:
    """Nothing, what stands there already, only a comment where nobody writes one, or a secret."""
    bare, rest = text.strip(), shape.rest.strip()
    first = bare if text.startswith("\n") else shape.before + text
    if not bare or (len(bare) > 1 and "\n" not in bare and repeats(first, [], shape)):
        return True
    if bare in rest and (growing or rest.startswith(bare) or rest.endswith(bare)):
        return True
    if shape.behind.glues(text) or _only_comments(text, shape):
        return True
    whole, now = shape.before + text + shape.rest, shape.before + shape.rest
    return mask(whole) != whole and mask(now) == now


def _only_comments(text: str, shape: TextConstraints) -> bool:
    """Whether a text consists of comments where nobody writes them."""
    if shape.comments is None:
        return False
    lines = (shape.before + text).split("\n")
    starts = [len(shape.before), *(0 for _ in lines[1:])]
    return all(
        shape.comments.is_comment(line, start + len(line[start:]) - len(line[start:].lstrip()))
        for line, start in zip(lines, starts, strict=True)
        if line[start:].strip()
    )


def _line_start(text: str, end: int) -> int:
    return text.rfind("\n", 0, max(0, end)) + 1
