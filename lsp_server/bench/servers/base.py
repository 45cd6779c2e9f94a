"""Interface between the typist and any completion server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lsp_server.bench.tasks.typing import TypingTask


@dataclass(frozen=True, slots=True)
class Answer:
    """Text to insert at the cursor ("" for none), and the number of the request it answers."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class EngineWork:
    """What a server has done since its start; None where it does not tell.

    Attributes:
        decoded_tokens: tokens generated, shown or not.
        prompt_tokens: prompt tokens of all requests.
        cached_prompt_tokens: those of them whose state was already there.
        busy_ms: time spent computing.
        cpu_s: processor seconds of the process and its children.
        rss_bytes: resident memory of both, now (not summed).
    """

    decoded_tokens: int | None = None
    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    busy_ms: float | None = None
    cpu_s: float | None = None
    rss_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Processor seconds so far and resident bytes now, of a process and its children."""

    cpu_s: float
    rss_bytes: int


def usage_of(pid: int) -> ProcessUsage | None:
    """What a process and its children use; None when it is not there or not ours to see."""
    cpu_s, rss_bytes = 0.0, 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += one.memory_info().rss
    except psutil.Error:
        return None
    return ProcessUsage(cpu_s, rss_bytes)


class Server(Protocol):
    """A server under test, with the document of one task open at a time.

    All methods may raise `ServerFaultError`.
    """

    on_more: Callable[[], None] | None
    """Called when a longer text for the one last shown can be asked for."""

    async def open(self, task: TypingTask) -> None:
        """Lay out the task's workspace and open its document; wait until completions can come."""
        ...

    def moved(self, text: str, offset: int) -> None:
        """The document and the cursor (in code points) after a key or an accept."""
        ...

    async def complete(self, text: str, offset: int) -> Answer:
        """What to show at the cursor. Cancelled when it is no longer wanted."""
        ...

    def accepted(self, *, whole: bool) -> None:
        """The text last shown was taken, all of it or only its beginning."""
        ...

    async def close_task(self) -> None:
        """Close the document, let background work end, remove the workspace."""
        ...

    async def ping(self) -> float | None:
        """Milliseconds that a request beside completion takes; None when there is no such one."""
        ...

    async def work(self) -> EngineWork:
        """What was done since the start."""
        ...

    async def sources(self) -> Mapping[int, str]:
        """Where recent answers came from, by request number."""
        ...

    async def stop(self) -> None:
        """End it for good. Does not raise."""
        ...
