"""llama.vim's request policy, so that llama.cpp is driven as its users drive it.

Written from the plugin's documentation and from what it does (autoload/llama.vim of
ggml-org/llama.vim): every cursor move first looks for a text in the cache, then asks the server
unless the exact place is cached. One request is in flight and none is ever aborted; while one is,
a timer of 100 ms tries again. A text that is shown causes a request for what follows it. Left out
is the ring of chunks from other places: it takes in text only after three seconds without a move,
which do not occur here.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsp_server.bench.servers.base import Answer, EngineWork
from lsp_server.bench.servers.vim_buffer import Buffer, BufferWindow, Key, Policy
from lsp_server.client.errors import ServerFaultError

if TYPE_CHECKING:
    from lsp_server.bench.tasks.typing import TypingTask

Infill = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Posts to `/infill`, returns the answer's JSON."""


class LlamaVim:
    """The plugin as a server under test: it sees every move and shows what it would show."""

    def __init__(self, infill: Infill, policy: Policy | None = None, speed: float = 1.0) -> None:
        self.on_more: Callable[[], None] | None = None
        self._infill = infill
        self._policy = policy or Policy()
        self._speed = speed
        self._cache: OrderedDict[Key, str] = OrderedDict()
        self._buffer = Buffer("", 0)
        self._shown: list[str] = []
        self._source = ""
        self._indent_last = 0
        self._job: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._fault: ServerFaultError | None = None
        self._numbers = itertools.count(1)
        self._sources: dict[int, str] = {}
        self._decoded = self._prompt = self._reused = 0
        self._busy_ms = 0.0

    async def open(self, task: TypingTask) -> None:
        """A new file; nothing of the last one is kept."""
        self._fault = None
        self._cache.clear()
        self._shown = []
        self._buffer = Buffer(task.before, task.offset)

    def moved(self, text: str, offset: int) -> None:
        """The cursor moved: look into the cache, then ask."""
        self._buffer = Buffer(text, offset)
        self._shown = []
        self._look()
        self._ask([])

    async def complete(self, text: str, offset: int) -> Answer:
        """Wait until something would be shown here, or is known not to be."""
        buffer = Buffer(text, offset)
        here = (self._buffer.lines, self._buffer.row, self._buffer.column)
        if here != (buffer.lines, buffer.row, buffer.column) or not self._cache:
            self.moved(text, offset)
        waited = False
        while not self._shown and not self._decided():
            waited = True
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        if self._fault:
            raise self._fault
        number = next(self._numbers)
        self._sources[number] = self._source if waited or self._shown else "none"
        if not waited and self._shown:
            self._sources[number] = "cache"
        return Answer("\n".join(self._shown), number)

    def _decided(self) -> bool:
        """Whether it is clear that nothing will be shown here."""
        too_much = len(self._buffer.after) > self._policy.max_line_suffix
        return too_much or self._fault is not None or self._window.key in self._cache

    @property
    def _window(self) -> BufferWindow:
        return self._buffer.window(self._policy)

    # The cache

    def _get(self, key: Key) -> str | None:
        content = self._cache.get(key)
        if content is not None:
            self._cache.move_to_end(key)
        return content

    def _put(self, key: Key, content: str) -> None:
        self._cache[key] = content
        self._cache.move_to_end(key)
        if len(self._cache) > self._policy.cached:
            self._cache.popitem(last=False)

    def _look(self) -> None:
        """Show what the cache has for this place, and ask for what follows."""
        content = self._cached_text()
        if content is None:
            return
        self._shown = self._buffer.fit(content)
        after = self._buffer.after
        self._ask([*self._shown[:-1], self._shown[-1] + after] if self._shown else [after])

    def _cached_text(self) -> str | None:
        """The text cached for this very place, or else the longest that typing has led into."""
        before, after = self._window.key
        exact = self._get((before, after))
        if exact is not None:
            return exact
        best: str | None = None
        for typed in range(1, min(self._policy.look_back, len(before)) + 1):
            content = self._get((before[:-typed], after))
            if content and content.startswith(before[-typed:]) and len(content) > typed:
                rest = content[typed:]
                best = rest if best is None or len(rest) > len(best) else best
        return best

    # Requests

    def _ask(self, shown: list[str]) -> None:
        """Ask for this place, or for the one after the shown lines; later, while a job is on."""
        if self._job is not None:
            self._cancel_retry()
            wait_s = self._policy.retry_ms / 1000 / self._speed
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(wait_s, self._ask, shown)
            return
        window = (
            self._buffer.window_after(shown, self._indent_last, self._policy)
            if shown
            else self._window
        )
        if not shown and len(self._buffer.after) > self._policy.max_line_suffix:
            return
        keys = window.keys(self._policy.trims)
        if any(self._get(key) is not None for key in keys):
            return
        self._indent_last = window.indent
        self._job = asyncio.create_task(self._run(window, keys, first=not shown))

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    async def _run(self, window: BufferWindow, keys: list[Key], *, first: bool) -> None:
        """One request, never aborted; its answer is cached, and shown when nothing is."""
        try:
            answer = await self._infill(self._body(window, first=first))
        except ServerFaultError as fault:
            self._fault = fault
        else:
            self._count(answer)
            for key in keys:
                self._put(key, str(answer.get("content", "")))
            if not self._shown:
                self._source = "asked" if first else "ahead"
                self._look()  # while the job still counts as running: what follows it waits
        self._job = None
        if self._wanted and not self._wanted.done():
            self._wanted.set_result(None)

    def _body(self, window: BufferWindow, *, first: bool) -> dict[str, Any]:
        policy = self._policy
        return {
            "id_slot": 0,
            "input_prefix": window.prefix,
            "input_suffix": window.suffix,
            "input_extra": [],
            "prompt": window.middle,
            "n_predict": policy.n_predict,
            "n_indent": window.indent,
            "top_k": 40,
            "top_p": 0.90,
            "samplers": ["top_k", "top_p", "infill"],
            "stream": False,
            "cache_prompt": True,
            "t_max_prompt_ms": policy.t_max_prompt_ms,
            "t_max_predict_ms": policy.t_max_first_ms if first else policy.t_max_predict_ms,
        }

    # What it tells of itself

    def _count(self, answer: Mapping[str, Any]) -> None:
        timings = answer.get("timings") or {}
        reused = int(timings.get("cache_n", 0))
        self._decoded += int(timings.get("predicted_n", 0))
        self._prompt += int(timings.get("prompt_n", 0)) + reused
        self._reused += reused
        self._busy_ms += float(timings.get("prompt_ms", 0)) + float(timings.get("predicted_ms", 0))

    def accepted(self, *, whole: bool) -> None:
        """The move that follows says it all."""

    async def close_task(self) -> None:
        """Wait for the request in flight, which nobody aborts."""
        self._cancel_retry()
        if self._job is not None:
            await self._job
        self._cancel_retry()
        self._shown = []

    async def ping(self) -> float | None:
        """There is no request beside completion."""
        return None

    async def work(self) -> EngineWork:
        """What the answers said of themselves."""
        return EngineWork(self._decoded, self._prompt, self._reused, self._busy_ms)

    async def sources(self) -> Mapping[int, str]:
        """By number: "cache", "asked", "ahead" (asked for before it was needed) or "none"."""
        return self._sources

    async def stop(self) -> None:
        """Wait for the request in flight."""
        await self.close_task()
