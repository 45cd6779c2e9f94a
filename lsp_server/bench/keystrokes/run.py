"""`midfill bench keystrokes`: from options to tasks, servers, results and reports."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

from lsp_server.bench import environment
from lsp_server.bench.engines import virtual_time
from lsp_server.bench.errors import BenchError, TaskFileError
from lsp_server.bench.keystrokes import self_check, tables
from lsp_server.bench.keystrokes.contestants import contestants_of, rates_of
from lsp_server.bench.keystrokes.person import self_check as person_check
from lsp_server.bench.keystrokes.person.habits import Habits
from lsp_server.bench.keystrokes.replay import measure
from lsp_server.bench.keystrokes.results import ReplayResults
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.result_files import require_folder, write
from lsp_server.bench.tasks.parent_trees import GitTree, with_archives
from lsp_server.bench.tasks.typing import TypingTask, read_tasks

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

TASKS_FROM_HISTORY = 20
EXIT_GUARD = 1
EXIT_NOTHING = 1
EXIT_INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Measure what the options say; returns the exit code.

    Raises:
        BenchError: something about the options, the tasks or the files.
    """
    for path in (arguments.json, arguments.html):
        require_folder(path)
    tasks = _tasks(arguments)
    typing = Typing(
        base_ms=arguments.gap,
        debounce_ms=arguments.debounce,
        seed=arguments.seed,
        speed=arguments.speed,
        ask=arguments.ask,
        habits=Habits() if arguments.person == "real" else None,
    )
    served: dict[str, str] = {}
    contestants = contestants_of(arguments, typing, served)
    plain = [task for task in tasks if not task.changes]
    verdicts = self_check.check(plain, typing) if plain else []
    if typing.habits:
        verdicts += person_check.check()
    tables.show_guards(verdicts)
    if not all(verdict.holds for verdict in verdicts):
        return EXIT_GUARD
    if arguments.guards_only:
        return 0
    user = User(arguments.reaction, arguments.mode)
    options = {"user": asdict(user), "typing": asdict(typing), "interleave": arguments.interleave}
    machine = {**environment.describe(), "served_by": served}  # known when a server has started
    results = ReplayResults(machine, options, [asdict(v) for v in verdicts])
    if arguments.simulate:
        results.environment["simulated"] = asdict(rates_of(arguments.simulate))
    elif warning := environment.too_busy():
        tables.warn(warning)
    run_loop = virtual_time.run if arguments.simulate else asyncio.run
    with tables.ReplayProgress(
        tasks, len(contestants), partial(_save_json, arguments, results)
    ) as bar:
        run_loop(measure(tasks, contestants, user, results, bar, interleave=arguments.interleave))
    return _report(arguments, results)


def _tasks(arguments: argparse.Namespace) -> list[TypingTask]:
    tasks = _chosen(arguments)
    if arguments.person == "exact" and any(task.changes for task in tasks):
        message = f"{arguments.tasks} changes lines, which takes a person: add --person real"
        raise TaskFileError(message)
    if arguments.workspaces is not None:
        if arguments.tasks is None:
            message = "--workspaces goes with --tasks; with --repo and --person real git has them"
            raise BenchError(message)
        return with_archives(tasks, arguments.workspaces)
    if arguments.repo is not None and arguments.person == "real":
        return [replace(task, tree=GitTree(arguments.repo, task.parent)) for task in tasks]
    return tasks


def _chosen(arguments: argparse.Namespace) -> list[TypingTask]:
    if arguments.tasks is not None:
        tasks = read_tasks(arguments.tasks, quick=arguments.quick)
    else:
        from lsp_server.bench.tasks.git_history import tasks_from

        count = arguments.count or TASKS_FROM_HISTORY
        tasks = tasks_from(
            arguments.repo, count=count, commits=arguments.commits, seed=arguments.seed
        )
    if arguments.lang:
        languages = set(arguments.lang.split(","))
        there = sorted({task.language for task in tasks})
        tasks = [task for task in tasks if task.language in languages]
        if not tasks:
            message = f"no task in {arguments.lang}; there are tasks in {', '.join(there)}"
            raise TaskFileError(message)
    return tasks[: arguments.count]


def _save_json(arguments: argparse.Namespace, results: ReplayResults) -> None:
    if arguments.json:
        results.save(arguments.json)


def _report(arguments: argparse.Namespace, results: ReplayResults) -> int:
    results.environment["load_at_end"] = environment.load()
    tables.show_results(results)
    _save_json(arguments, results)
    if arguments.html:
        _save_html(arguments.html, results)
    if results.interrupted:
        tables.warn("interrupted: these are the results until then")
        return EXIT_INTERRUPTED
    return 0 if any(one.finished for one in results.runs) else EXIT_NOTHING


def _save_html(path: Path, results: ReplayResults) -> None:
    from lsp_server.bench.keystrokes.report import page

    write(path, page(results))
