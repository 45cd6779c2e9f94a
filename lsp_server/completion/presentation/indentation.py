"""Tabs or blanks: what a file indents its code with, and texts made like it."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.languages import BLANKS_BY_LAW, TABS_BY_LAW
from context.syntax.nesting import Lexis, Nesting, Opened, carried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.snapshot import Snapshot

TAB: Final = 4
"""Blanks for a tab where nothing tells a width."""
_WINDOW = 64
"""Lines that are read at once and remembered: a key changes what stands in one line alone."""
_ABOVE, _BELOW = 16, 8
"""Windows that are read above and below the cursor."""
_LONG_LINE = 400
_UNITS: Final = (2, 3, 4, 8)
_RECIPE = re.compile(r"\t|[^\s#=][^=]*:(?!=)")
"""A line of a makefile below which a command stands."""


@dataclass(frozen=True, slots=True)
class Indentation:
    """What a file is indented with.

    Attributes:
        tabs: whether it is tabs; None where nothing says so.
        unit: blanks of one level.
        held: strings and comments of several lines that are open where the cursor's line begins.
    """

    tabs: bool | None = None
    unit: int = TAB
    held: tuple[Opened, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot, parent: str) -> Indentation:
        """Let the code around the cursor vote, then the client, where the language leaves a choice.

        Args:
            snapshot: the text and the cursor.
            parent: the nearest line with text above the cursor, or its own.
        """
        text, line, language = snapshot.text, snapshot.cursor.line, snapshot.language
        votes: Counter[int] = Counter()
        held: tuple[Opened, ...] = ()
        first = max(0, line // _WINDOW - _ABOVE + 1) * _WINDOW
        for start in range(first, line, _WINDOW):
            counted, held = _read(
                tuple(text.lines(start, min(start + _WINDOW, line))), language, held
            )
            votes.update(dict(counted))
        below, start = held, line + 1
        border = (line // _WINDOW + 1) * _WINDOW
        for end in range(border, border + _BELOW * _WINDOW, _WINDOW):
            counted, below = _read(tuple(text.lines(start, end)), language, below)
            votes.update(dict(counted))
            start = end
        tabs, blanks = votes[_TABS], sum(votes[unit] for unit in (_BLANKS, *_UNITS))
        unit = max(_UNITS, key=lambda one: (votes[one], one == TAB))
        told = snapshot.level
        voted = tabs > blanks if tabs != blanks else (told == "\t" if told else None)
        unit = unit if votes[unit] else len(told.expandtabs(TAB)) or TAB
        return cls(_by_law(language, parent, voted), unit, held)


_TABS, _BLANKS = -1, 0
"""Votes beside those for a number of blanks, which a line deeper than the one above it gives."""


@functools.lru_cache(maxsize=512)
def _read(
    lines: tuple[str, ...], language: str, held: tuple[Opened, ...]
) -> tuple[tuple[tuple[int, int], ...], tuple[Opened, ...]]:
    """Votes of lines of code, and the strings and comments that are open after them."""
    lexis, votes = Lexis.of(language), Counter[int]()
    last, continued, parentheses = 0, False, 0
    for line in lines:
        bare = line.strip()
        if not bare:
            parentheses = 0
            continue
        lead = len(line) - len(line.lstrip(" \t"))
        if not (held or continued or parentheses or _only_comment(lexis, line, lead)):
            if line[0] == "\t":
                votes[_TABS] += 1
            elif lead > 1 and "\t" not in line[:lead]:
                votes[lead - last if lead - last in _UNITS else _BLANKS] += 1
            last = lead
        continued = bare.endswith("\\")
        if len(line) > _LONG_LINE:
            continue
        nesting, strays = Nesting(lexis, held), 0
        for found, stray in nesting.take(line.rstrip("\r\n")):
            strays += stray and found[0] == ")"
        opened = sum(one.mark == "(" and one.start >= 0 for one in nesting.opened)
        parentheses = max(0, parentheses + opened - strays)
        held = carried(nesting.opened, lexis)
    return tuple(votes.items()), held


def _only_comment(lexis: Lexis, line: str, lead: int) -> bool:
    return lexis.is_comment(line, lead) or line.startswith(tuple(lexis.blocks), lead)


def _by_law(language: str, parent: str, voted: bool | None) -> bool | None:
    if language in BLANKS_BY_LAW:
        return False
    if language == "makefile" and not _RECIPE.match(parent):
        return voted  # tabs are law for commands alone
    return True if language in TABS_BY_LAW else voted


def like_document(text: str, own: Indentation, before: str, depth: int) -> str:
    """`text` with the document's own kind of indentation in all lines that begin in it.

    A line that is indented with that kind already stays as it is.

    Args:
        text: what is shown.
        own: the document's indentation.
        before: the cursor's line, up to the cursor.
        depth: levels of the first new line, as the lines around the cursor ask for.
    """
    if own.tabs is None:
        return text
    first, *more = text.split("\n")
    mine = more if before else [first, *more]
    width = _unit_of(mine, depth) if own.tabs else own.unit
    changed = [_indented(line, width, tabs=own.tabs) for line in mine]
    return "\n".join([first, *changed] if before else changed)


def _indented(line: str, width: int, *, tabs: bool) -> str:
    bare = line.lstrip(" \t")
    lead = line[: len(line) - len(bare)]
    if tabs == ("\t" in lead) or not lead:
        return line
    columns = len(lead.expandtabs(width))
    return ("\t" * (columns // width) + " " * (columns % width) if tabs else " " * columns) + bare


def _unit_of(lines: list[str], depth: int) -> int:
    """Blanks for a level in lines of a text."""
    leads = [*_blank_leads(lines)]
    if not leads:
        return TAB
    if depth and leads[0] % depth == 0 and leads[0] // depth in _UNITS:
        return leads[0] // depth
    common = math.gcd(*leads)
    return common if common in _UNITS else TAB


def _blank_leads(lines: list[str]) -> Iterator[int]:
    for line in lines:
        lead = len(line) - len(line.lstrip(" "))
        if lead and line[lead : lead + 1] not in ("", "\t"):
            yield lead
