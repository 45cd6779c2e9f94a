"""Progress of long work: a phase with a total, then the amount done."""

from __future__ import annotations

from typing import Literal, Protocol

Unit = Literal["bytes", "layers"]


class Progress(Protocol):
    """Told about long work. Calls come from one thread, one phase after the other."""

    def start(self, label: str, total: int, unit: Unit) -> None:
        """A phase begins; `total` is in `unit`s."""
        ...

    def at(self, done: int) -> None:
        """So much of the phase is done, from 0 to its total; may jump back when work is redone."""
        ...

    def note(self, message: str) -> None:
        """One line that the user should see, such as a source that failed."""
        ...


class Silent:
    """Progress that nobody watches."""

    def start(self, label: str, total: int, unit: Unit) -> None:
        """Ignore it."""

    def at(self, done: int) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""
