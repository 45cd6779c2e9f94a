"""What the user changed lately, as edits: grouped by time and place, without what was undone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from context.next_edit.regions import Region, regions, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.text import Text

MOST_CHANGES: Final = 32
"""Changes that are remembered, over all files."""
JOIN_S: Final = 60.0
"""Typing that goes on at the same place within this time is one change."""
MOST_AT_ONCE: Final = 4
"""More places changed at one moment are no typing: a formatter, a checkout, search-and-replace."""
MOST_LINES: Final = 200
"""A longer change is a file that was replaced, not an edit."""
_MOST_UNDONE: Final = 64
_MOST_TEXTS: Final = 64
"""Texts of a document that are kept; neighbouring ones share nearly all of their lines."""


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One edit of the user.

    Attributes:
        uri: the document.
        language: LSP language identifier.
        old: lines that were there, without endings; () where lines were added.
        new: lines that are there now; () where lines were taken out.
        line: 0-based line where `new` begins in the text of now.
        above: the line above, "" at the top.
        below: the line below, "" at the end.
        time_s: when it was made last, in seconds.
        number: counts the changes; typing that goes on keeps it.
    """

    uri: str
    language: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    line: int
    above: str
    below: str
    time_s: float
    number: int

    @property
    def end(self) -> int:
        """The line behind the change."""
        return self.line + len(self.new)

    def touches(self, line: int, end: int) -> bool:
        """Whether no line stands between the change and lines `line` up to `end`."""
        return line <= self.end and end >= self.line

    def overlaps(self, line: int, end: int) -> bool:
        """Whether they share a line, or one lies inside the other."""
        return line < self.end and end > self.line


class EditLog:
    """The last changes, the newest last, with their places kept up to date."""

    def __init__(self) -> None:
        self._changes: deque[LoggedChange] = deque(maxlen=MOST_CHANGES)
        self._undone: deque[LoggedChange] = deque(maxlen=_MOST_UNDONE)
        self._count = 0
        self._left: dict[str, deque[Text]] = {}

    @property
    def changes(self) -> tuple[LoggedChange, ...]:
        """The changes, the oldest first."""
        return tuple(self._changes)

    @property
    def newest(self) -> int:
        """Number of the newest change, 0 when there is none."""
        return self._changes[-1].number if self._changes else 0

    @property
    def undone(self) -> tuple[LoggedChange, ...]:
        """Changes that were taken back; nobody wants to be offered them again."""
        return tuple(self._undone)

    def note(self, uri: str, language: str, before: Text, after: Text, time_s: float) -> None:
        """A document changed.

        Args:
            uri: the document.
            language: LSP language identifier.
            before: its text before the change.
            after: its text now.
            time_s: when, in seconds; never smaller than before.
        """
        self._left.setdefault(uri, deque(maxlen=_MOST_TEXTS)).append(before)
        found = regions(before, after)
        if found is None:
            self.forget(uri)
            return
        typed = len(found) <= MOST_AT_ONCE and all(
            max(len(region.old), len(region.new)) <= MOST_LINES for region in found
        )
        for region in found:
            # a region's line counts the regions above as applied, and those below do not move it
            number = self._count = self._count + 1
            joined, number = self._join(uri, region, time_s, number) if typed else (None, number)
            if not typed:
                self._drop(uri, region)
            self._move(uri, region)
            if joined is not None:
                around = joined.around(after)
                self._changes.append(
                    LoggedChange(
                        uri, language, joined.old, joined.new, joined.line, *around, time_s, number
                    )
                )

    def was_left(self, uri: str, text: Text) -> bool:
        """Whether a document had this text not long ago, and the user changed it."""
        return any(text == left for left in self._left.get(uri, ()))

    def forget(self, uri: str) -> None:
        """Drop a document's changes: it was closed, or read anew from the disk."""
        self._keep(lambda change: change.uri != uri)
        self._left.pop(uri, None)

    def _join(
        self, uri: str, region: Region, time_s: float, number: int
    ) -> tuple[Region | None, int]:
        """The region together with the change it continues, and the number of both.

        A region that takes changes back leaves nothing.
        """
        end = region.line + len(region.old)
        newest = self._changes[-1] if self._changes else None
        for change in reversed(self.changes):
            if change.uri != uri or not change.touches(region.line, end):
                continue
            both = _together(change, region)
            undoes = not (both.old or both.new)
            if undoes or (change is newest and time_s - change.time_s <= JOIN_S):
                self._changes.remove(change)
                if undoes:
                    self._undone.append(replace(change, time_s=time_s))
                    return None, number
                region, number = both, change.number
                end = region.line + len(region.old)
            elif change.overlaps(region.line, end):
                self._changes.remove(change)  # what it made is no longer there
        return region, number

    def _drop(self, uri: str, region: Region) -> None:
        """Forget the changes that something else wrote over."""
        end = region.line + len(region.old)
        self._keep(lambda change: change.uri != uri or not change.overlaps(region.line, end))

    def _move(self, uri: str, region: Region) -> None:
        by = len(region.new) - len(region.old)
        if by:
            for index, change in enumerate(self._changes):
                if change.uri == uri and change.line >= region.line + len(region.old):
                    self._changes[index] = replace(change, line=change.line + by)

    def _keep(self, wanted: Callable[[LoggedChange], bool]) -> None:
        self._changes = deque(filter(wanted, self._changes), maxlen=MOST_CHANGES)


def _together(change: LoggedChange, region: Region) -> Region:
    """What a change and one that touches it did together."""
    end = region.line + len(region.old)
    old = (
        *region.old[: max(0, change.line - region.line)],
        *change.old,
        *region.old[max(0, change.end - region.line) :],
    )
    new = (
        *change.new[: max(0, region.line - change.line)],
        *region.new,
        *change.new[max(0, end - change.line) :],
    )
    return trimmed(Region(min(change.line, region.line), old, new))
