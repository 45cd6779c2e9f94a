"""A row added to one of several parallel lists, and the other lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind
from context.next_edit.tokens import operations, split, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.next_edit.due import Sheet
    from context.next_edit.log import LoggedChange

_SHORTEST: Final = 3
"""Letters of a name that says which row of a list is meant."""
_MOST_PLACES: Final = 20
_NEAR: Final = 2
"""Lines above and below in which a list may have the new row already."""


def due_rows(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    """Rows that lists lack in which the new row's neighbour stands.

    A row `c: int` put in under `b: int` makes `self.c = c` due under `self.b = b`.
    """
    if change.old or len(change.new) != 1:
        return
    row = change.new[0].strip()
    for neighbour, below in ((change.above, 1), (change.below, 0)):
        changes = operations(split(neighbour.strip()), split(row))
        names = {one.signature for one in changes}
        if not changes or not all(one.renames for one in changes) or len(names) != 1:
            continue
        known, fresh = names.pop()
        if min(len(known), len(fresh)) < _SHORTEST:
            continue
        yield from _rows(change, sheet, known, fresh, below)


def _rows(change: LoggedChange, sheet: Sheet, known: str, fresh: str, below: int) -> Iterator[Due]:
    whole = re.compile(rf"(?<!\w){re.escape(known)}(?!\w)")
    lines = sorted(
        sheet.index.lines_with(known, sheet.centre),
        key=lambda line: (abs(line - sheet.centre), line),
    )
    for line in lines[:_MOST_PLACES]:
        text, place = sheet.index.line(line), line + below
        around = sheet.rows(max(0, line - _NEAR), 2 * _NEAR + 1)
        if not whole.search(text) or not _is_row(text) or not sheet.free(place, 0):
            continue
        if any(fresh in words(other) for other in around):
            continue
        yield Due(
            uri=sheet.uri,
            line=place,
            old=(),
            new=(whole.sub(lambda _: fresh, text),),
            kind=EditKind.PARALLEL,
            change=change,
            what=((known, f"{known}, {fresh}"),),
            alike=1.0,
            beside=0,
            part=False,
            reason=f"{fresh!r} was added beside {known!r}",
        )


def _is_row(text: str) -> bool:
    """Whether a line is whole by itself: what it opens it closes, and it begins no block."""
    closed = all(text.count(one) == text.count(two) for one, two in ("()", "[]", "{}"))
    return closed and not text.rstrip().endswith((":", "{", "=>"))
