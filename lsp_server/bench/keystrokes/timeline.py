"""Drawing of one replayed task: characters over seconds, with shown and pending suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server.report.plots import (
    INNER,
    LEFT,
    TOP,
    box_at,
    line_from,
    path_through,
    svg_of,
    text_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lsp_server.bench.keystrokes.asking import Event

SECONDS_OF_TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
MOST_TICKS = 12


def timeline(events: Sequence[Event], chars: int) -> str:
    """One task: characters over seconds, spans of shown text and of pending requests."""
    inner, lane = 150, 18
    length = max([1000.0, *(event[0] for event in events)])
    height = TOP + inner + 2 * lane + 34

    def x_of(ms: float) -> float:
        return LEFT + INNER * ms / length

    def y_of(position: float) -> float:
        return TOP + inner * (1 - position / max(1, chars))

    parts = [text_at(LEFT - 8, TOP + 10, f"{chars} chars"), text_at(LEFT - 8, TOP + inner, "0")]
    for seconds in _ticks(length / 1000):
        x = x_of(1000 * seconds)
        parts += [
            line_from(x, TOP, x, height - 22),
            text_at(x, height - 8, f"{seconds:g} s", "middle"),
        ]
    points, position = [(x_of(0), y_of(0))], 0
    for ms, what, number in events:
        if what in {"key", "accept"}:
            points.append((x_of(ms), y_of(position)))
            position = number if what == "key" else position + number
            points.append((x_of(ms), y_of(position)))
        if what == "accept":
            parts.append(box_at(x_of(ms) - 1, TOP, 2, inner, 2, f"{number} characters accepted"))
    parts.append(path_through(points, 0))
    shown_y, asked_y = TOP + inner + 8, TOP + inner + 8 + lane
    parts += [text_at(LEFT - 8, shown_y + 10, "shown"), text_at(LEFT - 8, asked_y + 10, "pending")]
    for start, end, why in spans(events, {"show"}, _HIDDEN):
        colour = 2 if why in {"accepted", "typed"} else 4
        parts.append(box_at(x_of(start), shown_y, x_of(end) - x_of(start), lane - 6, colour, why))
    for start, end, why in spans(events, {"ask"}, _ENDED):
        colour = 0 if why == "answer" else 1
        parts.append(box_at(x_of(start), asked_y, x_of(end) - x_of(start), lane - 6, colour, why))
    return svg_of(height, parts, "Timeline of one session")


_HIDDEN = frozenset({"accepted", "typed", "replaced", "mistyped", "moved", "end"})


_ENDED = frozenset({"answer", "empty", "ask", "key", "accept"})


def spans(
    events: Sequence[Event], begins: Iterable[str], ends: Iterable[str]
) -> list[tuple[float, float, str]]:
    """From each beginning to the next end: start, end, what ended it.

    >>> spans([(1.0, "show", 3), (5.0, "typed", 0)], {"show"}, {"typed"})
    [(1.0, 5.0, 'typed')]
    """
    found: list[tuple[float, float, str]] = []
    start: float | None = None
    for ms, what, _ in events:
        if start is not None and what in ends:
            found.append((start, ms, what))
            start = None
        if what in begins:
            start = ms
    return found


def _ticks(seconds: float) -> list[float]:
    step = next((s for s in SECONDS_OF_TICKS if seconds / s <= MOST_TICKS), SECONDS_OF_TICKS[-1])
    return [step * place for place in range(int(seconds / step) + 1)]
