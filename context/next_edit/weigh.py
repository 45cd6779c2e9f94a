"""What speaks for an edit and against it, as traits that the scorecard gives points."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from context.next_edit.due import EditKind
from context.next_edit.pairs import dedented, whats_of
from context.next_edit.tokens import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.next_edit.due import Due
    from context.next_edit.log import Change

_SHORT: Final = 12
"""Letters in the words of a line that could stand anywhere."""

What = tuple[tuple[str, str], ...]


def _both(one: Change, other: Change) -> float:
    """How alike two changed pieces were before, by their words."""
    ours, theirs = set(words("\n".join(one.old))), set(words("\n".join(other.old)))
    return 2 * len(ours & theirs) / max(1, len(ours) + len(theirs))


def all_whats(change: Change) -> frozenset[What]:
    """What a change did, in every form in which rules name it."""
    if not change.new:
        return frozenset({((dedented(change.old)[0], ""),)})
    if not change.old:
        return frozenset({(("", dedented(change.new)[0]),)})
    return whats_of(change)


class Evidence:
    """What the log and all places together say of one of them."""

    def __init__(self, changes: Sequence[Change], dues: Sequence[Due]) -> None:
        """Look at everything once.

        Args:
            changes: the log, the oldest first.
            dues: every place that was found.
        """
        self.newest = changes[-1]
        self._down = _goes_down(changes)
        self._made: dict[What, list[Change]] = defaultdict(list)
        for change in changes:
            for what in all_whats(change):
                self._made[what].append(change)
        self._places: dict[What, set[tuple[str, int]]] = defaultdict(set)
        for due in dues:
            self._places[due.what].add((due.uri, due.line))

    def carried_on(self, due: Due) -> bool:
        """Whether the newest change did the same."""
        return self.newest in self._made[due.what]

    def passed(self, due: Due) -> bool:
        """Whether the user went past this place, or past others like it, and left them alone."""
        return any(self._between(due, line) for _, line in self._places[due.what])

    def _between(self, due: Due, line: int) -> bool:
        ends = [self.newest.line] + [
            change.line for change in self._made[due.what] if change.uri == due.uri
        ]
        same = self.newest.uri == due.uri == due.change.uri
        return same and min(ends) < line < max(ends)

    def traits(self, due: Due) -> dict[str, float]:
        """The traits of an edit."""
        made, places = self._made[due.what], self._places[due.what]
        kind = due.kind.value
        same_file = self.newest.uri == due.uri
        traits = {
            kind: 1.0,
            "made twice": float(len(made) >= 2),
            "made three times": float(len(made) >= 3),
            "fits what was changed": float(len(made) >= 2 and due.alike >= _fit(made) - 0.02),
            "against the direction": float(
                same_file and (due.line >= self.newest.line) != self._down
            ),
            "not the newest change": float(not self.carried_on(due)),
            "another file": float(due.uri != due.change.uri),
            "part of a change": float(due.part),
            "several operations": float(len(due.what) > 1),
            "the only place": float(len(places) == 1),
            "many places": float(len(places) > 8),
            "short": float(sum(map(len, words("".join(due.old or due.new)))) < _SHORT),
        }
        if due.kind is EditKind.INSERTION or due.kind is EditKind.DELETION:
            traits[f"{kind}: equal neighbours"] = due.beside / 8
        elif due.kind is not EditKind.SAME_LINE:
            traits[f"{kind}: alike"] = due.alike - 0.7
            traits[f"{kind}: neighbours"] = due.beside / 8 - 0.5
        return traits


def _goes_down(changes: Sequence[Change]) -> bool:
    """Whether the user works downwards; where nothing tells, most do."""
    newest = changes[-1]
    earlier = [change.line for change in changes[:-1] if change.uri == newest.uri]
    return not earlier or earlier[-1] <= newest.line


def _fit(made: Sequence[Change]) -> float:
    """How alike the pieces were that were changed this way, at least."""
    return min(_both(made[-1], other) for other in made[:-1])
