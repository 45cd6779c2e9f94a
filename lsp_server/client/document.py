"""One document in a server: opened, changed, asked about, closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from lsp_server.client.connection import ResponseError
from lsp_server.client.edits import change, insertion, place

if TYPE_CHECKING:
    from lsp_server.client.connection import Client

_INVOKED: Final = 1
_AUTOMATIC: Final = 2


class ClientDocument:
    """A document that a server was told of."""

    def __init__(self, client: Client, uri: str, language: str, text: str) -> None:
        """Open it.

        Raises:
            ServerGoneError: the child has ended.
        """
        self.uri = uri
        self._client = client
        self._text = text
        self._version = 1
        self._items: list[dict[str, Any]] = []
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, text: str) -> None:
        """Tell what it is now, as one incremental change.

        Raises:
            ServerGoneError: the child has ended.
        """
        if text == self._text:
            return
        edit = change(self._text, text)
        self._version += 1
        self._text = text
        document = {"uri": self.uri, "version": self._version}
        params = {"textDocument": document, "contentChanges": [edit]}
        self._client.notify("textDocument/didChange", params)

    async def complete(self, text: str, offset: int) -> tuple[int, str]:
        """Ask what to show at an offset in code points, after telling the text.

        Cancelling cancels the request too.

        Returns:
            The request's number, and what the first item adds at the cursor; "" for no item, for
            one that changes text around the cursor, and for an error.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: it has not said a word for 30 s.
        """
        number, texts = await self._ask(text, offset, _AUTOMATIC)
        return number, texts[0] if texts else ""

    async def choices(self, text: str, offset: int) -> list[str]:
        """The same as a user asks by a key: all texts to choose from, best first.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: it has not said a word for 30 s.
        """
        return (await self._ask(text, offset, _INVOKED))[1]

    async def _ask(self, text: str, offset: int, kind: int) -> tuple[int, list[str]]:
        self.change(text)
        params = {
            "textDocument": {"uri": self.uri},
            "position": place(text, offset),
            "context": {"triggerKind": kind},
        }
        number, answer = self._client.request("textDocument/inlineCompletion", params)
        try:
            found = await answer
        except asyncio.CancelledError:
            self._client.cancel(number)
            raise
        except ResponseError:
            return number, []
        items = found.get("items") if isinstance(found, dict) else found
        if not items:
            return number, []
        self._items = items
        return number, [insertion(item, text, offset) for item in items]

    def shown(self, number: int = 0) -> None:
        """Tell that an item of the last answer is on screen.

        Raises:
            ServerGoneError: the child has ended.
        """
        if number < len(self._items):
            self._client.notify("textDocument/didShowCompletion", {"item": self._items[number]})

    def accepted(self, number: int = 0) -> None:
        """Run the command of an item of the last answer, as editors do after a full accept.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: it has not said a word for 30 s.
        """
        item = self._items[number] if number < len(self._items) else {}
        if command := item.get("command"):
            names = ("command", "arguments")
            params = {name: command[name] for name in names if name in command}
            self._client.request("workspace/executeCommand", params)
        self._items = []

    def close(self) -> None:
        """Close it.

        Raises:
            ServerGoneError: the child has ended.
        """
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})
