"""Statistics as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server.report.page import STYLE
from lsp_server.report.plots import bars
from lsp_server.statistics.store import SURVIVAL_S
from lsp_server.statistics.summary import FATES, grouped, offered, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lsp_server.statistics.store import StatisticsRow

_AFTER = {30: "30 s", 120: "2 min", 600: "10 min"}


def page(rows: Sequence[StatisticsRow]) -> str:
    """The whole page."""
    keys: dict[str, Callable[[StatisticsRow], str]] = {
        "language": lambda row: row.language,
        "answer source": lambda row: row.source,
        "month": lambda row: row.day[:7],
    }
    parts = [
        "<h1>Suggestions on this machine</h1>",
        f"<p>Since {rows[0].day}. These numbers are kept on this machine alone.</p>",
    ]
    for title, key in keys.items():
        parts += [f"<h2>What became of them, by {title}</h2>", _fates(rows, key)]
    parts += ["<h2>What is left of accepted text, by language</h2>", _left(rows)]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>midfill statistics</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def _fates(rows: Sequence[StatisticsRow], key: Callable[[StatisticsRow], str]) -> str:
    groups = grouped(rows, key)
    values = {
        way: {name: share(sums[way], offered(sums)) or 0.0 for name, sums in groups.items()}
        for way in FATES
    }
    return f"<figure>{bars(values)}<figcaption>Share of what was offered.</figcaption></figure>"


def _left(rows: Sequence[StatisticsRow]) -> str:
    groups = grouped(rows, lambda row: row.language)
    values = {
        _AFTER[after]: {
            name: left
            for name, sums in groups.items()
            if (left := share(sums[f"kept_{after}"], sums[f"looked_{after}"])) is not None
        }
        for after in SURVIVAL_S
    }
    caption = "Share of the accepted characters that an edit distance still finds."
    return f"<figure>{bars(values)}<figcaption>{caption}</figcaption></figure>"
