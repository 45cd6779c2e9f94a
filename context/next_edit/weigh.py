"""What speaks for an edit and against it, as traits that the scorecard gives points."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from context.next_edit.due import EditKind
from context.next_edit.rules.pairs import dedented, whats_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.next_edit.due import Due
    from context.next_edit.log import LoggedChange

_ABOUT: Final = 0.02
_ALIKE: Final = 0.8
"""Lines that share so much of their tokens are as good as equal but for a name."""
_TWICE: Final = 2

What = tuple[tuple[str, str], ...]


def all_whats(change: LoggedChange) -> frozenset[What]:
    """What a change did, in every form in which rules name it."""
    if not change.new:
        return frozenset({((dedented(change.old)[0], ""),)})
    if not change.old:
        return frozenset({(("", dedented(change.new)[0]),)})
    return whats_of(change)


class Evidence:
    """What the log and all places together say of one of them."""

    def __init__(self, changes: Sequence[LoggedChange], dues: Sequence[Due]) -> None:
        """Look at everything once.

        Args:
            changes: the log, the oldest first.
            dues: every place that was found.
        """
        self.newest = changes[-1]
        self._down = _goes_down(changes)
        self._made: dict[What, list[LoggedChange]] = defaultdict(list)
        for change in changes:
            for what in all_whats(change):
                self._made[what].append(change)
        places: dict[What, list[tuple[int, float]]] = defaultdict(list)
        for due in dues:
            if due.uri == due.change.uri == self.newest.uri:
                places[due.what].append((due.line, due.alike))
        self._passed = {what: self._most_alike(what, found) for what, found in places.items()}

    def carried_on(self, due: Due) -> bool:
        """Whether the newest change did the same."""
        return self.newest in (due.change, *self._made[due.what])

    def passed(self, due: Due) -> bool:
        """Whether the user went past this place, or past others like it, and left them alone."""
        if not due.uri == due.change.uri == self.newest.uri:
            return False
        return self._passed[due.what] >= due.alike - _ABOUT

    def _most_alike(self, what: What, places: Sequence[tuple[int, float]]) -> float:
        """How alike the best of the places is that the user went past; -1 for none."""
        uri = self.newest.uri
        lines = [change.line for change in self._made[what] if change.uri == uri]
        first, last = min([self.newest.line, *lines]), max([self.newest.line, *lines])
        return max((alike for line, alike in places if first < line < last), default=-1.0)

    def traits(self, due: Due) -> dict[str, float]:
        """The traits of an edit."""
        made = self._made[due.what]
        kind = due.kind.value
        # imports stand above whatever asks for them
        directed = self.newest.uri == due.uri and due.kind is not EditKind.IMPORT
        by_alikeness = due.kind is EditKind.SIMILAR_LINE
        return {
            kind: 1.0,
            "made twice": float(len(made) >= _TWICE),
            "made three times": float(len(made) > _TWICE),
            "against the direction": float(
                directed and (due.line >= self.newest.line) != self._down
            ),
            "not the newest change": float(not self.carried_on(due)),
            "another file": float(due.uri != due.change.uri),
            "part of a change": float(due.part),
            "less alike": max(0.0, _ALIKE - due.alike) if by_alikeness else 0.0,
        }


def _goes_down(changes: Sequence[LoggedChange]) -> bool:
    """Whether the user works downwards; where nothing tells, most do."""
    newest = changes[-1]
    earlier = [change.line for change in changes[:-1] if change.uri == newest.uri]
    return not earlier or earlier[-1] <= newest.line
