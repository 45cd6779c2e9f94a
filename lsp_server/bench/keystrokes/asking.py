"""A text being typed into a server: its time, its requests, its shown texts, and who takes them.

A request goes out at the start, after an accept, and after every key whose text is not already
shown; a pending request is cancelled then. A shown text stays while the typed keys agree with it.

Time is the event loop's, so that a loop with made-up time (`virtual_time`) types at no cost.
"""

from __future__ import annotations

import abc
import asyncio
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


class Asking(abc.ABC):
    """One task being typed into one server whose document is open; subclasses press the keys."""

    def __init__(self, task: TypingTask, server: Server, user: User, typing: Typing) -> None:
        self.counts = Counts(chars=len(task.typed))
        self.events: list[Event] = []
        self._task = task
        self._server = server
        self._user = user
        self._typing = typing
        self._moves = 0
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

    # What subclasses know

    @property
    @abc.abstractmethod
    def position(self) -> int:
        """Characters of the task that stand in the text."""

    @property
    @abc.abstractmethod
    def _rest(self) -> str:
        """What is still to type at the cursor."""

    @property
    @abc.abstractmethod
    def _before(self) -> str:
        """The document up to the cursor."""

    @property
    @abc.abstractmethod
    def _after(self) -> str:
        """The document from the cursor on."""

    @abc.abstractmethod
    async def _type(self) -> None:
        """Type the whole task."""

    @abc.abstractmethod
    def _accept(self, taken: int) -> None:
        """Take so many characters of the shown text."""

    def _wants(self) -> int:
        """How many characters of the shown text to take, once they have stood long enough."""
        return self._user.takes(self._screen.text, self._rest)

    async def run(self) -> Counts:
        """Type the whole task.

        Raises:
            ServerFaultError: the server failed; `counts` holds what was counted until then.
        """
        self._started = asyncio.get_running_loop().time()
        self._server.on_more = self._ask_for_more
        try:
            await self._type()
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

    def _note(self, what: str, number: float = 0) -> None:
        self.events.append((round(self._now(), 1), what, round(number)))

    # Requests

    async def _after_move(self, *, ask: bool) -> None:
        """Tell the server what the document is now; ask, when there is something to ask for."""
        self._moves += 1
        before = self._before
        self._server.moved(before + self._after, len(before))
        if ask:
            await self._cancel()
            await self._send_request()

    async def _send_request(self) -> None:
        asked = self._ask(self._moves, self._now())
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

    async def _ask(self, moves: int, asked_at: float) -> None:
        """Ask for a text at the cursor and show the answer if no move has come since."""
        if self._typing.debounce_ms:
            await asyncio.sleep(self._typing.debounce_ms / 1000 / self._typing.speed)
        self.counts.requests += 1
        self._note("ask")
        sent_at = self._clock()
        try:
            before = self._before
            answer = await self._server.complete(before + self._after, len(before))
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
        if moves != self._moves:
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
            self._growth = asyncio.create_task(self._grow(self._before))

    async def _grow(self, before: str) -> None:
        self.counts.growth_requests += 1
        try:
            answer = await self._server.complete(before + self._after, len(before))
        except ServerFaultError as fault:
            self.fail(fault)
            return
        text, shown, now = before + answer.text, self._screen.text, self._before
        if not shown or not now.startswith(before) or not text.startswith(now):
            return  # something else was typed since
        text = text[len(now) :]
        if text.startswith(shown) and text != shown:
            self._screen.extend(text)

    def fail(self, fault: ServerFaultError) -> None:
        """End the typing with this fault."""
        self._fault = fault
        self._wake.set()

    # The user

    async def _pause_or_accept(self, gap_ms: float) -> bool:
        """Wait for the next key; True when the user took something before it."""
        end = self._now() + gap_ms
        while self._now() < end:
            if self._fault:
                raise self._fault
            until = end
            taken = self._wants() if self._screen.text else 0
            if taken:
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
