"""The server for `midfill try`: one document, over the pipes of a real process."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from context.languages import language_of
from lsp_server.client.connection import Client, ResponseError
from lsp_server.client.document import ClientDocument
from lsp_server.client.errors import ServerGoneError, ServerHungError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_RESTART_WAITS_S = (0.5, 2.0)
_GONE = (ServerGoneError, ServerHungError)


class TryServer:
    """One document in one server, which is restarted when it dies.

    Attributes:
        on_status: told what the user should know: a state and a sentence.
        on_more: told when a longer text than the last answer is there.
    """

    def __init__(self, command: Sequence[str], path: Path) -> None:
        """Args: the server's command, and the file (it need not be there)."""
        self.on_status: Callable[[str, str], None] = lambda _state, _message: None
        self.on_more: Callable[[], None] = lambda: None
        self._command = command
        self._path = path
        self._client: Client | None = None
        self._document: ClientDocument | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._crashes = 0

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return self._client.pid if self._client else None

    async def start(self, text: str) -> None:
        """Start the server and open the document. Faults are told, not raised."""
        self.on_status("loading", "starting the server")
        try:
            self._client = client = await Client.start(self._command, self._path.parent)
            client.handlers["midfill/moreAvailable"] = lambda _: self.on_more()
            client.handlers["midfill/status"] = self._status
            client.handlers["midfill/documentStatus"] = self._silence
            await client.initialize([self._path.parent], {"growing": True, "status": True})
            language = language_of(self._path.name, "", text.partition("\n")[0])
            self._document = ClientDocument(client, self._path.as_uri(), language, text)
        except (*_GONE, ResponseError) as error:
            self.on_status("error", f"{error}; run `midfill doctor`")

    async def complete(self, text: str, offset: int, *, by_hand: bool = False) -> list[str]:
        """The texts to show behind an offset, best first: several where the user asked."""
        if self._document is None:
            if self._client is not None and self._client.gone:
                self._start_again(text)
            return []
        try:
            if by_hand:
                texts = await self._document.choices(text, offset)
            else:
                texts = [(await self._document.complete(text, offset))[1]]
        except _GONE:
            self._start_again(text)
            return []
        return [shown.replace("\r\n", "\n") for shown in texts]

    def changed(self, text: str) -> None:
        """Send a change without asking for a suggestion."""
        if self._document is not None:
            with contextlib.suppress(*_GONE):
                self._document.change(text)

    def shown(self, number: int) -> None:
        """Report that a text of the last answer is on screen."""
        if self._document is not None:
            with contextlib.suppress(*_GONE):
                self._document.shown(number)

    def accepted(self, number: int) -> None:
        """Report that a text of the last answer was accepted whole."""
        if self._document is not None:
            with contextlib.suppress(*_GONE):
                self._document.accepted(number)

    async def stop(self) -> None:
        """End the server."""
        if self._restarting is not None:
            self._restarting.cancel()
        if self._client is not None:
            await self._client.stop()

    def _start_again(self, text: str) -> None:
        """Restart on a task of its own: the request that saw the end may be cancelled."""
        client, self._client, self._document = self._client, None, None
        if client is not None:  # else another request has seen it
            self._restarting = asyncio.create_task(self._restart(client, text))

    async def _restart(self, client: Client, text: str) -> None:
        await client.kill()
        if self._crashes == len(_RESTART_WAITS_S):
            self.on_status("error", "the server ended three times; run `midfill doctor`")
            return
        wait_s = _RESTART_WAITS_S[self._crashes]
        self._crashes += 1
        self.on_status("restarted", f"the server ended; it is started again in {wait_s} s")
        await asyncio.sleep(wait_s)
        await self.start(text)

    def _status(self, params: Any) -> None:
        self.on_status(str(params["state"]), str(params["message"]))

    def _silence(self, params: Any) -> None:
        if params["message"]:
            self.on_status("off", str(params["message"]))
