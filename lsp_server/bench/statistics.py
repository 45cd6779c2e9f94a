"""Intervals and significance tests for counts of right answers."""

from __future__ import annotations

import math

Z_95 = 1.96


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share, both ends from 0 to 1; (0, 0) without trials."""
    if not trials:
        return (0.0, 0.0)
    share = successes / trials
    scale = 1 + z * z / trials
    centre = share + z * z / (2 * trials)
    radius = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (max(0.0, (centre - radius) / scale), min(1.0, (centre + radius) / scale))


def mcnemar(only_one: int, only_other: int) -> float:
    """Two-sided p of the exact McNemar test, from the tasks that only one way gets right."""
    flips = only_one + only_other
    if not flips:
        return 1.0
    tail = sum(math.comb(flips, k) for k in range(min(only_one, only_other) + 1))
    return min(1.0, float(2 * tail / 2**flips))
