"""Type tasks into servers: the order of turns, faults, and what is kept."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsp_server.bench import environment
from lsp_server.bench.keystrokes.metrics import Counts
from lsp_server.bench.keystrokes.person.typist import PersonRun
from lsp_server.bench.keystrokes.results import ReplayResults, Run, TaskResult
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.client.errors import ServerFaultError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from lsp_server.bench.keystrokes.asking import Asking
    from lsp_server.bench.servers.base import EngineWork, Server
    from lsp_server.bench.tasks.typing import TypingTask

PING_S = 1.0
FAULTS_IN_A_ROW = 3
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server to be measured, and how it is typed into.

    Attributes:
        name: what tables call it.
        what: its command line or address.
        start: starts or connects it, ready to be asked.
        typing: speed, debounce and clock.
        fresh: whether every task gets a new one.
    """

    name: str
    what: str
    start: Callable[[], Awaitable[Server]]
    typing: Typing = field(default_factory=Typing)
    fresh: bool = False


class Watcher:
    """Learns of progress; every method may be left as it is."""

    def typing(self, run: Run, task: TypingTask, position: int) -> None:
        """About once a second, and at the start of each task."""

    def finished(self, run: Run, result: TaskResult) -> None:
        """After each task, failed ones too."""


class _Lane:
    """One contestant on its way through the tasks."""

    def __init__(self, contestant: Contestant, run: Run) -> None:
        self.contestant = contestant
        self.run = run
        self.server: Server | None = None
        self.faults = 0

    async def get(self) -> Server:
        if self.server is None:
            self.server = await self.contestant.start()
        return self.server

    async def drop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            await server.stop()


async def measure(
    tasks: Sequence[TypingTask],
    contestants: Sequence[Contestant],
    user: User,
    results: ReplayResults,
    watcher: Watcher | None = None,
    *,
    interleave: bool = False,
) -> None:
    """Type all tasks into all contestants, into `results`.

    With `interleave` they take turns task by task, so that a change of the machine's mood hits
    all of them. A server that crashes or hangs fails its task and is replaced; after three faults
    in a row it is given up. When this coroutine is cancelled (Ctrl-C) it marks the results as
    interrupted and returns.
    """
    lanes = [_Lane(one, Run(one.name, one.what)) for one in contestants]
    results.runs.extend(lane.run for lane in lanes)
    watcher = watcher or Watcher()
    try:
        for lane, task in _turns(lanes, tasks, interleave=interleave):
            if lane.run.given_up:
                continue
            result = await _one(lane, task, user, watcher)
            lane.run.tasks.append(result)
            watcher.finished(lane.run, result)
    except asyncio.CancelledError:
        results.interrupted = True
        if (current := asyncio.current_task()) is not None:
            current.uncancel()
    finally:
        for lane in lanes:
            await lane.drop()


def _turns(
    lanes: Sequence[_Lane], tasks: Sequence[TypingTask], *, interleave: bool
) -> Iterator[tuple[_Lane, TypingTask]]:
    if interleave:
        return ((lane, task) for task in tasks for lane in lanes)
    return ((lane, task) for lane in lanes for task in tasks)


async def _one(lane: _Lane, task: TypingTask, user: User, watcher: Watcher) -> TaskResult:
    result = TaskResult(task.id, task.language, counts=_nothing(task), load=environment.load())
    try:
        server = await lane.get()
        await _type(server, task, user, lane, result, watcher)
    except ServerFaultError as fault:
        result.error = str(fault)
        lane.faults += 1
        if lane.faults >= FAULTS_IN_A_ROW:
            lane.run.given_up = f"{lane.faults} faults in a row, the last: {fault}"
        await lane.drop()
    else:
        lane.faults = 0
        if lane.contestant.fresh:
            await lane.drop()
    return result


def _nothing(task: TypingTask) -> Counts:
    return Counts(chars=len(task.typed))


async def _type(
    server: Server, task: TypingTask, user: User, lane: _Lane, result: TaskResult, watcher: Watcher
) -> None:
    """One task from opening to closing; `result` holds what is known at any time."""
    kind = PersonRun if lane.contestant.typing.habits else TypingRun
    typing: Asking = kind(task, server, user, lane.contestant.typing)
    result.counts, result.events = typing.counts, typing.events
    before = await server.work()
    await server.open(task)
    async with _beside(server, typing, lambda at: watcher.typing(lane.run, task, at)):
        await typing.run()
    sources = await server.sources()
    typing.counts.sources = [sources.get(n, "unknown") for n in typing.counts.answer_numbers]
    await server.close_task()
    _add_work(typing.counts, before, await server.work())


def _add_work(counts: Counts, before: EngineWork, after: EngineWork) -> None:
    for name in ("decoded_tokens", "prompt_tokens", "cached_prompt_tokens", "busy_ms", "cpu_s"):
        old, new = getattr(before, name), getattr(after, name)
        setattr(counts, name, math.nan if old is None or new is None else new - old)
    if after.rss_bytes is not None:
        counts.rss_mb.append(after.rss_bytes / MEGABYTE)


@contextlib.asynccontextmanager
async def _beside(
    server: Server, typing: Asking, progress: Callable[[int], None]
) -> AsyncIterator[None]:
    """While typing: a request of another kind every second, and a word on the progress."""

    async def every_second() -> None:
        while True:
            progress(typing.position)
            milliseconds = await server.ping()
            if milliseconds is not None:
                typing.counts.ping_ms.append(milliseconds)
            await asyncio.sleep(PING_S)

    def stop_typing(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), ServerFaultError):
            typing.fail(error)

    pinging = asyncio.create_task(every_second())
    pinging.add_done_callback(stop_typing)
    try:
        yield
    finally:
        pinging.cancel()
        await asyncio.wait([pinging])
