"""Budgets: share the tokens of a prompt between its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def allot(room: int, wants: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, int]:
    """Tokens for each part: at most its share, then of what others leave, in the order of `wants`.

    Args:
        room: tokens there are.
        wants: how many each part could use.
        shares: part of `room` that each may have for certain; together at most 1.

    >>> shares = {"prefix": 0.5, "suffix": 0.25, "context": 0.25}
    >>> allot(100, {"prefix": 90, "suffix": 10, "context": 50}, shares)
    {'prefix': 65, 'suffix': 10, 'context': 25}
    """
    given = {name: min(want, int(room * shares[name])) for name, want in wants.items()}
    left = room - sum(given.values())
    for name, want in wants.items():
        more = min(left, want - given[name])
        given[name] += more
        left -= more
    return given
