"""The server as `midfill try` uses it: one document, over the pipes of a real process."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from context.languages import language_of
from lsp_server.client.connection import Client, ResponseError
from lsp_server.client.edits import change, insertion, place
from lsp_server.client.errors import ServerGoneError, ServerHungError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_RESTART_WAITS_S = (0.5, 2.0)
_AUTOMATIC = 2
_GONE = (ServerGoneError, ServerHungError)


class TryServer:
    """One document in one server, which is started again when it dies.

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
        self._text = ""
        self._version = 0
        self._crashes = 0
        self._item: dict[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return self._client.pid if self._client else None

    async def start(self, text: str) -> None:
        """Start the server and open the document. Faults are told, not raised."""
        self._text, self._version = text, 1
        self.on_status("loading", "starting the server")
        try:
            self._client = client = await Client.start(self._command, self._path.parent)
            client.handlers["midfill/moreAvailable"] = lambda _: self.on_more()
            client.handlers["midfill/status"] = self._status
            client.handlers["midfill/documentStatus"] = self._silence
            await client.ask("initialize", self._about())
            client.notify("initialized", {})
            client.notify("textDocument/didOpen", {"textDocument": self._document(text)})
        except (*_GONE, ResponseError) as error:
            self.on_status("error", f"{error}; run `midfill doctor`")

    async def complete(self, text: str, offset: int) -> str:
        """The text to show behind an offset, "" for none."""
        client = self._client
        if client is None:
            return ""
        try:
            self._tell(client, text)
            params = {
                "textDocument": {"uri": self._path.as_uri()},
                "position": place(text, offset),
                "context": {"triggerKind": _AUTOMATIC},
            }
            number, answer = client.request("textDocument/inlineCompletion", params)
            try:
                found = await answer
            except asyncio.CancelledError:
                client.cancel(number)
                raise
        except ResponseError:
            return ""
        except _GONE:
            await self._restart(text)
            return ""
        items = (found or {}).get("items") or [{}]
        self._item = items[0]
        return insertion(self._item, text, offset).replace("\r\n", "\n")

    def changed(self, text: str) -> None:
        """Tell of a change that asks for nothing."""
        if self._client is not None:
            with contextlib.suppress(*_GONE):
                self._tell(self._client, text)

    def accepted(self) -> None:
        """The last answer was taken whole."""
        command = self._item.get("command")
        if self._client is not None and command:
            params = {"command": command["command"], "arguments": command["arguments"]}
            with contextlib.suppress(*_GONE):
                self._client.request("workspace/executeCommand", params)

    async def stop(self) -> None:
        """End the server."""
        if self._client is not None:
            await self._client.stop()

    async def _restart(self, text: str) -> None:
        client, self._client = self._client, None
        if client is None:
            return  # another request has seen it and starts it again
        await client.kill()
        if self._crashes == len(_RESTART_WAITS_S):
            self.on_status("error", "the server ended three times; run `midfill doctor`")
            return
        wait_s = _RESTART_WAITS_S[self._crashes]
        self._crashes += 1
        self.on_status("restarted", f"the server ended; it is started again in {wait_s} s")
        await asyncio.sleep(wait_s)
        await self.start(text)

    def _about(self) -> dict[str, Any]:
        folder = self._path.parent
        return {
            "processId": None,
            "rootUri": folder.as_uri(),
            "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
            "initializationOptions": {"growing": True, "status": True},
            "capabilities": {"textDocument": {"inlineCompletion": {}}},
        }

    def _document(self, text: str) -> dict[str, Any]:
        first = text.partition("\n")[0]
        language = language_of(self._path.name, "", first)
        uri = self._path.as_uri()
        return {"uri": uri, "languageId": language, "version": 1, "text": text}

    def _tell(self, client: Client, text: str) -> None:
        if text != self._text:
            edit = change(self._text, text)
            self._version += 1
            self._text = text
            document = {"uri": self._path.as_uri(), "version": self._version}
            params = {"textDocument": document, "contentChanges": [edit]}
            client.notify("textDocument/didChange", params)

    def _status(self, params: Any) -> None:
        self.on_status(str(params["state"]), str(params["message"]))

    def _silence(self, params: Any) -> None:
        if params["message"]:
            self.on_status("off", str(params["message"]))
