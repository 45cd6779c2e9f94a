"""Similar windows: pieces of recent files that resemble the code at the cursor.

Files are cut into cells at blank lines, so that cells follow the code and an edit changes only the
cell it falls into. A window is a run of cells of at most 60 lines. It scores by the terms that it
shares with the lines around the cursor, each weighted by how rare it is among all cells:

    score = sum of weights of shared terms / sum of weights of the cursor's terms
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.candidate import Candidate, CandidateKind
from context.sources.terms import terms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from context.access.files import SourceFile

WINDOW_LINES: Final = 60
MOST_FILE_LINES: Final = 20_000
"""Lines of a file that are indexed."""

_CELL_LEAST, _CELL_MOST = 8, 24
_ABOVE, _BELOW = 10, 5
"""Lines around the cursor that a window is compared with."""
_PER_FILE = 2
_LEAST_SCORE = 0.1
_ALIKE = 0.7
"""Of two windows that share so many of their lines, the second says nothing new."""
_NAMED = 4
_UNIT = 1000
_LOOKED_AT = 12
"""Windows of a file that are scored exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """A few lines: how many, and their terms."""

    size: int
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class _File:
    file: SourceFile
    lines: list[str]
    cells: list[_Cell]


@dataclass(frozen=True, slots=True)
class _Found:
    score: int
    file: SourceFile
    first: int
    lines: list[str]


class WindowIndex:
    """The cells of a set of files. What `similar` says depends on their texts alone."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._counts: Counter[str] = Counter()  # in how many cells a term is
        self._total = 0

    def __len__(self) -> int:
        return len(self._files)

    def update(self, file: SourceFile) -> int:
        """Index a file, or what changed in it; returns how many lines were read again."""
        known = self._files.get(file.location)
        if known is not None and known.file.stamp == file.stamp:
            return 0
        lines = file.text.split("\n", MOST_FILE_LINES)[:MOST_FILE_LINES]
        cells, fresh, stale = _recut(known or _File(file, [], []), lines)
        self._files[file.location] = _File(file, lines, cells)
        self._count(stale, -1)
        self._count(fresh, 1)
        return sum(cell.size for cell in fresh)

    def forget(self, location: str) -> None:
        """Drop a file."""
        known = self._files.pop(location, None)
        if known is not None:
            self._count(known.cells, -1)

    def keep(self, locations: Collection[str]) -> None:
        """Drop all files but these."""
        for location in set(self._files).difference(locations):
            self.forget(location)

    def similar(
        self, current: SourceFile, cursor_line: int, *, most: int = 6, lines: int = WINDOW_LINES
    ) -> list[Candidate]:
        """Windows like the code at a place, the best first.

        Args:
            current: the file being edited; its own lines near the cursor are no window.
            cursor_line: 0-based line of the cursor.
            most: how many windows.
            lines: a window longer than this is narrowed to its most similar lines.
        """
        text = current.text.split("\n")
        around = text[max(0, cursor_line - _ABOVE) : cursor_line + _BELOW + 1]
        weights = self._weigh(terms(around))
        whole = sum(weights.values())
        if not whole:
            return []
        near = range(cursor_line - WINDOW_LINES, cursor_line + WINDOW_LINES)
        nowhere = range(0)
        found: list[_Found] = []
        for known in self._files.values():
            hidden = near if known.file.location == current.location else nowhere
            found += _windows(known, weights, hidden)
        found.sort(key=_order)
        chosen: list[_Found] = []
        for one in found:
            if len(chosen) >= most or one.score < _LEAST_SCORE * whole:
                break
            narrow = _narrowed(one, weights, lines)
            same = [other for other in chosen if other.file.location == one.file.location]
            if len(same) < _PER_FILE and not any(_alike(narrow, other) for other in chosen):
                chosen.append(narrow)
        return [_candidate(one, weights, whole) for one in chosen]

    def _weigh(self, wanted: frozenset[str]) -> dict[str, int]:
        """Terms that any file has, with their weights; those in every cell weigh least."""
        # whole numbers, since sums of fractions depend on the order of a set
        return {
            term: round(_UNIT * math.log(1 + self._total / (1 + count)))
            for term in sorted(wanted)
            if (count := self._counts[term])
        }

    def _count(self, cells: list[_Cell], sign: int) -> None:
        self._total += sign * len(cells)
        counts = self._counts
        for cell in cells:
            for term in cell.terms:
                counts[term] += sign
        if sign < 0:
            for cell in cells:
                for term in cell.terms:
                    if not counts.get(term, 1):
                        del counts[term]


def _cells(lines: list[str], start: int) -> Iterator[_Cell]:
    """Cells from line `start` on; where one ends depends on its own lines and the next alone."""
    while start < len(lines):
        last = min(start + _CELL_MOST, len(lines))
        end = next(
            (
                row
                for row in range(start + _CELL_LEAST, last)
                if lines[row].strip() and not lines[row - 1].strip()
            ),
            last,
        )
        yield _Cell(end - start, terms(lines[start:end]))
        start = end


def _recut(known: _File, lines: list[str]) -> tuple[list[_Cell], list[_Cell], list[_Cell]]:
    """Cells of a changed text: all, the new ones among them, and the old ones that are gone."""
    head, tail = _shared(known.lines, lines)
    kept: list[_Cell] = []
    start = 0
    for cell in known.cells:
        if start + cell.size >= head or start + cell.size >= len(known.lines):
            break  # where it ends may have to do with lines that changed
        kept.append(cell)
        start += cell.size
    moved = len(lines) - len(known.lines)
    rest: dict[int, int] = {}  # line where an old cell in the unchanged rest begins -> its index
    row = 0
    for index, cell in enumerate(known.cells):
        if row >= len(known.lines) - tail:
            rest[row + moved] = index
        row += cell.size
    fresh: list[_Cell] = []
    resumed = len(known.cells)
    for cell in _cells(lines, start):
        if start in rest:
            resumed = rest[start]
            break
        fresh.append(cell)
        start += cell.size
    stale = known.cells[len(kept) : resumed]
    return kept + fresh + known.cells[resumed:], fresh, stale


def _shared(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines two texts share at their beginning, and how many more at their end."""
    least = min(len(old), len(new))
    head = next((row for row in range(least) if old[row] != new[row]), least)
    most = least - head
    tail = next((row for row in range(most) if old[-1 - row] != new[-1 - row]), most)
    return head, tail


def _windows(known: _File, weights: dict[str, int], hidden: range) -> list[_Found]:
    """The windows of a file, one for each cell it may begin with, that score best."""
    wanted = weights.keys()
    worth = [sum([weights[term] for term in wanted & cell.terms]) for cell in known.cells]
    rough: list[tuple[int, int, int, int]] = []  # bound of the score, first line, cells
    first, last, size, bound = 0, 0, 0, 0
    for index, cell in enumerate(known.cells):
        while last < len(known.cells) and size + known.cells[last].size <= WINDOW_LINES:
            size += known.cells[last].size
            bound += worth[last]
            last += 1
        if bound and (first + size <= hidden.start or first >= hidden.stop):
            rough.append((-bound, first, index, last))
        first += cell.size
        size -= cell.size
        bound -= worth[index]
    found: list[_Found] = []
    for _, start, index, end in sorted(rough)[:_LOOKED_AT]:
        cells = known.cells[index:end]
        common = wanted & set[str]().union(*(cell.terms for cell in cells))
        lines = known.lines[start : start + sum(cell.size for cell in cells)]
        found.append(_Found(sum(weights[term] for term in common), known.file, start, lines))
    return sorted(found, key=_order)


def _order(found: _Found) -> tuple[int, str, int]:
    return -found.score, found.file.location, found.first


def _narrowed(found: _Found, weights: dict[str, int], lines: int) -> _Found:
    """The most similar run of at most `lines` lines, blank lines at its ends left out."""
    rows, first = found.lines, 0
    if len(rows) > lines:
        shared = [weights.keys() & terms([row]) for row in rows]

        def worth(start: int) -> int:
            common = set[str]().union(*shared[start : start + lines])
            return sum(weights[term] for term in common)

        first = max(range(len(rows) - lines + 1), key=lambda start: (worth(start), -start))
        rows = rows[first : first + lines]
    while rows and not rows[-1].strip():
        rows = rows[:-1]
    while rows and not rows[0].strip():
        rows, first = rows[1:], first + 1
    return _Found(found.score, found.file, found.first + first, rows)


def _alike(one: _Found, other: _Found) -> bool:
    mine = {row.strip() for row in one.lines if row.strip()}
    theirs = {row.strip() for row in other.lines if row.strip()}
    return len(mine & theirs) >= _ALIKE * max(1, min(len(mine), len(theirs)))


def _candidate(found: _Found, weights: dict[str, int], whole: int) -> Candidate:
    common = weights.keys() & terms(found.lines)
    names = sorted(
        (term for term in common if term[0] != "~"), key=lambda term: (-weights[term], term)
    )
    told = ", ".join(names[:_NAMED]) or "parts of names"
    return Candidate(
        kind=CandidateKind.WINDOW,
        location=found.file.location,
        path=found.file.path,
        language=found.file.language,
        text="".join(f"{row}\n" for row in found.lines),
        score=round(min(1.0, found.score / whole), 3),
        reason=f"lines {found.first + 1} to {found.first + len(found.lines)} share {told}",
    )
