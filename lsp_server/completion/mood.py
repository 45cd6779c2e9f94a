"""Two moods: sure while keys come, bold when the cursor rests where a body is wanted."""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from context.languages import LANGUAGES
from context.syntax.nesting import Lexis
from lsp_server.completion.presentation.constraints import indent_of, opens_block

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from lsp_server.settings.model import SuggestionSettings

REST_MS: Final = 500.0
"""A cursor that has not moved for this long rests: its user thinks, or waits for a body."""
_STOP: Final = 0.001
"""A body is decoded on until a line is less probable than this."""
_BODY_TOKENS: Final = 96
"""Eight lines of code, about."""
_DOC_ENDS = re.compile(r"(\"\"\"|'''|\*/)\s*$")


@lru_cache(maxsize=32)
def bolder(settings: SuggestionSettings) -> SuggestionSettings:
    """The settings of the bold mood.

    >>> from lsp_server.settings.model import SuggestionSettings
    >>> bolder(SuggestionSettings(rest_eagerness=0.8)).eagerness
    0.8
    """
    return dataclasses.replace(
        settings,
        eagerness=settings.rest_eagerness,
        stop_probability=min(_STOP, settings.stop_probability),
        max_tokens=max(_BODY_TOKENS, settings.max_tokens),
    )


def invites_body(snapshot: Snapshot) -> bool:
    """Whether the cursor stands in an empty body, or behind a comment that says what is wanted.

    The cursor's line is blank, the line above it with text opens a block or ends a comment, and no
    line of that block stands below already.
    """
    if snapshot.line_before.strip() or snapshot.line_after.strip() or not snapshot.cursor.line:
        return False
    text, number = snapshot.text, snapshot.cursor.line
    above = text.line(number - 1).rstrip()
    if not above:
        return False  # a blank line between: the block before it has ended
    following = (text.line(n) for n in range(number + 1, min(len(text), number + 4)))
    below = next((line for line in following if line.strip()), "")
    column = indent_of(snapshot.line_before)
    if below and indent_of(below) >= column and column > 0:
        return False
    if opens_block(above, Lexis.of(snapshot.language)):
        return column > indent_of(above) or not snapshot.line_before
    language = LANGUAGES.get(snapshot.language)
    mark = language.line if language else ""
    says = bool(mark) and above.lstrip().startswith(mark) and not above.startswith("#!")
    return says or bool(_DOC_ENDS.search(above))
