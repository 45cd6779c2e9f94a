"""`midfill bench keystrokes`: from options to tasks, contestants, results and reports."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.calibration import Rates
from engine.settings import EngineSettings
from lsp_server.bench import environment
from lsp_server.bench.engines import virtual_time
from lsp_server.bench.errors import BenchError, TaskFileError
from lsp_server.bench.keystrokes import person_check, self_check, tables
from lsp_server.bench.keystrokes.habits import Habits
from lsp_server.bench.keystrokes.replay import Contestant, measure
from lsp_server.bench.keystrokes.results import ReplayResults
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.result_files import require_folder, write
from lsp_server.bench.servers.language_server import LanguageServer
from lsp_server.bench.servers.llama_server import LlamaServer, host_and_port
from lsp_server.bench.tasks.parent_trees import GitTree, with_archives
from lsp_server.bench.tasks.typing import TypingTask, read_tasks

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from lsp_server.bench.servers.base import Server

TASKS_FROM_HISTORY = 20
EXIT_GUARD = 1
EXIT_NOTHING = 1
EXIT_INTERRUPTED = 130
NO_HURRY: dict[str, Any] = {"latency": {"target_ms": 60_000, "deadline_ms": 60_000}}
"""Settings under which midfill answers with all that it has to say, for the bound."""

_DEVICES = EngineSettings.__dataclass_fields__["device"].metadata["pattern"]


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
    contestants = _contestants(arguments, typing, served)
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
        results.environment["simulated"] = asdict(_rates(arguments.simulate))
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


# Contestants


def _contestants(
    arguments: argparse.Namespace, typing: Typing, served: dict[str, str]
) -> list[Contestant]:
    found = []
    if arguments.simulate:
        if arguments.server or arguments.peer:
            message = "--simulate runs midfill's own session; leave out --server and --peer"
            raise BenchError(message)
        found.append(_simulated(arguments, typing))
    elif not arguments.only_peer:
        found.append(_language_server(arguments, typing, served))
    if arguments.peer:
        found.append(_peer(arguments.peer, typing))
    if not found:
        message = "--only-peer needs --peer KIND=URL"
        raise BenchError(message)
    if arguments.zero_latency:
        bounds = [_bound(one, arguments, served) for one in found]
        found = bounds if arguments.zero_latency == "only" else [*found, *bounds]
    return found


def _language_server(
    arguments: argparse.Namespace, typing: Typing, served: dict[str, str]
) -> Contestant:
    command = _command(arguments)
    start = _starter(arguments, command, _settings(arguments), served, growing=arguments.growing)
    return Contestant(
        name=arguments.name or ("midfill" if not arguments.server else command[0]),
        what=shlex.join(command) if arguments.server else "midfill serve --stdio",
        start=start,
        typing=typing,
        fresh=arguments.fresh,
    )


def _simulated(arguments: argparse.Namespace, typing: Typing) -> Contestant:
    return Contestant(
        name=arguments.name or "midfill",
        what=f"midfill's session in made-up time at {arguments.simulate}",
        start=_start_simulated(arguments, _settings(arguments), growing=arguments.growing),
        typing=replace(typing, speed=1.0),
        fresh=arguments.fresh,
    )


def _start_simulated(
    arguments: argparse.Namespace, settings: Mapping[str, Any], *, growing: bool
) -> Callable[[], Awaitable[Server]]:
    from lsp_server.bench.servers.simulated import SimulatedServer

    rates = _rates(arguments.simulate)
    other_files = bool(arguments.workspaces) or (
        bool(arguments.repo) and arguments.person == "real"
    )
    return partial(
        SimulatedServer.start,
        settings,
        rates,
        arguments.memo,
        growing=growing,
        other_files=other_files,
    )


def _rates(spec: str) -> Rates:
    try:
        prefill, decode = map(float, spec.split(","))
    except ValueError:
        prefill = decode = 0
    if not prefill > 0 or not decode > 0:
        message = (
            f"--simulate {spec}: expected PREFILL,DECODE, such as 1000,45 for 1,000 prompt tokens "
            "a second and 45 ms a decoded token; `midfill bench model` measures them"
        )
        raise BenchError(message)
    return Rates(prefill_tokens_s=prefill, decode_ms=decode)


def _command(arguments: argparse.Namespace) -> list[str]:
    if not arguments.server:
        # an engine of its own: no other server's work, and all that it costs is its children's
        return [sys.executable, "-m", "lsp_server", "serve", "--stdio", "--process", "own"]
    try:
        command = shlex.split(arguments.server)
    except ValueError as error:
        message = f"--server {arguments.server!r}: {error}"
        raise BenchError(message) from error
    if not command:
        message = "--server is empty"
        raise BenchError(message)
    return command


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        settings = json.loads(arguments.settings)
    except ValueError as error:
        message = f"--settings is not JSON: {error}"
        raise BenchError(message) from error
    if not isinstance(settings, dict):
        message = "--settings must be a JSON object"
        raise BenchError(message)
    device = arguments.device
    if device is None:
        return settings
    if arguments.server:
        message = "--device is for midfill's own server; say it in --server or --settings"
        raise BenchError(message)
    if not re.fullmatch(_DEVICES, device):
        message = f"--device {device!r}: known are auto, cpu, cuda and cuda:N"
        raise BenchError(message)
    return {**settings, "engine": {**settings.get("engine", {}), "device": device}}


def _starter(
    arguments: argparse.Namespace,
    command: Sequence[str],
    settings: Mapping[str, Any],
    served: dict[str, str],
    *,
    growing: bool,
) -> Callable[[], Awaitable[LanguageServer]]:
    """Starts the server, and notes in `served` where its model really runs.

    What it returns raises BenchError when a card was asked for and something else serves: figures
    of a CPU under a card's name would be worse than none.
    """
    wanted = arguments.device or "auto"

    async def start() -> LanguageServer:
        server = await LanguageServer.start(command, settings, growing=growing)
        served.update(await server.served_by())
        device = served.get("device", "")
        if wanted.startswith("cuda") and wanted not in {device, device.partition(":")[0]}:
            await server.stop()
            why = served.get("device_note") or "it does not say why"
            message = f"--device {wanted}: the model runs on {device} ({why}); see `midfill doctor`"
            raise BenchError(message)
        return server

    return start


def _peer(spec: str, typing: Typing) -> Contestant:
    kind, _, url = spec.partition("=")
    if kind != "llama-server":
        message = f"--peer {spec!r}: known is llama-server=http://HOST:PORT"
        raise BenchError(message)
    host_and_port(url)
    start = partial(LlamaServer.start, url, speed=typing.speed)
    return Contestant("llama.vim", f"llama-server at {url}, policy of llama.vim", start, typing)


def _bound(one: Contestant, arguments: argparse.Namespace, served: dict[str, str]) -> Contestant:
    """The same server, as if its answers took no time."""
    start = one.start
    if arguments.simulate:
        settings = {**NO_HURRY, **_settings(arguments)}
        start = _start_simulated(arguments, settings, growing=False)
    elif one.name != "llama.vim":
        settings = {**NO_HURRY, **_settings(arguments)}
        command = _command(arguments)
        if not arguments.server:
            command += ["--target-ms", str(NO_HURRY["latency"]["target_ms"])]
        start = _starter(arguments, command, settings, served, growing=False)
    typing = replace(one.typing, zero_latency=True)
    return replace(one, name=f"{one.name} (zero latency)", start=start, typing=typing)


# Results


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
