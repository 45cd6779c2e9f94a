"""When to restart a failed engine: soon, then later, then only after a long pause."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF_S = (0.0, 1.0, 5.0)
"""Pauses before the restarts that follow each other without a good generation in between."""

REST_S = 300.0
"""After the last of them, one more attempt is allowed when so much time went by."""


class Backoff:
    """Back-off and circuit breaker for engine starts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without failures."""
        self._clock = clock
        self._opened_at = 0.0
        self.failures = 0
        """Failures since the last good generation."""

    def forgive(self) -> None:
        """Forget earlier failures, because a generation succeeded."""
        self.failures = 0

    def pause_s(self) -> float | None:
        """Count a failure; returns the pause before the next start, None to stay silent."""
        self.failures += 1
        if self.failures <= len(BACK_OFF_S):
            return BACK_OFF_S[self.failures - 1]
        self._opened_at = self._clock()
        return None

    def rested(self) -> bool:
        """Whether an abandoned engine may be tried once more."""
        return self.failures > len(BACK_OFF_S) and self._clock() - self._opened_at >= REST_S
