"""Plots as inline SVG text; colours are the page's variables."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lsp_server.bench.keystrokes.typist import Event

WIDTH, LEFT, RIGHT, TOP = 860, 110, 20, 12
INNER = WIDTH - LEFT - RIGHT
COLOURS = 6
SECONDS_OF_TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
MOST_TICKS = 12
LEAST_APART = 30
"""Between the numbers below an axis."""


def _svg(height: float, parts: Iterable[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "end") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _box(x: float, y: float, width: float, height: float, colour: int, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.5, width):.1f}" height="{height:.1f}" '
        f'fill="var(--c{colour % COLOURS})">{inside}</rect>'
    )


def _path(points: Sequence[tuple[float, float]], colour: int, dashes: str = "") -> str:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{line}" fill="none" stroke="var(--c{colour % COLOURS})" '
        f'stroke-width="2" stroke-dasharray="{dashes}"/>'
    )


def bars(values: Mapping[str, Mapping[str, float]]) -> str:
    """Shares (0 to 1) by run and group: a row for each run within each group."""
    groups = sorted({group for one in values.values() for group in one})
    row, gap = 16, 10
    highest = max([0.1, *(v for one in values.values() for v in one.values())])
    parts, y = [], float(TOP)
    for group in groups:
        parts.append(_text(LEFT - 8, y + 12, group))
        for colour, (name, one) in enumerate(values.items()):
            share = one.get(group, 0.0)
            width = INNER * 0.7 * max(0.0, share) / highest
            parts.append(_box(LEFT, y, width, row - 3, colour, f"{name}: {100 * share:.1f}%"))
            parts.append(_text(LEFT + width + 6, y + 11, f"{100 * share:.1f}% {name}", "start"))
            y += row
        y += gap
    return _svg(y, parts, "Keys saved by language")


def latency_curves(samples: Mapping[str, Sequence[float]]) -> str:
    """Cumulative shares over milliseconds (logarithmic from 0.1), a line for each source."""
    height, bottom = 230, 26
    inner = height - TOP - bottom
    longest = max([10.0, *(value for values in samples.values() for value in values)])
    decades = math.ceil(math.log10(longest)) + 1

    def x_of(ms: float) -> float:
        return LEFT + INNER * 0.8 * (math.log10(max(0.1, ms)) + 1) / decades

    def y_of(share: float) -> float:
        return TOP + inner * (1 - share)

    parts = []
    for power in range(-1, decades):
        x = x_of(10**power)
        parts += [_line(x, TOP, x, TOP + inner), _text(x, height - 8, f"{10.0**power:g}", "middle")]
    for share in (0, 0.5, 0.95, 1):
        y = y_of(share)
        parts += [_line(LEFT, y, LEFT + INNER * 0.8, y), _text(LEFT - 8, y + 4, f"{share:.0%}")]
    for colour, (source, values) in enumerate(sorted(samples.items())):
        points = [(x_of(0.1), y_of(0))]
        for place, value in enumerate(sorted(values)):
            points += [
                (x_of(value), y_of(place / len(values))),
                (x_of(value), y_of((place + 1) / len(values))),
            ]
        points.append((x_of(10 ** (decades - 1)), y_of(1)))
        parts.append(_path(points, colour))
        at = TOP + 14 + 16 * colour
        parts.append(_box(LEFT + INNER * 0.83, at - 8, 10, 8, colour))
        parts.append(_text(LEFT + INNER * 0.83 + 16, at, f"{source} ({len(values)})", "start"))
    return _svg(height, parts, "Latency distribution by source")


def curves(
    measured: Mapping[str, Mapping[float, float]],
    bounds: Mapping[str, Mapping[float, float]],
    label: str,
    lines: Mapping[str, float] | None = None,
) -> str:
    """Values over lengths, from zero; bounds are dashed in the colour of what they bound.

    Args:
        measured: values by length, by name.
        bounds: the same, for some of the names.
        label: what the values are.
        lines: values that stand for themselves, such as a limit, by name.
    """
    plot, axis, row_height = 230, 26, 16
    rows = [*measured.values(), *bounds.values()]
    most_x = max([1.0, *(x for row in rows for x in row)])
    most_y = max([*(y for row in rows for y in row.values()), *(lines or {}).values(), 1e-9])
    step = _round_step(most_y)

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + INNER * x / most_x, TOP + (plot - TOP) * (1 - y / most_y)

    parts = []
    for tick in range(math.floor(most_y / step) + 1):
        y = at(0, tick * step)[1]
        parts += [_line(LEFT, y, LEFT + INNER, y), _text(LEFT - 8, y + 4, f"{tick * step:g}")]
    taken = -LEFT * 1.0
    for x in sorted({x for row in rows for x in row}):
        if (place := at(x, 0)[0]) > taken + LEAST_APART:
            parts.append(_text(place, plot + axis - 10, f"{x:g}", "middle"))
            taken = place
    for name, value in (lines or {}).items():
        y = at(0, value)[1]
        parts.append(_path([(LEFT, y), (LEFT + INNER, y)], 4, "2 3"))
        parts.append(_text(LEFT + INNER, y + 12, name))
    for colour, (name, row) in enumerate(measured.items()):
        bound = bounds.get(name, {})
        parts.append(_path([at(x, y) for x, y in sorted(row.items())], colour))
        parts.append(_path([at(x, y) for x, y in sorted(bound.items())], colour, "6 4"))
        y = plot + axis + 10 + row_height * colour
        parts += [_box(LEFT, y - 9, 10, 8, colour), _text(LEFT + 16, y, name, "start")]
    return _svg(plot + axis + row_height * len(measured), parts, label)


def _round_step(most: float) -> float:
    """A round number that goes three to seven times into `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * part for part in (0.2, 0.5, 1.0, 2.0) if most / (power * part) <= 7)  # noqa: PLR2004 - of the docstring


def reliability(bins: Sequence[tuple[float, float, float, float]], power: float) -> str:
    """Shares that were right, with intervals, over mean probabilities, and the curve p ** power.

    The picture brings its own colours, since it stands alone in the docs.
    """
    size, edge, blue = 320, 44, "#2563eb"

    def x_of(value: float) -> float:
        return edge + (size - edge - TOP) * value

    def y_of(value: float) -> float:
        return TOP + (size - edge - TOP) * (1 - value)

    parts = [f'<rect width="{size}" height="{size}" fill="white"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts += [
            _line(x_of(0), y_of(tick), x_of(1), y_of(tick)),
            _text(x_of(tick), size - 26, f"{tick:g}", "middle"),
        ]
        parts.append(_text(edge - 6, y_of(tick) + 4, f"{tick:g}"))
    for exponent, dashes in ((1.0, "2 4"), (power, "")):
        line = " ".join(f"{x_of(p / 50):.1f},{y_of((p / 50) ** exponent):.1f}" for p in range(51))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="#777" stroke-dasharray="{dashes}"/>'
        )
    for predicted, right, low, high in bins:
        x = x_of(predicted)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y_of(low):.1f}" y2="{y_of(high):.1f}" '
            f'stroke="{blue}"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y_of(right):.1f}" r="4" fill="{blue}"/>')
    parts.append(_text(x_of(0.5), size - 6, "probability that the model gives", "middle"))
    parts.append(_text(x_of(0.5), TOP - 1, f"share that was right; curve p^{power:.2f}", "middle"))
    style = "<style>text{font:11px sans-serif}.grid{stroke:#ddd}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" role="img">'
        + style
        + "".join(parts)
        + "</svg>\n"
    )


def timeline(events: Sequence[Event], chars: int) -> str:
    """One task: characters over seconds, spans of shown text and of pending requests."""
    inner, lane = 150, 18
    length = max([1000.0, *(event[0] for event in events)])
    height = TOP + inner + 2 * lane + 34

    def x_of(ms: float) -> float:
        return LEFT + INNER * ms / length

    def y_of(position: float) -> float:
        return TOP + inner * (1 - position / max(1, chars))

    parts = [_text(LEFT - 8, TOP + 10, f"{chars} chars"), _text(LEFT - 8, TOP + inner, "0")]
    for seconds in _ticks(length / 1000):
        x = x_of(1000 * seconds)
        parts += [
            _line(x, TOP, x, height - 22),
            _text(x, height - 8, f"{seconds:g} s", "middle"),
        ]
    points, position = [(x_of(0), y_of(0))], 0
    for ms, what, number in events:
        if what in {"key", "accept"}:
            points.append((x_of(ms), y_of(position)))
            position = number if what == "key" else position + number
            points.append((x_of(ms), y_of(position)))
        if what == "accept":
            parts.append(_box(x_of(ms) - 1, TOP, 2, inner, 2, f"{number} characters accepted"))
    parts.append(_path(points, 0))
    shown_y, asked_y = TOP + inner + 8, TOP + inner + 8 + lane
    parts += [_text(LEFT - 8, shown_y + 10, "shown"), _text(LEFT - 8, asked_y + 10, "pending")]
    for start, end, why in spans(events, {"show"}, _HIDDEN):
        colour = 2 if why in {"accepted", "typed"} else 4
        parts.append(_box(x_of(start), shown_y, x_of(end) - x_of(start), lane - 6, colour, why))
    for start, end, why in spans(events, {"ask"}, _ENDED):
        colour = 0 if why == "answer" else 1
        parts.append(_box(x_of(start), asked_y, x_of(end) - x_of(start), lane - 6, colour, why))
    return _svg(height, parts, "Timeline of one session")


_HIDDEN = frozenset({"accepted", "typed", "replaced", "mistyped", "end"})
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
