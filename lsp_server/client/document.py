"""One document in a server: opened, changed, asked about, closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from lsp_server.client.connection import ResponseError
from lsp_server.client.edits import change, insertion, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lsp_server.client.connection import Client

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
        self._command: Mapping[str, Any] | None = None
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
        self.change(text)
        params = {
            "textDocument": {"uri": self.uri},
            "position": place(text, offset),
            "context": {"triggerKind": _AUTOMATIC},
        }
        number, answer = self._client.request("textDocument/inlineCompletion", params)
        try:
            found = await answer
        except asyncio.CancelledError:
            self._client.cancel(number)
            raise
        except ResponseError:
            return number, ""
        items = found.get("items") if isinstance(found, dict) else found
        if not items:
            return number, ""
        self._command = items[0].get("command")
        return number, insertion(items[0], text, offset)

    def accepted(self) -> None:
        """Run the last item's command, as editors do after a full accept.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: it has not said a word for 30 s.
        """
        if self._command:
            names = ("command", "arguments")
            params = {name: self._command[name] for name in names if name in self._command}
            self._client.request("workspace/executeCommand", params)
        self._command = None

    def close(self) -> None:
        """Close it.

        Raises:
            ServerGoneError: the child has ended.
        """
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})
