"""Lines that were put in or taken out, and where the same is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind
from context.next_edit.rules.pairs import MOST_LINES, dedented, indented
from context.next_edit.tokens import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.next_edit.due import Sheet
    from context.next_edit.log import LoggedChange

_MOST_PLACES: Final = 40
_SAYS_SOMETHING: Final = 4
"""Letters in the words of a line that tells one place from another."""


def due_blocks(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    """Places where a deletion or an insertion may be due."""
    if max(len(change.old), len(change.new)) > MOST_LINES:
        return
    if not change.new:
        yield from _deletions(change, sheet)
    elif not change.old:
        yield from _insertions(change, sheet)


def telling(line: str) -> bool:
    """Whether a line is more than brackets and the like."""
    return sum(map(len, words(line))) >= _SAYS_SOMETHING


def _deletions(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    height = len(change.old)
    wanted = dedented(change.old)[0]
    row = next((row for row, line in enumerate(change.old) if telling(line)), None)
    if row is None:
        return
    for line in _nearest(sheet, change.old[row].strip()):
        first = line - row
        old = sheet.rows(first, height)
        if first >= 0 and sheet.free(first, height) and dedented(old)[0] == wanted:
            beside = _neighbours(change, sheet, first, first + height)
            yield Due(
                uri=sheet.uri,
                line=first,
                old=old,
                new=(),
                kind=EditKind.DELETION,
                change=change,
                what=((wanted, ""),),
                alike=1.0,
                beside=beside,
                part=False,
                reason="the same lines were taken out elsewhere",
            )


def _insertions(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    text, margin = dedented(change.new)
    if not any(map(telling, change.new)):
        return
    seen: set[int] = set()
    for anchor, below in ((change.above, 1), (change.below, 0)):
        if not telling(anchor):
            continue
        own = anchor[: len(anchor) - len(anchor.lstrip())]
        for line in _nearest(sheet, anchor.strip()):
            target = sheet.index.line(line)
            place = line + below
            if target.strip() != anchor.strip() or place in seen or not sheet.free(place, 0):
                continue
            seen.add(place)
            indent = target[: len(target) - len(target.lstrip())]
            moved = _moved(margin, own, indent)
            if moved is None or _stands(sheet, place, text):
                continue
            yield Due(
                uri=sheet.uri,
                line=place,
                old=(),
                new=indented(text, moved),
                kind=EditKind.INSERTION,
                change=change,
                what=(("", text),),
                alike=1.0,
                beside=_neighbours(change, sheet, place, place),
                part=False,
                reason="the same lines were put in beside the same line",
            )


def _nearest(sheet: Sheet, needle: str) -> list[int]:
    lines = sheet.index.lines_with(needle, sheet.centre)
    return sorted(lines, key=lambda line: (abs(line - sheet.centre), line))[:_MOST_PLACES]


def _neighbours(change: LoggedChange, sheet: Sheet, line: int, end: int) -> int:
    """4 for an equal line above, 4 for one below."""
    above = sheet.index.line(line - 1).strip() == change.above.strip()
    below = sheet.index.line(end).strip() == change.below.strip()
    return 4 * above + 4 * below


def _moved(margin: str, anchor: str, indent: str) -> str | None:
    """The indentation that stands to `indent` as `margin` stands to `anchor`."""
    if margin.startswith(anchor):
        return indent + margin[len(anchor) :]
    if anchor.startswith(margin) and indent.endswith(anchor[len(margin) :]):
        return indent[: len(indent) - len(anchor) + len(margin)]
    return None


def _stands(sheet: Sheet, place: int, text: str) -> bool:
    """Whether the lines are there already, above or below the place."""
    height = text.count("\n") + 1
    return any(dedented(sheet.rows(first, height))[0] == text for first in (place, place - height))
