"""Whom to call when something is done: each once, on the event loop, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Waiters:
    """Callbacks in the order in which they began to wait. All methods belong on the event loop."""

    def __init__(self, tell: Callable[..., object]) -> None:
        """Begin with nobody.

        Args:
            tell: calls a function with arguments on the event loop, from any thread.
        """
        self._tell = tell
        self._last = 0
        self._waiting: dict[int, Callable[[], object]] = {}

    def after(
        self, work: Callable[[], object], then: Callable[[], object], *, older: bool = False
    ) -> Callable[[], None]:
        """A job for any thread: some work and then, also when it raised, the call.

        Args:
            work: what to do.
            then: whom to call.
            older: call all who have waited for longer, too: this work is in the place of theirs.
        """
        self._last += 1
        turn = self._last
        self._waiting[turn] = then

        def job() -> None:
            try:
                work()
            finally:
                self._tell(self._call_older if older else self._call, turn)

        return job

    def call_all(self) -> None:
        """Call everybody: nothing will be done any more."""
        self._tell(self._call_older, self._last)

    def _call_older(self, last: int) -> None:
        for turn in [turn for turn in self._waiting if turn <= last]:
            self._tell(self._call, turn)  # each by itself, since one may raise

    def _call(self, turn: int) -> None:
        then = self._waiting.pop(turn, None)
        if then is not None:
            then()
