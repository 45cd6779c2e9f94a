"""`midfill stats`: how many suggestions were shown, accepted and kept on this machine."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StoreError, reason
from lsp_server.statistics import store
from lsp_server.statistics.summary import FATES, grouped, offered, share
from lsp_server.terminal import confirm, guarded, say, tell

if TYPE_CHECKING:
    import argparse

    from lsp_server.statistics.store import StatisticsRow

_HEADS = ("", "offered", "shown", *FATES, "30 s", "2 min", "10 min")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `stats`."""
    about = "show how many suggestions you accepted; the numbers stay on this machine"
    stats = commands.add_parser("stats", help=about, description=about.capitalize() + ".")
    form = stats.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="print the sums by day, language and source as JSON"
    )
    form.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots")
    form.add_argument("--delete", action="store_true", help="delete all statistics")
    stats.add_argument("--yes", action="store_true", help="delete without asking")
    stats.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Print, write or delete the statistics; returns the exit code."""
    file = store.path()
    try:
        if arguments.delete:
            return _delete(file, yes=arguments.yes)
        rows = store.read(file)
        if arguments.json:
            say(json.dumps([_facts(row) for row in rows], indent=1))
        elif not rows:
            tell("midfill: no statistics yet; they come with the first suggestions of a server")
        elif arguments.html:
            from lsp_server.commands.stats_page import page

            arguments.html.write_text(page(rows), encoding="utf-8")
            say(f"written to {arguments.html}")
        else:
            _print(rows)
    except OSError as error:
        place = error.filename or file
        raise StoreError(f"{place}: {reason(error)}; choose another place") from error
    return 0


def _delete(file: Path, *, yes: bool) -> int:
    if not store.files(file):
        say("there were none")
        return 0
    confirm(f"Delete {file}", yes=yes)
    try:
        store.delete(file)
    except OSError as error:
        raise StoreError(f"{error.filename} was not deleted: {reason(error)}") from error
    say("deleted")
    return 0


def _facts(row: StatisticsRow) -> dict[str, object]:
    return {"day": row.day, "language": row.language, "source": row.source, **row.sums}


def _print(rows: list[StatisticsRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for title, key in (("language", _language), ("source", _source)):
        # 80 columns are enough for the longest names
        table = Table(*_HEADS, title=f"Suggestions by {title}", title_justify="left", box=None)
        table.padding, table.pad_edge = (0, 1, 0, 0), False
        for column in table.columns[1:]:
            column.justify = "right"
        groups = grouped(rows, key)
        for name, sums in [*groups.items(), ("all", sum(groups.values(), Counter()))]:
            table.add_row(name, *_cells(sums))
        console.print(table)
        console.print()
    console.print("Shares are of what was offered, for times of accepted text that was left then.")
    console.print(f"since {rows[0].day}; kept in {store.path()}, nowhere else")


def _cells(sums: Counter[str]) -> list[str]:
    whole = offered(sums)
    counts = [f"{whole:.0f}", f"{sums['shown']:.0f}"]
    for name in FATES:
        part = share(sums[name], whole)
        counts.append("" if part is None else f"{part:.0%}")
    for after in store.SURVIVAL_S:
        left = share(sums[f"kept_{after}"], sums[f"looked_{after}"])
        counts.append("" if left is None else f"{left:.0%}")
    return counts


def _language(row: StatisticsRow) -> str:
    return row.language


def _source(row: StatisticsRow) -> str:
    return row.source
