"""Constraints on a suggestion at one cursor, from the lines around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from context.syntax.nesting import Lexis, Nesting, Opened
from lsp_server.completion.presentation.closers import Behind
from lsp_server.completion.presentation.indentation import TAB, Indentation
from lsp_server.completion.presentation.words import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from context.snapshot import Snapshot
    from context.text import Text

_NEARBY_LINES = 200
"""How far from the cursor lines with text are looked for."""
_NEARBY_CHARS = 2000
"""Of the cursor's line, on both sides; no line of code is so long."""
_FOLLOWING = 3
_OPENS = re.compile(r"([:{(\[]|=>|->|\b(?:do|then|else|begin|try))\s*$")
_BRACKETS = frozenset("([{")


@dataclass(frozen=True, slots=True)
class TextConstraints:
    """What a suggestion at one cursor may look like.

    Attributes:
        floor: indentation from which on further lines belong to a block that begins here.
        before: the cursor's line, up to the cursor.
        rest: text behind the cursor on its line.
        following: the next lines with text, nearest first, with their indentation.
        behind: what of the rest a text may close, and up to where a text fits before it.
        own: what the document is indented with.
        depth: levels of the line after the cursor's, or of the cursor's where that is empty.
        settled: whether the cursor's line is indented as the lines above ask for.
        comments: spells the language's comments, None where somebody writes one.
        language: LSP identifier.
        one_more: whether the closing line below the cursor is wanted twice, at one depth.
    """

    floor: int
    before: str
    rest: str
    following: tuple[str, ...]
    behind: Behind
    own: Indentation = field(default_factory=Indentation)
    depth: int = 0
    settled: bool = True
    comments: Lexis | None = None
    language: str = ""
    one_more: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot) -> TextConstraints:
        """Look at the lines around the cursor."""
        line, text = snapshot.cursor.line, snapshot.text
        before, rest = snapshot.line_before, snapshot.line_after.rstrip()
        below = range(line + 1, len(text))[:_NEARBY_LINES]
        above = range(line - 1, -1, -1)[:_NEARBY_LINES]
        parent = next(iter(_with_text((text.line(number) for number in above), 1)), "")
        following = _with_text((text.line(number) for number in below), _FOLLOWING)
        own = Indentation.of(snapshot, before if before.strip() else parent)
        near = before[-_NEARBY_CHARS:]
        behind = Behind.of(near, rest[:_NEARBY_CHARS], snapshot.language, own.held)
        lexis = Lexis.of(snapshot.language)
        within = Nesting(lexis, own.held).read(near).within
        lead = len(parent) - len(parent.lstrip())
        deeper = indent_of(before) > indent_of(parent)
        parent_opens = opens_block(parent[-_NEARBY_CHARS:], lexis)
        opens_here = opens_block(near, lexis, own.held)
        opens = opens_here if before.strip() else parent_opens
        return cls(
            # a block that the cursor's own line opens is deeper than it, but for the closing line
            floor=indent_of(before) + opens_here,
            before=before,
            rest=rest,
            following=tuple(following),
            behind=behind,
            own=own,
            depth=_levels(before if before.strip() else parent, own.unit) + opens,
            settled=deeper if parent_opens else not deeper,
            comments=None if within or lexis.is_comment(parent, lead) else lexis,
            language=snapshot.language,
            one_more=bool(following) and _one_more(text, line, following[0].strip()),
        )

    @property
    def single_line(self) -> bool:
        """Whether only the rest of this line may be filled."""
        return bool(self.rest) and not self.behind.only_closes

    def new_keys(self, text: str) -> int:
        """About how many keys `text` saves: what stands there already saves none."""
        return keys(text.strip()) - self.behind.fit(text).replaced


def replaced_by(snapshot: Snapshot, text: str) -> int:
    """Characters behind the cursor whose place a shown text takes: it closes them itself."""
    rest = snapshot.line_after.rstrip()
    return TextConstraints.of(snapshot).behind.fit(text).replaced if rest else 0


def opens_block(line: str, lexis: Lexis, held: tuple[Opened, ...] = ()) -> bool:
    """Whether the lines after `line` belong to it: it says so at its end, or a bracket is open.

    Args:
        line: one line.
        lexis: of its language.
        held: strings and comments that are open where it begins.
    """
    nesting = Nesting(lexis, held).read(line)
    first = next(iter(nesting.opened), None)
    if first is not None and first.mark in _BRACKETS:
        return True
    if nesting.in_comment and first is not None and first.start >= 0:
        return _OPENS.search(line[: first.start]) is not None
    return not nesting.within and _OPENS.search(line) is not None


def indent_of(line: str) -> int:
    """Columns of indentation."""
    if "\t" in line:
        line = line.expandtabs(TAB)
    return len(line) - len(line.lstrip(" "))


def _levels(line: str, unit: int) -> int:
    lead = line[: len(line) - len(line.lstrip(" \t"))]
    return lead.count("\t") or len(lead) // unit


def _with_text(lines: Iterable[str], most: int) -> Sequence[str]:
    """The first lines that are not blank, without blanks at their end."""
    found: list[str] = []
    for line in lines:
        if bare := line.rstrip():
            found.append(bare)
            if len(found) == most:
                break
    return found


def _one_more(text: Text, line: int, below: str) -> bool:
    """Whether the closing line below the cursor is wanted twice, at one depth.

    Only directives and tags are counted; other closing lines show by their depth what they close.
    """
    if re.match(r"#\s*endif\b", below):
        opens, closes = r"^[ \t]*#[ \t]*if", r"^[ \t]*#[ \t]*endif\b"
    elif tag := re.match(r"</([\w:.-]+)>", below):
        name = re.escape(tag[1])
        opens, closes = rf"<{name}\b(?![^>]*/>)", rf"</{name}>"
    else:
        return False
    opens_above, closes_above = _counts(text, (line - _NEARBY_LINES, line + 1), opens, closes)
    opens_below, closes_below = _counts(text, (line + 1, line + _NEARBY_LINES), opens, closes)
    return opens_above - closes_above > closes_below - opens_below


def _counts(text: Text, lines: tuple[int, int], *expressions: str) -> tuple[int, ...]:
    joined = "".join(text.lines(*lines))
    return tuple(len(re.findall(one, joined, re.MULTILINE)) for one in expressions)
