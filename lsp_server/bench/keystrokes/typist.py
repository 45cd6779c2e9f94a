"""Type one task: keys, requests, visible suggestions, accepts, and the counts of each.

A request goes out at the start, after an accept, and after every key whose text is not already
shown; a pending request is cancelled then. A shown text stays while the typed keys agree with it.
The indentation after a newline is free, since editors insert it.

Time is the event loop's, so that a loop with simulated time (`virtual_time`) types at no cost.
"""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import TYPE_CHECKING

from lsp_server.bench.keystrokes.metrics import Counts
from lsp_server.bench.keystrokes.screen import Screen
from lsp_server.client.errors import ServerFaultError

if TYPE_CHECKING:
    from lsp_server.bench.keystrokes.user import Typing, User
    from lsp_server.bench.servers.base import Server
    from lsp_server.bench.tasks.typing import TypingTask

SHORTEST_SLEEP_S = 1e-6
"""Longer than a clock's resolution, so that every sleep moves the time on."""

Event = tuple[float, str, int]
"""Milliseconds since the start, what happened, and a number of characters or milliseconds."""


class TypingRun:
    """One task being typed into one server whose document is open."""

    def __init__(self, task: TypingTask, server: Server, user: User, typing: Typing) -> None:
        self.counts = Counts(chars=len(task.typed))
        self.events: list[Event] = []
        self._task = task
        self._typed = task.typed
        self._server = server
        self._user = user
        self._typing = typing
        self._random = Random(f"{typing.seed}:{task.id}")  # noqa: S311 -- a typist, not a key
        self._position = 0
        self._wake = asyncio.Event()
        self._screen = Screen(
            self.counts, typing.min_show_ms, self._now, self._note, self._wake.set
        )
        self._request: asyncio.Task[None] | None = None
        self._growth: asyncio.Task[None] | None = None
        self._fault: ServerFaultError | None = None
        self._started = 0.0
        self._stopped_ms = 0.0  # time that passed while the typist's clock stood still
        self._stands_at: float | None = None  # what it shows while it does

    @property
    def position(self) -> int:
        """Characters of the hunk that stand in the text."""
        return self._position

    async def run(self) -> Counts:
        """Type the whole hunk.

        Raises:
            ServerFaultError: the server failed; `counts` holds what was counted until then.
        """
        self._started = asyncio.get_running_loop().time()
        self._server.on_more = self._ask_for_more
        try:
            await self._send_request()
            while self._position < len(self._typed):
                if await self._pause_or_accept(self._gap_ms()):
                    await self._after_move(ask=True)
                else:
                    await self._press_key()
        finally:
            self._server.on_more = None
            await self._cancel()
            self._screen.hide("end", self._rest)
            self.counts.duration_ms = self._clock()
        return self.counts

    # Time

    def _now(self) -> float:
        """Milliseconds on the typist's clock, which may stand still."""
        if self._stands_at is not None:
            return self._stands_at
        return self._elapsed() - self._stopped_ms

    def _elapsed(self) -> float:
        """Milliseconds since the start, whatever the typist's clock does."""
        return (asyncio.get_running_loop().time() - self._started) * 1000 * self._typing.speed

    def _clock(self) -> float:
        """Of the server's time: the typist's, or the real one where the typist's stands still."""
        return self._elapsed() / self._typing.speed if self._typing.zero_latency else self._now()

    def _gap_ms(self) -> float:
        last = self._typed[self._position - 1] if self._position else ""
        return self._typing.gap_ms(last, self._random)

    def _note(self, what: str, number: float = 0) -> None:
        self.events.append((round(self._now(), 1), what, round(number)))

    # Requests

    @property
    def _rest(self) -> str:
        """What is still to type."""
        return self._typed[self._position :]

    @property
    def _text(self) -> str:
        return self._task.head + self._typed[: self._position] + self._task.tail

    async def _after_move(self, *, ask: bool) -> None:
        """Tell the server what the document is now; ask, when there is something to ask for."""
        self._server.moved(self._text, self._task.offset + self._position)
        if ask:
            await self._cancel()
            await self._send_request()

    async def _send_request(self) -> None:
        asked = self._ask(self._position, self._now())
        self._request = asyncio.create_task(asked)
        if self._typing.zero_latency:
            stopped_at = self._elapsed()
            self._stands_at = self._now()
            await asyncio.wait([self._request])
            self._stopped_ms += self._elapsed() - stopped_at
            self._stands_at = None

    async def _cancel(self) -> None:
        """End the pending requests, and wait until they have ended."""
        pending = [task for task in (self._request, self._growth) if task and not task.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
        ended = [task for task in (self._request, self._growth) if task and not task.cancelled()]
        self._request = self._growth = None
        for task in ended:
            task.result()  # a fault of the benchmark itself must not pass in silence

    async def _ask(self, position: int, asked_at: float) -> None:
        """Ask for the text at `position` and show the answer if it still fits."""
        if self._typing.debounce_ms:
            await asyncio.sleep(self._typing.debounce_ms / 1000 / self._typing.speed)
        self.counts.requests += 1
        self._note("ask")
        sent_at = self._clock()
        try:
            answer = await self._server.complete(self._text, self._task.offset + position)
        except asyncio.CancelledError:
            self.counts.cancelled += 1
            raise
        except ServerFaultError as fault:
            self.fail(fault)
            return
        took = self._clock() - sent_at
        self.counts.answered += 1
        self.counts.latency_ms.append(took)
        self.counts.answer_numbers.append(answer.number)
        self._note("answer" if answer.text.strip() else "empty", took)
        if position != self._position:
            self.counts.stale += 1
            self.counts.empty += not answer.text.strip()
        elif answer.text.strip():
            self._screen.show(answer.text, self._now() - asked_at, self._rest)
        else:
            self.counts.empty += 1
            self._screen.hide("replaced", self._rest)

    def _ask_for_more(self) -> None:
        """A longer text is there: ask again, unless nothing is shown that it could extend."""
        if self._screen.text and (self._growth is None or self._growth.done()):
            self._growth = asyncio.create_task(self._grow(self._position))

    async def _grow(self, position: int) -> None:
        self.counts.growth_requests += 1
        try:
            answer = await self._server.complete(self._text, self._task.offset + position)
        except ServerFaultError as fault:
            self.fail(fault)
            return
        typed_since = self._typed[position : self._position]
        text, shown = answer.text, self._screen.text
        if not shown or not text.startswith(typed_since):
            return
        text = text[len(typed_since) :]
        if text.startswith(shown) and text != shown:
            self._screen.extend(text)

    def fail(self, fault: ServerFaultError) -> None:
        """End the typing with this fault."""
        self._fault = fault
        self._wake.set()

    # The typist and the user

    async def _pause_or_accept(self, gap_ms: float) -> bool:
        """Wait for the next key; True when the user took something before it."""
        end = self._now() + gap_ms
        while self._now() < end:
            if self._fault:
                raise self._fault
            until = end
            taken = self._user.takes(self._screen.text, self._rest)
            if self._screen.text and taken:
                ripe_at = self._screen.changed_at + self._user.reaction_ms
                if self._now() >= ripe_at:
                    self._accept(taken)
                    return True
                until = min(end, ripe_at)
            await self._sleep_until(until)
        return False

    async def _sleep_until(self, moment_ms: float) -> None:
        """Sleep, but wake when the shown text changes."""
        self._wake.clear()
        left = (moment_ms - self._now()) / 1000 / self._typing.speed
        try:
            async with asyncio.timeout(max(SHORTEST_SLEEP_S, left)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _accept(self, taken: int) -> None:
        whole = taken >= len(self._screen.text.rstrip())
        self._screen.hide("accepted", self._rest)
        self._note("accept", taken)
        self.counts.accepts += 1
        end = self._position + taken
        if self._typed[self._position : end].strip():
            self.counts.accepted_chars += taken
        self._position = end
        self._server.accepted(whole=whole)

    async def _press_key(self) -> None:
        """Type one character, with the indentation that an editor adds after a newline."""
        pressed_at = time.perf_counter()
        stopped_ms = self._stopped_ms
        start, end = self._position, self._position + 1
        self.counts.keys += 1
        if self._typed[start] == "\n":
            while end < len(self._typed) and self._typed[end] in " \t":
                end += 1
        entered = self._typed[start:end]
        self.counts.free_chars += len(entered) - 1
        self._note("key", end)
        self._screen.type(entered, self._rest)
        self._position = end
        await self._after_move(ask=not self._screen.text or self._typing.ask == "always")
        took = (time.perf_counter() - pressed_at) * 1000
        self.counts.ack_ms.append(took - (self._stopped_ms - stopped_ms) / self._typing.speed)
