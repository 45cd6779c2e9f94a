"""The steps of `midfill eval`: read tasks, run or resume, show, compare."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lsp_server import paths
from lsp_server.bench.accuracy import results
from lsp_server.bench.accuracy.options import BARE, EvalOptions, digest_of, draw
from lsp_server.bench.accuracy.run import Evaluation
from lsp_server.bench.errors import ResultFileError
from lsp_server.bench.result_files import require_folder
from lsp_server.bench.tasks.holes import read_tasks

if TYPE_CHECKING:
    import argparse
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from lsp_server.bench.accuracy.results import AccuracyResults, AccuracyRow, Paired
    from lsp_server.bench.tasks.holes import HoleTask

_INTERRUPTED = 130
_WIDTH = 130
_COLUMNS = ("n", "offered", "em1", "em", "es", "id_em", "over", "wrong", "pass")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit code is 130 when Ctrl-C ended it, with what was done kept.

    Raises:
        BenchError: a file cannot be used.
        MidfillError: a setting does not fit, or the model could not be loaded.
    """
    # a pipe has no width; the table has one
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    other = results.load(arguments.compare) if arguments.compare else None
    found = _earlier_result(arguments.data)
    if found is None:
        found = _evaluate(arguments)
    _show(found, console)
    if other is not None:
        show_comparison(results.compare(other, found), console)
    return _INTERRUPTED if found.interrupted else 0


def changed_settings(spelled: Sequence[str]) -> dict[str, object]:
    """Settings from `name=value`; values are JSON where they can be, else text.

    Raises:
        ResultFileError: one has no `=`.
    """
    changed: dict[str, object] = {}
    for one in spelled:
        name, equals, value = one.partition("=")
        if not equals:
            message = f"--set {one}: expected NAME=VALUE, such as prompt.max_tokens=256"
            raise ResultFileError(message)
        try:
            changed[name.strip()] = json.loads(value)
        except ValueError:
            changed[name.strip()] = value
    return changed


def _earlier_result(path: Path) -> AccuracyResults | None:
    """The result that a `.json` file holds, None for task files."""
    return results.load(path) if path.suffix == ".json" else None


def _evaluate(arguments: argparse.Namespace) -> AccuracyResults:
    require_folder(arguments.out)
    every = read_tasks(arguments.data)
    chosen = [task for task in every if task.quick or not arguments.quick]
    if arguments.only:
        chosen = [task for task in chosen if _matches(task, arguments.only)]
    if not chosen:
        message = f"{arguments.data} holds no task that --quick and --only leave"
        raise ResultFileError(message)
    chosen = draw(chosen, arguments.sample, arguments.seed)
    changed = {**(BARE if arguments.bare else {}), **changed_settings(arguments.set)}
    if arguments.model:
        changed["engine.model"] = arguments.model
    options = EvalOptions(
        data=arguments.data.name,
        digest=digest_of(arguments.data),
        changed=changed,
        engine=arguments.engine,
        sample=arguments.sample,
        seed=arguments.seed,
        execute=not arguments.no_exec,
        jobs=arguments.jobs,
    )
    memo = arguments.memo or paths.state_dir() / "answers"
    evaluation = Evaluation(options, memo, arguments.out, weak=arguments.open_sandbox)
    if arguments.resume and arguments.out and arguments.out.exists():
        evaluation.resume(results.load(arguments.out))
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("tasks", total=len(chosen))
        progress.advance(bar, len(evaluation.results.rows))
        right = sum(row.score.em1 for row in evaluation.results.rows)

        def advance(row: AccuracyRow) -> None:
            nonlocal right
            right += row.score.em1
            share = 100 * right / max(1, len(evaluation.results.rows))
            progress.update(bar, advance=1, description=f"first line right {share:.0f}%")

        asyncio.run(_until_interrupted(evaluation.run(chosen, advance, every)))
    return evaluation.results


async def _until_interrupted(run: Coroutine[None, None, AccuracyResults]) -> None:
    """Run; Ctrl-C ends it with what is done."""
    work = asyncio.ensure_future(run)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGINT, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def _matches(task: HoleTask, only: str) -> bool:
    return bool(
        {task.set, task.lang, task.language, task.fields.get("kind")} & set(only.split(","))
    )


def _show(found: AccuracyResults, console: Console) -> None:
    table = Table("set", "lang", *_COLUMNS, "95% of em1", "95% of pass", box=None, padding=(0, 1))
    for line in results.figures(found.rows):
        cells = [_cell(line[name]) for name in _COLUMNS]
        table.add_row(
            line["set"], line["lang"], *cells, *map(_range, (line["em1_95"], line["pass_95"]))
        )
    console.print(table)
    options = found.options
    about = f"{options.get('model') or options.get('engine')}; percent of tasks"
    if any(row.passed is not None for row in found.rows):
        about += f"; programs ran in a sandbox of level {options.get('sandbox')}"
    console.print(about)
    for name, reason in found.skipped.items():
        console.print(f"programs not run: {name}: {reason}")
    if found.interrupted:
        console.print("interrupted; --resume goes on")


def show_comparison(pairs: Sequence[Paired], console: Console) -> None:
    """Print the paired comparison; A is the other result, B this one."""
    table = Table("set", "score", "n", "A", "B", "only A", "only B", "p", box=None, padding=(0, 1))
    for pair in pairs:
        flips = (str(pair.only_a), str(pair.only_b), f"{pair.p:.4f}")
        table.add_row(pair.set, pair.name, str(pair.n), _cell(pair.a), _cell(pair.b), *flips)
    console.print(table)
    console.print("tasks that both have; p: exact McNemar test, two-sided")


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def _range(bounds: Sequence[float] | None) -> str:
    return f"{bounds[0]:.1f}-{bounds[1]:.1f}" if bounds else "-"
