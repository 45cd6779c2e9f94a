"""Plots as inline SVG text; colours are the page's variables."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


WIDTH, LEFT, RIGHT, TOP = 860, 110, 20, 12
INNER = WIDTH - LEFT - RIGHT
COLOURS = 6
LEAST_APART = 30
"""Between the numbers below an axis."""


def svg_of(height: float, parts: Iterable[str], label: str) -> str:
    """A drawing as wide as the page, `height` units high."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def text_at(x: float, y: float, text: str, anchor: str = "end") -> str:
    """A text at a point."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def line_from(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line of the grid."""
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def box_at(x: float, y: float, width: float, height: float, colour: int, title: str = "") -> str:
    """A filled box, with a tooltip where `title` is given."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.5, width):.1f}" height="{height:.1f}" '
        f'fill="var(--c{colour % COLOURS})">{inside}</rect>'
    )


def path_through(points: Sequence[tuple[float, float]], colour: int, dashes: str = "") -> str:
    """A line through points."""
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
        parts.append(text_at(LEFT - 8, y + 12, group))
        for colour, (name, one) in enumerate(values.items()):
            share = one.get(group, 0.0)
            width = INNER * 0.7 * max(0.0, share) / highest
            parts.append(box_at(LEFT, y, width, row - 3, colour, f"{name}: {100 * share:.1f}%"))
            parts.append(text_at(LEFT + width + 6, y + 11, f"{100 * share:.1f}% {name}", "start"))
            y += row
        y += gap
    return svg_of(y, parts, "Keys saved by language")


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
        parts += [
            line_from(x, TOP, x, TOP + inner),
            text_at(x, height - 8, f"{10.0**power:g}", "middle"),
        ]
    for share in (0, 0.5, 0.95, 1):
        y = y_of(share)
        parts += [
            line_from(LEFT, y, LEFT + INNER * 0.8, y),
            text_at(LEFT - 8, y + 4, f"{share:.0%}"),
        ]
    for colour, (source, values) in enumerate(sorted(samples.items())):
        points = [(x_of(0.1), y_of(0))]
        for place, value in enumerate(sorted(values)):
            points += [
                (x_of(value), y_of(place / len(values))),
                (x_of(value), y_of((place + 1) / len(values))),
            ]
        points.append((x_of(10 ** (decades - 1)), y_of(1)))
        parts.append(path_through(points, colour))
        at = TOP + 14 + 16 * colour
        parts.append(box_at(LEFT + INNER * 0.83, at - 8, 10, 8, colour))
        parts.append(text_at(LEFT + INNER * 0.83 + 16, at, f"{source} ({len(values)})", "start"))
    return svg_of(height, parts, "Latency distribution by source")


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
        parts += [line_from(LEFT, y, LEFT + INNER, y), text_at(LEFT - 8, y + 4, f"{tick * step:g}")]
    taken = -LEFT * 1.0
    for x in sorted({x for row in rows for x in row}):
        if (place := at(x, 0)[0]) > taken + LEAST_APART:
            parts.append(text_at(place, plot + axis - 10, f"{x:g}", "middle"))
            taken = place
    for name, value in (lines or {}).items():
        y = at(0, value)[1]
        parts.append(path_through([(LEFT, y), (LEFT + INNER, y)], 4, "2 3"))
        parts.append(text_at(LEFT + INNER, y + 12, name))
    for colour, (name, row) in enumerate(measured.items()):
        bound = bounds.get(name, {})
        parts.append(path_through([at(x, y) for x, y in sorted(row.items())], colour))
        parts.append(path_through([at(x, y) for x, y in sorted(bound.items())], colour, "6 4"))
        y = plot + axis + 10 + row_height * colour
        parts += [box_at(LEFT, y - 9, 10, 8, colour), text_at(LEFT + 16, y, name, "start")]
    return svg_of(plot + axis + row_height * len(measured), parts, label)


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
            line_from(x_of(0), y_of(tick), x_of(1), y_of(tick)),
            text_at(x_of(tick), size - 26, f"{tick:g}", "middle"),
        ]
        parts.append(text_at(edge - 6, y_of(tick) + 4, f"{tick:g}"))
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
    parts.append(text_at(x_of(0.5), size - 6, "probability that the model gives", "middle"))
    parts.append(
        text_at(x_of(0.5), TOP - 1, f"share that was right; curve p^{power:.2f}", "middle")
    )
    style = "<style>text{font:11px sans-serif}.grid{stroke:#ddd}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" role="img">'
        + style
        + "".join(parts)
        + "</svg>\n"
    )
