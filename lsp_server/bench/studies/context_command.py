"""The steps of `midfill bench context`: choose tasks, load the model, answer, print."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from lsp_server import paths
from lsp_server.bench.accuracy.options import settings_of
from lsp_server.bench.engines.answer_cache import AnswerCache
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.result_files import require_folder
from lsp_server.bench.studies import context, context_figures
from lsp_server.bench.studies.context_variants import Variant
from lsp_server.bench.tasks.holes import read_tasks
from lsp_server.session import engine_factory

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lsp_server.bench.studies.context import ContextRow

_WIDTH = 130


def run(arguments: argparse.Namespace) -> int:
    """Run the study and print its table.

    Raises:
        TaskFileError: no task of the file can be used, or a cell is misspelled.
        MidfillError: the model could not be loaded.
    """
    require_folder(arguments.json)
    tasks = read_tasks(arguments.tasks)
    cells = [Variant.parse(one, arguments.tokens) for one in arguments.cells.split(",")]
    chosen = context.usable(tasks, cells)
    if not chosen:
        message = f"{arguments.tasks} holds no task with what these cells need"
        raise TaskFileError(message)
    random.Random(arguments.seed).shuffle(chosen)  # noqa: S311 -- so that it can be drawn again
    chosen = chosen[: arguments.count or len(chosen)]
    changed = {"engine.model": arguments.model} if arguments.model else {}
    settings = settings_of({**changed, "engine.threads": arguments.threads})
    engine = engine_factory.maker(settings, "real")()
    name = engine.info.name.rpartition("x")[0]
    folder = arguments.memo or paths.state_dir() / "answers"
    memo = AnswerCache(folder / f"study-{name.strip().replace(' ', '_')}.jsonl")
    try:
        rows = context.run(engine, tasks, chosen, cells, memo, arguments.json)
    finally:
        engine.close()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    show(rows, console)
    if 0 < len(fresh := context_figures.unseen(rows)) < len(rows):
        console.print("of these, the tasks whose name is not in the prompt without context:")
        show(fresh, console)
    sys.stdout.write(f"{name}, {len(chosen)} tasks drawn with seed {arguments.seed}\n")
    return 0


def show(rows: Sequence[ContextRow], console: Console) -> None:
    """Print one line a cell."""
    columns = ("cell", "n", "first line", "95%", "lost", "won", "p")
    names = ("first name", "lost", "won", "p", "similarity", "tokens added")
    table = Table(*columns, *names, box=None, padding=(0, 1))
    for line in context_figures.table(rows):
        table.add_row(
            line["cell"],
            str(line["n"]),
            f"{line['em1']:.1f}",
            f"{line['em1_low']:.0f}-{line['em1_high']:.0f}",
            *_flips(line, "em1"),
            f"{line['first_id']:.1f}",
            *_flips(line, "first_id"),
            f"{line['es']:.1f}",
            f"{line['added']:.0f}",
        )
    console.print(table)


def _flips(line: dict[str, float], name: str) -> tuple[str, str, str]:
    lost, won, p = (line[f"{name}_{what}"] for what in ("lost", "won", "p"))
    return (f"{lost:.0f}", f"{won:.0f}", f"{p:.3f}")
