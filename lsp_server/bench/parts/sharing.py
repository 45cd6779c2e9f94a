"""Benchmark of the engine process: added latency, memory of several servers, shutdown."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.table import Table

from engine.api import CancelToken, Request
from engine.host import connect
from engine.host.engine_spec import EngineSpec
from engine.host.remote import RemoteEngine
from lsp_server.client.connection import SERVE, Client
from lsp_server.client.document import ClientDocument
from lsp_server.version import VERSION

if TYPE_CHECKING:
    import argparse

    from engine.api import Engine

_MB = 1e6
_TOKENS = 16
_WARM_UP = 5
_FAKE = "return [item for item in order]\n"  # 15 tokens, an ordinary answer
_SERVERS = (1, 3)
_SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT, "SIGKILL": signal.SIGKILL}
_RUNTIME = "MIDFILL_RUNTIME_DIR"
_READY_S = 120.0
_LOOK_S = 0.005
_URI = "file:///space/app/main.py"
_SOURCE = "def add(a, b):\n    return \n\n\nprint(add(1, 2))\n"
_PLACE = {
    "textDocument": {"uri": _URI},
    "position": {"line": 1, "character": 11},
    "context": {"triggerKind": 2},
}


@dataclass(frozen=True, slots=True)
class Overhead:
    """Milliseconds that a host adds to a request: median and 90th percentile of pairs."""

    engine: str
    tokens: int
    pairs: int
    median_ms: float
    p90_ms: float


def run(arguments: argparse.Namespace) -> int:
    """Measure everything and show it."""
    console = Console()
    console.print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, midfill {VERSION}, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory(prefix="m") as folder:
        os.environ[_RUNTIME] = folder  # a host of the benchmark's own
        asyncio.run(_measure(console, arguments.pairs))
    return 0


async def _measure(console: Console, pairs: int) -> None:
    overheads = [fake_overhead(pairs), real_overhead(pairs)]
    _show(console, overheads, {count: await memory_mb(count) for count in _SERVERS})
    _show_exits(console, {way: await exit_s(way) for way in ("exit", *_SIGNALS)})


def fake_overhead(pairs: int) -> Overhead:
    """An engine that takes no time: what is left is the connection."""
    return _overhead(EngineSpec(fake=_FAKE, version=VERSION), pairs)


def real_overhead(pairs: int) -> Overhead:
    """The real model, kept state, in turn inside this process and in a host."""
    from engine.load import wanted
    from lsp_server.settings import layers

    settings = layers.load().settings.engine
    return _overhead(
        EngineSpec(settings=settings, folder=wanted(settings).path, version=VERSION), pairs
    )


def _overhead(plan: EngineSpec, pairs: int) -> Overhead:
    inside = plan.load()
    with tempfile.TemporaryDirectory() as folder:
        remote = RemoteEngine(connect.own(plan, Path(folder)), *plan.reading())
        try:
            ids = tuple(inside.tokenizer.encode("def add(a, b):\n    return a +"))
            request = Request(ids[:-1], ids[-1:], _TOKENS)
            for engine in (inside, remote) * _WARM_UP:
                _time_ms(engine, request)
            gaps, count = [], 0
            for number in range(pairs):
                order: tuple[Engine, Engine] = (inside, remote)
                times = {}
                for engine in order if number % 2 else order[::-1]:
                    times[engine], count = _time_ms(engine, request)
                gaps.append(times[remote] - times[inside])
        finally:
            remote.close()
            inside.close()
    p90 = statistics.quantiles(gaps, n=10)[-1]
    return Overhead(inside.info.name, count, pairs, statistics.median(gaps), p90)


def _time_ms(engine: Engine, request: Request) -> tuple[float, int]:
    started = time.perf_counter()
    tokens = engine.generate(request, lambda _: False, CancelToken()).tokens
    return (time.perf_counter() - started) * 1000, len(tokens)


async def memory_mb(servers: int) -> tuple[float, float]:
    """Megabytes of so many servers, each with an answer, and of the host among them.

    Proportional set size: a page that several processes share counts once altogether.
    """
    clients = [await _start() for _ in range(servers)]
    try:
        for client in clients:
            await client.ask("textDocument/inlineCompletion", _PLACE)
        host = _pss_mb(_children(clients[0])[0])
        return sum(_pss_mb(psutil.Process(client.pid)) for client in clients) + host, host
    finally:
        for client in clients:
            await client.stop()


async def exit_s(way: str) -> tuple[float, float]:
    """Seconds until server and host are gone, from the middle of a generation."""
    client = await _start("--process", "own", "--engine", "remote-fake@20:" + "word " * 500)
    server, hosts = psutil.Process(client.pid), _children(client)
    _, answer = client.request("textDocument/inlineCompletion", _PLACE)
    answer.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    await client.ask("midfill/stats", None)
    started = time.monotonic()
    if way == "exit":
        client.request("shutdown", None)
        client.notify("exit", None)
    else:
        server.send_signal(_SIGNALS[way])
    ended = []
    for process in (server, *hosts):
        while _lives(process):  # noqa: ASYNC110 - no event tells of a process that is not ours
            await asyncio.sleep(_LOOK_S)
        ended.append(time.monotonic() - started)
    await client.kill()
    return ended[0], ended[-1]


async def _start(*arguments: str) -> Client:
    """A server that is ready, with a document open."""
    command = [*SERVE, "--target-ms", "20000", *arguments]
    client = await Client.start(command, Path(os.environ[_RUNTIME]))
    ready = asyncio.Event()

    def told(status: Any) -> None:
        if status["state"] == "ready":
            ready.set()

    client.handlers["midfill/status"] = told
    own = {"engine": {"linger_s": 0}, "statistics": {"enabled": False}, "status": True}
    await client.initialize([], own)
    async with asyncio.timeout(_READY_S):
        await ready.wait()
    ClientDocument(client, _URI, "python", _SOURCE)
    return client


def _children(client: Client) -> list[psutil.Process]:
    return list(psutil.Process(client.pid).children())


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _pss_mb(process: psutil.Process) -> float:
    memory = process.memory_full_info()
    return float(getattr(memory, "pss", memory.uss)) / _MB


def _show(
    console: Console, overheads: list[Overhead], sizes: dict[int, tuple[float, float]]
) -> None:
    table = Table("engine", "tokens", "pairs", "median added", "90th percentile", title="A request")
    for one in overheads:
        added = f"{one.median_ms:.2f} ms", f"{one.p90_ms:.2f} ms"
        table.add_row(one.engine, str(one.tokens), str(one.pairs), *added)
    console.print(table)
    table = Table("servers", "together", "their host", "times one", title="Memory (PSS)")
    alone = sizes[1][0]
    for count, (whole, host) in sizes.items():
        row = str(count), f"{whole:.0f} MB", f"{host:.0f} MB", f"{whole / alone:.2f}"
        table.add_row(*row)
    console.print(table)


def _show_exits(console: Console, exits: dict[str, tuple[float, float]]) -> None:
    table = Table("way out", "server gone", "host gone", title="The end, in mid-generation")
    for way, (server, host) in exits.items():
        table.add_row(way, f"{server * 1000:.0f} ms", f"{host * 1000:.0f} ms")
    console.print(table)
