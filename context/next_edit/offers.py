"""What was offered already: nobody wants to see again what was dismissed, or left alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from context.next_edit.due import Due

_MOST_KEPT: Final = 128


@dataclass(frozen=True, slots=True)
class _PastOffer:
    """An edit at a place, which later changes may have moved up or down."""

    due: Due
    below: int
    newest: int
    dismissed: bool

    def is_of(self, due: Due, below: int) -> bool:
        """Whether it is the same edit: nothing moves both its line and what is below it."""
        mine = self.due
        return (mine.uri, mine.old, mine.new) == (due.uri, due.old, due.new) and (
            mine.line == due.line or self.below == below
        )


class PastOffers:
    """The last offers, and what became of them."""

    def __init__(self) -> None:
        self._kept: deque[_PastOffer] = deque(maxlen=_MOST_KEPT)

    def shown(self, parts: Iterable[Due], size: int, newest: int) -> None:
        """An edit was offered.

        Args:
            parts: the findings that it was made of.
            size: lines of the document.
            newest: number of the newest change.
        """
        for due in parts:
            known = self._find(due, size)
            if known is None:
                self._kept.append(_PastOffer(due, size - due.line, newest, dismissed=False))
            elif known.newest != newest:
                self._kept.remove(known)
                self._kept.append(replace(known, newest=newest))

    def dismiss(self, parts: Iterable[Due], size: int) -> None:
        """The user does not want an edit."""
        for due in parts:
            known = self._find(due, size)
            if known is not None:
                self._kept.remove(known)
            self._kept.append(_PastOffer(due, size - due.line, 0, dismissed=True))

    def unwanted(self, due: Due, size: int, newest: int) -> bool:
        """Whether an edit was dismissed, or offered before the newest change and left alone.

        Args:
            due: the edit.
            size: lines of the document.
            newest: number of the newest change.
        """
        known = self._find(due, size)
        return known is not None and (known.dismissed or known.newest != newest)

    def _find(self, due: Due, size: int) -> _PastOffer | None:
        below = size - due.line
        return next((offer for offer in reversed(self._kept) if offer.is_of(due, below)), None)
