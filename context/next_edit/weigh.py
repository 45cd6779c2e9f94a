"""What speaks for an edit and against it, as traits that the scorecard gives points."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from context.next_edit.due import EditKind
from context.next_edit.pairs import dedented, whats_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.next_edit.due import Due
    from context.next_edit.log import Change

What = tuple[tuple[str, str], ...]


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
        self._newest = changes[-1]
        self._made: dict[What, list[Change]] = defaultdict(list)
        for change in changes:
            for what in all_whats(change):
                self._made[what].append(change)
        self._places: dict[What, set[tuple[str, int]]] = defaultdict(set)
        for due in dues:
            self._places[due.what].add((due.uri, due.line))

    def traits(self, due: Due) -> dict[str, float]:
        """The traits of an edit."""
        made = self._made[due.what]
        here = [change.line for change in made if change.uri == due.uri]
        places = self._places[due.what]
        passed = sum(
            bool(here) and min(here) < line < max(here) for uri, line in places if uri == due.uri
        )
        kind = due.kind.value
        traits = {
            kind: 1.0,
            "made twice": float(len(made) >= 2),
            "made three times": float(len(made) >= 3),
            "places passed over": float(passed > 0),
            "above the last": float(bool(here) and due.line < max(here)),
            "not the newest change": float(due.change is not self._newest and self._newest not in made),
            "another file": float(due.uri != due.change.uri),
            "several operations": float(len(due.what) > 1),
            "many places": float(len(places) > 8),
        }
        if due.kind is EditKind.INSERTION or due.kind is EditKind.DELETION:
            traits[f"{kind}: equal neighbours"] = due.beside / 8
        elif due.kind is not EditKind.SAME_LINE:
            traits[f"{kind}: alike"] = due.alike
            traits[f"{kind}: beside"] = due.beside / 8
        return traits
