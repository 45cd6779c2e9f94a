"""`midfill bench model --html`: a self-contained page with plots."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from lsp_server.bench.model import tables
from lsp_server.report.page import document, figure, paragraphs, ran_on, table
from lsp_server.report.plots import curves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TARGETS = (
    "Targets: a single line by the 1.5B behind a prompt of 1,500 tokens within {card[p50_ms]} ms "
    "(p50) and {card[p95_ms]} ms (p95) on a data-centre card, {small[p50_ms]} ms on one of 8 GB."
)
_ACCOUNT = (
    "Milliseconds, and weights and state at the bandwidth measured above: the weights are read "
    "once; the state is read, written and read again, since CTranslate2 copies it at every step. "
    "Of the rest, the fixed part is launches, small kernels and waiting, and the growing part "
    "attention and copies that are slower than the bandwidth; negative where a cache gives more."
)


def page(found: Mapping[str, Any]) -> str:
    """The whole report of a document of `midfill bench model --json`."""
    results: Sequence[Mapping[str, Any]] = found["results"]
    targets = found["targets_ms"]
    about = [
        ran_on(found["environment"]),
        *(_device(one) for one in results),
        f"Median of {found['repeats']} runs; percentiles are nearest-rank.",
        _TARGETS.format(card=targets["data-centre card"], small=targets["8 GB card"]),
    ]
    parts = [paragraphs(about), *(f'<p class="warn">{line}</p>' for line in _escaped(found))]
    if results:
        parts += [
            "<h2>A single line</h2>",
            *_lines(results, targets),
            "<h2>Reading a prompt</h2>",
            *_points(results, "prefill", "First token after a prompt, ms over tokens."),
            "<h2>Decoding</h2>",
            *_points(results, "decode", "A decoded token, ms over tokens of context."),
            "<h2>Where a decoding step's time goes</h2>",
            *_accounts(results),
        ]
    return document("The model on this machine", parts)


def _escaped(found: Mapping[str, Any]) -> Iterable[str]:
    for one in found["results"]:
        yield from (escape(f"{one['engine']}: {why}") for why in one["limits"]["reasons"])
    yield from (escape(line) for line in found["failures"])


def _device(one: Mapping[str, Any]) -> str:
    device, limits = one["device"], one["limits"]
    driver = f", driver {device['driver']}" if device.get("driver") else ""
    return (
        f"{one['engine']}{driver}: {tables.limits_line(limits)}. {'; '.join(limits['how'])}. "
        f"Memory at most {one['peak_bytes'] / 1e6:,.0f} MB."
    )


def _lines(
    results: Sequence[Mapping[str, Any]], targets: Mapping[str, Mapping[str, float]]
) -> Iterable[str]:
    rows = [[one["engine"], *row] for one in results for row in tables.line_rows(one["completion"])]
    for name, each in targets.items():
        times = (tables.number(each.get(key, math.nan)) for key in ("p50_ms", "p95_ms"))
        rows.append([f"target, {name}", "", *times, ""])
    yield table(["", *tables.LINE_COLUMNS], rows)


def _points(results: Sequence[Mapping[str, Any]], kind: str, caption: str) -> Iterable[str]:
    def rows(name: str) -> dict[str, dict[float, float]]:
        return {
            one["engine"]: {
                point["length"]: point[name] for point in one[kind] if not math.isnan(point[name])
            }
            for one in results
        }

    measured, bounds = rows("ms"), rows("bound_ms")
    yield figure(curves(measured, bounds, caption), f"{caption} Dashed: the roofline.")
    shares = rows("share")
    if any(shares.values()):
        plot = curves(shares, {}, "Share of the roofline", {"the roofline": 1.0})
        yield figure(plot, "Share of the roofline, over the same tokens.")
    body = [
        [one["engine"], *tables.point_row(point, point["length"] if kind == "prefill" else 1)]
        for one in results
        for point in one[kind]
    ]
    yield table(["", *tables.POINT_COLUMNS], body)


def _accounts(results: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    yield paragraphs([_ACCOUNT])
    rows = [
        [one["engine"], *tables.account_row(each)] for one in results for each in one["account"]
    ]
    yield table(["", *tables.ACCOUNT_COLUMNS], rows)
