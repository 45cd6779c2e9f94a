"""Where a changed piece is due: on equal lines, on similar ones, or where its tokens stand."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind
from context.next_edit.rules.carry import CONTEXT, carry
from context.next_edit.rules.pairs import dedented, indented, pairs_of
from context.next_edit.tokens import Tokens, is_word, split, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.next_edit.due import Sheet
    from context.next_edit.log import LoggedChange
    from context.next_edit.rules.pairs import Pair
    from context.next_edit.tokens import Operation

MOST_PLACES: Final = 24
"""Places of one piece that are looked at, the nearest first."""
_ALIKE: Final = 0.4
_COMPATIBLE: Final = 2
"""Fewest equal neighbours of tokens that are more than one name."""


def due_places(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    """Every place of a document where a part of a change may be due."""
    for pair in pairs_of(change.old, change.new):
        for line in _lines(pair, sheet):
            first = line - pair.row
            if not sheet.holds(first, pair.height) or not sheet.free(first, pair.height):
                continue
            yield from _whole(change, pair, sheet, first)
            if pair.height == 1:
                for one in pair.changes:
                    yield from _part(change, pair, one, sheet, line)


def _lines(pair: Pair, sheet: Sheet) -> list[int]:
    """The nearest lines that may be those of the piece's row."""
    found = {line for key in pair.keys for line in sheet.index.lines_with(key, sheet.centre)}
    ordered = sorted(found, key=lambda line: (abs(line - sheet.centre), line))
    if len(ordered) <= MOST_PLACES:
        return ordered
    ours = pair.old.split("\n")[pair.row]
    if len(pair.keys) > 1:
        close = islice(ordered, 10 * MOST_PLACES)
        ordered = [line for line in close if _related(ours, sheet.index.line(line))]
    return ordered[:MOST_PLACES]


def _whole(change: LoggedChange, pair: Pair, sheet: Sheet, first: int) -> Iterator[Due]:
    old = sheet.rows(first, pair.height)
    target, margin = dedented(old)
    if not _related(pair.old, target):
        return
    carried = carry(pair.old, pair.new, target)
    if carried is None or carried.alike < _ALIKE or carried.text == target:
        return
    if carried.beside < _COMPATIBLE:
        return
    if _ragged(carried.text) > _ragged(pair.new):
        return
    same = pair.old == target
    yield Due(
        uri=sheet.uri,
        line=first,
        old=old,
        new=indented(carried.text, margin),
        kind=EditKind.SAME_LINE if same else EditKind.SIMILAR_LINE,
        change=change,
        what=pair.what,
        alike=carried.alike,
        beside=carried.beside,
        part=pair.part,
        reason="the same line was changed so" if same else "a similar line was changed so",
    )


def _part(
    change: LoggedChange, pair: Pair, one: Operation, sheet: Sheet, line: int
) -> Iterator[Due]:
    """The operation wherever its old tokens stand with compatible neighbours."""
    if not any(is_word(token) for token in one.old):
        return
    before, text = split(pair.old), sheet.index.line(line)
    tokens = split(text)
    fresh: list[str] = []
    spots: list[tuple[int, int]] = []
    done, least, index = 0, 2 * CONTEXT, 0
    size = len(one.old)
    while index <= len(tokens) - size:
        if tokens[index : index + size] != one.old:
            index += 1
            continue
        beside = _beside(before, one, tokens, index)
        if one.renames or beside >= _COMPATIBLE:
            spots.append((line, sum(map(len, tokens[:index]))))
            fresh += [*tokens[done:index], *one.new]
            done = index + size
            least = min(least, beside)
        index += size
    if not done:
        return
    result = "".join((*fresh, *tokens[done:]))
    common = set(words(pair.old)) & set(words(text))
    alike = 2 * len(common) / (len(set(words(pair.old))) + len(set(words(text))))
    yield Due(
        uri=sheet.uri,
        line=line,
        old=(text,),
        new=(result,),
        kind=EditKind.RENAME if one.renames else EditKind.SUBSTITUTION,
        change=change,
        what=(one.signature,),
        alike=alike,
        beside=least,
        part=pair.part or len(pair.changes) > 1,
        reason=f"{one.signature[0].strip()!r} became {one.signature[1].strip()!r}",
        source=_source(change, pair, one, sheet),
        spots=tuple(spots),
    )


def _source(
    change: LoggedChange, pair: Pair, one: Operation, sheet: Sheet
) -> tuple[int, int] | None:
    """Where the new tokens stand now, if in the same document."""
    if change.uri != sheet.uri or "\n" in pair.new:
        return None
    row = change.line + pair.at
    margin = len(sheet.index.line(row)) - len(pair.new)
    return row, margin + sum(map(len, split(pair.new)[: one.into]))


def _related(old: str, target: str) -> bool:
    """A cheap look before the costly one: most words are shared."""
    ours, theirs = set(words(old)), set(words(target))
    return 2 * len(ours & theirs) >= _ALIKE * (len(ours) + len(theirs))


def _ragged(text: str) -> int:
    """Lines that end in a blank."""
    return sum(line != line.rstrip() for line in text.split("\n"))


def _beside(before: Tokens, one: Operation, tokens: Tokens, index: int) -> int:
    """Neighbours of the changed place that the new place has too; a line's end counts fully."""
    left = _shared(before[: one.start][::-1], tokens[:index][::-1])
    right = _shared(before[one.end :], tokens[index + len(one.old) :])
    return left + right


def _shared(ours: Tokens, theirs: Tokens) -> int:
    mine = [token for token in ours if not token.isspace()][:CONTEXT]
    other = [token for token in theirs if not token.isspace()][:CONTEXT]
    count = 0
    for one, two in zip(mine, other, strict=False):
        if one != two:
            return count
        count += 1
    return CONTEXT if len(mine) == len(other) else count
