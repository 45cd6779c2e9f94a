"""Constraints on a suggestion at one cursor, from the lines around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from context.snapshot import Snapshot

_NEARBY_LINES = 200
"""How far from the cursor lines with text are looked for."""
_FOLLOWING = 3
_OPENS = re.compile(r"([:{(\[]|=>|->|\b(?:do|then|else|begin|try))\s*(?:(?:#|//).*)?$")
_TAB = 4
"""Blanks for a tab where the document shows no width of its own."""


@dataclass(frozen=True, slots=True)
class TextConstraints:
    """What a suggestion at one cursor may look like.

    Attributes:
        single_line: text stands behind the cursor, so only the rest of this line may be filled.
        floor: indentation from which on further lines belong to a block that begins here.
        before: the cursor's line, up to the cursor.
        rest: text behind the cursor on its line.
        following: the next lines with text, nearest first, with their indentation.
        tabs: whether the document indents with tabs; None when nothing near is indented.
        settled: whether the cursor's line is indented as the lines above ask for.
        comment: the language's mark of a comment, "" where somebody writes one.
    """

    single_line: bool
    floor: int
    before: str
    rest: str
    following: tuple[str, ...]
    tabs: bool | None = None
    settled: bool = True
    comment: str = ""

    @classmethod
    def of(cls, snapshot: Snapshot) -> TextConstraints:
        """Look at the lines around the cursor."""
        line, text = snapshot.cursor.line, snapshot.text
        before, rest = snapshot.line_before, snapshot.line_after.rstrip()
        below = range(line + 1, len(text))[:_NEARBY_LINES]
        above = range(line - 1, -1, -1)[:_NEARBY_LINES]
        earlier = _with_text((text.line(number) for number in above), _FOLLOWING * 4)
        following = _with_text((text.line(number) for number in below), _FOLLOWING)
        parent = earlier[0] if earlier else ""
        language = LANGUAGES.get(snapshot.language)
        mark = language.line if language else ""
        commenting = mark and (mark in before or parent.lstrip().startswith(mark))
        deeper = indent_of(before) > indent_of(parent)
        return cls(
            single_line=bool(rest.strip()),
            # a block that the cursor's own line opens is deeper than it, but for the closing line
            floor=indent_of(before) + opens_block(before),
            before=before,
            rest=rest,
            following=tuple(following),
            tabs=_has_tabs((*earlier, *following)),
            settled=deeper if opens_block(parent) else not deeper,
            comment="" if commenting else mark,
        )


def opens_block(line: str) -> bool:
    """Whether the lines after `line` belong to it: it says so at its end, or a bracket is open."""
    return bool(_OPENS.search(line)) or any(
        line.count(opening) > line.count(closing) for opening, closing in ("()", "[]", "{}")
    )


def indent_of(line: str) -> int:
    """Columns of indentation."""
    if "\t" in line:
        line = line.expandtabs(_TAB)
    return len(line) - len(line.lstrip(" "))


def like_document(text: str, shape: TextConstraints) -> str:
    """`text` with the document's own kind of indentation in all lines that begin in it."""
    if shape.tabs is None:
        return text
    first, *more = text.split("\n")
    if not shape.before:
        first = _indented(first, tabs=shape.tabs)
    return "\n".join((first, *(_indented(line, tabs=shape.tabs) for line in more)))


def _indented(line: str, *, tabs: bool) -> str:
    bare = line.lstrip(" \t")
    lead = line[: len(line) - len(bare)]
    if tabs == ("\t" in lead) or not lead:
        return line
    width = len(lead.expandtabs(_TAB))
    return ("\t" * (width // _TAB) + " " * (width % _TAB) if tabs else " " * width) + bare


def _with_text(lines: Iterable[str], most: int) -> Sequence[str]:
    """The first lines that are not blank, without blanks at their end."""
    found: list[str] = []
    for line in lines:
        if bare := line.rstrip():
            found.append(bare)
            if len(found) == most:
                break
    return found


def _has_tabs(lines: Iterable[str]) -> bool | None:
    """What the nearest indented line is indented with."""
    return next((line[0] == "\t" for line in lines if line[0] in " \t"), None)
