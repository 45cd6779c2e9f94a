"""`midfill bench bodies`: from options to rows, figures and a table."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from lsp_server.bench import environment
from lsp_server.bench.accuracy import programs
from lsp_server.bench.accuracy.run import why_not_run
from lsp_server.bench.accuracy.scores import edit_similarity
from lsp_server.bench.bodies.rest import BodyRow, Rest
from lsp_server.bench.bodies.tasks import read_bodies
from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.contestants import rates_of, settings_of
from lsp_server.bench.keystrokes.metrics import percentile
from lsp_server.bench.keystrokes.results import plain
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.result_files import Format, require_folder
from lsp_server.bench.servers.language_server import LanguageServer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Sequence

    from lsp_server.bench.bodies.tasks import BodyTask
    from lsp_server.bench.servers.base import Server

FORMAT: Final = Format("bodies", 1, "midfill bench bodies --json")
_COMMAND: Final = ("-m", "lsp_server", "serve", "--stdio", "--process", "own")
_console = Console()


def run(arguments: argparse.Namespace) -> int:
    """Measure what the options say; returns the exit code.

    Raises:
        BenchError: something about the options, the tasks or the files.
        ServerFaultError: the server failed.
    """
    require_folder(arguments.json)
    tasks = read_bodies(arguments.tasks, quick=arguments.quick)
    if arguments.count and arguments.count < len(tasks):
        tasks = Random(arguments.seed).sample(tasks, arguments.count)  # noqa: S311 -- no key
    start = _starter(arguments)
    loop = virtual_time.run if arguments.simulate else asyncio.run
    rows = loop(measure(tasks, start, arguments.rest))
    skipped: dict[str, str] = {}
    if not arguments.no_exec:
        skipped = why_not_run([task.hole for task in tasks], weak=arguments.open_sandbox)
        rows = [judged(row, task, skipped) for row, task in zip(rows, tasks, strict=True)]
    found = figures(rows)
    if arguments.json:
        about = {
            "environment": {**environment.describe(), "simulated": arguments.simulate},
            "options": {"tasks": arguments.tasks.name, "rest_ms": arguments.rest},
            "skipped": skipped,
            "figures": plain(found),
            "rows": [plain(asdict(row)) for row in rows],
        }
        FORMAT.save(arguments.json, about)
    _show(found, skipped)
    return 0


def _starter(arguments: argparse.Namespace) -> Callable[[], Awaitable[Server]]:
    settings = settings_of(arguments.settings)
    if not arguments.simulate:
        command = [sys.executable, *_COMMAND]
        return partial(LanguageServer.start, command, settings, growing=True)
    from lsp_server.bench.servers.simulated import SimulatedServer

    rates = rates_of(arguments.simulate)
    return partial(SimulatedServer.start, settings, rates, arguments.memo, growing=True)


async def measure(
    tasks: Sequence[BodyTask], start: Callable[[], Awaitable[Server]], rest_ms: float
) -> list[BodyRow]:
    """Wait for all bodies, one after another; programs are not run yet."""
    server = await start()
    rows = []
    try:
        for task in tasks:
            await server.open(task.typing())
            rest = Rest(task, server, User(0), Typing(), rest_ms)
            await rest.run()
            await server.close_task()
            rows.append(
                BodyRow(
                    id=task.hole.id,
                    lang=task.hole.lang,
                    shown=rest.shown,
                    taken=rest.taken,
                    accepts=rest.accepts,
                    first_ms=rest.first_ms,
                    whole_ms=rest.whole_ms,
                    similarity=edit_similarity(rest.shown, task.hole.answer),
                    taken_similarity=edit_similarity(rest.taken, task.hole.answer),
                )
            )
    finally:
        await server.stop()
    return rows


def judged(row: BodyRow, task: BodyTask, skipped: dict[str, str]) -> BodyRow:
    """The row with the verdict of its tests, where it has some that can run here."""
    kind = (task.hole.fields.get("exec") or {}).get("kind")
    if kind not in {"humaneval", "multipl-e"} or f"{task.hole.lang} ({kind})" in skipped:
        return row
    shown = programs.check(task.completed(row.shown), "") if row.shown else None
    same = row.taken == row.shown
    taken = shown if same else programs.check(task.completed(row.taken), "")
    return replace(
        row,
        passed=shown is not None and shown.passed,
        taken_passed=taken is not None and taken.passed,
        message="" if taken is None else taken.message,
    )


def figures(rows: Sequence[BodyRow]) -> dict[str, float]:
    """What docs/lab/benchmarks.md defines; shares of all bodies, or of those with tests."""
    offered = [row for row in rows if row.shown]
    tested = [row for row in rows if row.passed is not None]

    def share(count: int, of: Sequence[BodyRow]) -> float:
        return count / len(of) if of else float("nan")

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else float("nan")

    return {
        "bodies": len(rows),
        "offered": share(len(offered), rows),
        "lines": mean([row.lines for row in offered]),
        "similarity": mean([row.similarity for row in rows]),
        "taken_similarity": mean([row.taken_similarity for row in rows]),
        "accepts": mean([row.accepts for row in rows]),
        "tested": len(tested),
        "passed": share(sum(row.passed is True for row in tested), tested),
        "taken_passed": share(sum(row.taken_passed is True for row in tested), tested),
        "first_p50": percentile([row.first_ms for row in offered], 0.5),
        "whole_p50": percentile([row.whole_ms for row in offered], 0.5),
        "whole_p95": percentile([row.whole_ms for row in offered], 0.95),
    }


_ROWS: Final = (
    ("bodies", "bodies", "{:.0f}"),
    ("offered", "offered", "{:.1%}"),
    ("lines", "lines of an offer", "{:.2f}"),
    ("similarity", "edit similarity, 0-100", "{:.1f}"),
    ("tested", "with tests", "{:.0f}"),
    ("passed", "pass as offered", "{:.1%}"),
    ("accepts", "accepts until nothing comes", "{:.2f}"),
    ("taken_similarity", "edit similarity then", "{:.1f}"),
    ("taken_passed", "pass then", "{:.1%}"),
    ("first_p50", "Enter to first text ms p50", "{:.0f}"),
    ("whole_p50", "Enter to last change ms p50", "{:.0f}"),
    ("whole_p95", "Enter to last change ms p95", "{:.0f}"),
)


def _show(found: dict[str, float], skipped: dict[str, str]) -> None:
    table = Table(title="Bodies", title_justify="left", show_header=False)
    for name, label, form in _ROWS:
        value = found[name]
        table.add_row(label, form.format(value) if value == value else "-")  # noqa: PLR0124 -- nan
    _console.print(table)
    for what, why in skipped.items():
        _console.print(f"programs not run: {what}: {why}", highlight=False)
