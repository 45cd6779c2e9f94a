"""An event loop whose time is made up: sleeping costs nothing and repeats exactly."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _SkippingSelector(selectors.DefaultSelector):
    """Where a loop would wait for a timer, lets that much made-up time pass at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Events that are there; without any, the time of the next timer."""
        if timeout is None:
            return super().select(None)
        events = super().select(0)
        if not events and timeout > 0:
            self.now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs as fast as the machine can; `time()` is what the timers believe. No child processes."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Made-up seconds since the loop was made."""
        return self._skipping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in made-up time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
