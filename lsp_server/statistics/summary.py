"""Sums and shares over stored statistics, for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lsp_server.statistics.store import StatisticsRow


def grouped(
    rows: Iterable[StatisticsRow], key: Callable[[StatisticsRow], str]
) -> dict[str, Counter[str]]:
    """Sums grouped by a part of the key, most shown first."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        one = sums.setdefault(key(row), Counter())
        for name, value in row.sums.items():
            one[name] += value  # type: ignore[assignment]  # shares are no whole numbers
    return dict(sorted(sums.items(), key=lambda item: -seen(item[1])))


def seen(sums: Counter[str]) -> float:
    """Suggestions shown: as editors reported, otherwise those they received."""
    return sums["shown"] or sums["offered"]


def share(part: float, whole: float) -> float | None:
    """A share, or None if the whole is 0."""
    return part / whole if whole else None
