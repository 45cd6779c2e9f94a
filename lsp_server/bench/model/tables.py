"""Terminal output of `midfill bench model`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_console = Console()
_KEPT = {"kept": "state kept", "cold": "all new"}

POINT_COLUMNS = ("tokens", "ms", "tokens/s", "at least, ms", "share", "bounded by")
ACCOUNT_COLUMNS = ("rows", "ms", "weights", "state", "rest", "shares", "rest, fixed", "growing")
LINE_COLUMNS = ("prompt", "p50 ms", "p95 ms", "tokens")


def point_row(point: Mapping[str, Any], tokens: int) -> list[str]:
    """A measured time beside its bound, for a pass of `tokens` tokens."""
    return [
        str(point["length"]),
        number(point["ms"]),
        number(1000 * tokens / point["ms"]),
        number(point["bound_ms"]),
        number(point["share"], "%"),
        point["bounded_by"],
    ]


def account_row(one: Mapping[str, Any]) -> list[str]:
    """One batch size: parts in milliseconds and as shares of the step, and what the rest is."""
    parts = [one[f"{name}_ms"] for name in ("weights", "state", "rest")]
    return [
        str(one["batch"]),
        number(one["ms"]),
        *(number(part) for part in parts),
        "/".join(number(part / one["ms"], "%") for part in parts),
        number(one["rest_ms"] - one["growing_ms"]),
        number(one["growing_ms"]),
    ]


def line_rows(completion: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Single lines, with the state kept and cold."""
    return [
        [
            _KEPT[name] if one.get("held", True) else "state too large to keep",
            number(one["p50_ms"]),
            number(one["p95_ms"]),
            number(one["tokens"]),
        ]
        for name, one in completion.items()
    ]


def limits_line(limits: Mapping[str, Any]) -> str:
    """The limits in one line."""
    return (
        f"reads {_rate(limits['read_bytes_s'], 'GB/s')}, copies "
        f"{_rate(limits['copy_bytes_s'], 'GB/s')} (read and written), multiplies "
        f"{_rate(limits['operations_s'], 'G operations/s')}"
    )


def number(value: float, unit: str = "") -> str:
    """Three digits that say something; "-" for nan, which was not measured."""
    if math.isnan(value):
        return "-"
    return f"{value:.0%}" if unit == "%" else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - from here on decimals say nothing


def show(figures: Mapping[str, Any], repeats: int) -> None:
    """All figures of one place."""
    _say(f"\n{figures['engine']}, loaded in {figures['load_s']:.1f} s, median of {repeats}")
    limits = figures["limits"]
    _say(f"limits: {limits_line(limits)}")
    for line in (*limits["how"], *limits["reasons"]):
        _say(f"  {line}")
    prefill = [point_row(point, point["length"]) for point in figures["prefill"]]
    _table("First token after a prompt", POINT_COLUMNS, prefill)
    decode = [point_row(point, 1) for point in figures["decode"]]
    _table("A decoded token behind a context", POINT_COLUMNS, decode)
    if account := figures["account"]:
        title = f"A step of CTranslate2 alone behind {account[0]['context']} tokens, ms"
        _table(title, ACCOUNT_COLUMNS, [account_row(one) for one in account])
    _table("A single line", LINE_COLUMNS, line_rows(figures["completion"]))
    anchoring = figures["anchoring"]
    _say(
        f"first token after {anchoring['stable_tokens']} stable and {anchoring['live_tokens']} live"
        f" tokens: {anchoring['kept_ms']:.0f} ms with the kept state, "
        f"{anchoring['whole_ms']:.0f} ms without, ratio {anchoring['ratio']:.2f} "
        f"({anchoring['ratio_min']:.2f} to {anchoring['ratio_max']:.2f})"
    )
    _say(
        f"state: {figures['state_bytes_per_token'] / 1000:.0f} kB a token; memory at most "
        f"{figures['peak_bytes'] / 1e6:,.0f} MB"
    )


def _rate(value: float, unit: str) -> str:
    return f"{number(value / 1e9)} {unit}"


def _say(text: str) -> None:
    _console.print(text, highlight=False, soft_wrap=True)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    _console.print(table)
