"""An event loop with simulated time: sleeping costs nothing and repeats exactly."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_TICK_S = 1e-11
"""Passes whenever the loop looks around, as it does on a real clock: no timer can be so near that
it is always due and never over."""
_LEAST_STEP_S = 1e-6
_LOOK_S = 0.0005


def _nobody() -> bool:
    return False


class _SkippingSelector(selectors.DefaultSelector):
    """Where a loop would wait for a timer, lets that much simulated time pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.busy: Callable[[], bool] = _nobody

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Events that are there; without any, the time of the next timer."""
        self.now += _TICK_S
        if timeout is not None and timeout <= 0:
            return super().select(0)
        while self.busy():
            if events := super().select(_LOOK_S):
                return events
        if timeout is None:
            return super().select(None)
        events = super().select(0)
        if not events:
            self.now += max(timeout, _LEAST_STEP_S)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs as fast as the machine can; `time()` is what the timers believe. No child processes."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Made-up seconds since the loop was made."""
        return self._skipping.now

    def wait_for(self, busy: Callable[[], bool]) -> None:
        """Let no time pass while `busy` says that another thread works for this loop."""
        self._skipping.busy = busy


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in simulated time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
