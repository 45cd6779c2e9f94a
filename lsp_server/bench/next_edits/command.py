"""What `midfill bench edits` does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console

from context.next_edit.scorecard import shipped
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.next_edits import calibrate
from lsp_server.bench.next_edits.commits import GUIDE, read_commits
from lsp_server.bench.next_edits.figures import figures, parts, show, show_left_out
from lsp_server.bench.next_edits.forecasters import FORECASTERS
from lsp_server.bench.next_edits.history import commits_from
from lsp_server.bench.next_edits.replay import replay_all
from lsp_server.bench.result_files import require_folder, write

if TYPE_CHECKING:
    import argparse

    from lsp_server.bench.next_edits.commits import CommitTask


def run(arguments: argparse.Namespace) -> int:
    """Replay, print, and write what was asked for.

    Raises:
        TaskFileError: the tasks cannot be read, or the history holds none.
    """
    require_folder(arguments.json)
    require_folder(arguments.calibrate)
    tasks = _tasks(arguments)
    console = Console()
    if arguments.calibrate:
        calibrate.write_scorecard(arguments.calibrate, tasks, shipped().threshold)
        console.print(f"wrote {arguments.calibrate}; it counts from the next run on")
        return 0
    results = {name: replay_all(tasks, made) for name, made in FORECASTERS.items()}
    show(results, console)
    if arguments.left_out:
        hunks = sum(len(task.hunks) for task in tasks)
        show_left_out(calibrate.left_out(tasks), hunks, console)
    if arguments.json:
        own = results["midfill"]
        table = {
            "forecasters": {name: figures(asked) for name, asked in results.items()},
            "kinds": parts(own, lambda one: one.answer.kind.value if one.answer else None),
            "languages": parts(own, lambda one: one.task.language if one.answer else None),
        }
        write(arguments.json, json.dumps(table, indent=2) + "\n")
    return 0


def _tasks(arguments: argparse.Namespace) -> list[CommitTask]:
    if (arguments.tasks is None) == (arguments.repo is None):
        raise TaskFileError(f"give a task file or --repo PATH, one of both; see {GUIDE}")
    if arguments.repo:
        return commits_from(arguments.repo, commits=arguments.commits)
    return read_commits(arguments.tasks, quick=arguments.quick)
