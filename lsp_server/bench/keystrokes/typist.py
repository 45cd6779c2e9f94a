"""Today's typist: keys that are always right, in a text with nothing of an editor's but indents.

The indentation after a newline is free, since editors insert it.
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from lsp_server.bench.keystrokes.asking import Asking

if TYPE_CHECKING:
    from lsp_server.bench.keystrokes.user import Typing, User
    from lsp_server.bench.servers.base import Server
    from lsp_server.bench.tasks.typing import TypingTask


class TypingRun(Asking):
    """One hunk being typed into one server whose document is open."""

    def __init__(self, task: TypingTask, server: Server, user: User, typing: Typing) -> None:
        super().__init__(task, server, user, typing)
        self._typed = task.typed
        self._random = Random(f"{typing.seed}:{task.id}")  # noqa: S311 -- a typist, not a key
        self._position = 0

    @property
    def position(self) -> int:
        """Characters of the hunk that stand in the text."""
        return self._position

    @property
    def _rest(self) -> str:
        return self._typed[self._position :]

    @property
    def _before(self) -> str:
        return self._task.head + self._typed[: self._position]

    @property
    def _after(self) -> str:
        return self._task.tail

    async def _type(self) -> None:
        await self._send_request()
        while self._position < len(self._typed):
            last = self._typed[self._position - 1] if self._position else ""
            if await self._pause_or_accept(self._typing.gap_ms(last, self._random)):
                await self._after_move(ask=True)
            else:
                await self._press_key()

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
