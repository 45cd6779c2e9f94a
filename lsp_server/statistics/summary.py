"""Sums and shares over stored statistics, for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lsp_server.statistics.store import StatisticsRow


FATES: Final = ("accepted", "partly", "typed", "rejected")
"""What becomes of a suggestion; each has one of them at most."""


def grouped(
    rows: Iterable[StatisticsRow], key: Callable[[StatisticsRow], str]
) -> dict[str, Counter[str]]:
    """Sums grouped by a part of the key, most offered first."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        one = sums.setdefault(key(row), Counter())
        for name, value in row.sums.items():
            one[name] += value  # type: ignore[assignment]  # shares are no whole numbers
    return dict(sorted(sums.items(), key=lambda item: -offered(item[1])))


def offered(sums: Counter[str]) -> float:
    """Suggestions that editors received: the whole of all shares.

    Not those that editors report as shown, since some report none. Of statistics that were deleted
    in between, only fates are there.
    """
    return max(sums["offered"], sum(sums[fate] for fate in FATES))


def share(part: float, whole: float) -> float | None:
    """A share, or None if the whole is 0."""
    return part / whole if whole else None
