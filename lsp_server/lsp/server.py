"""The pygls server, still without features: tells its one client things, and asks it."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp_server.lsp.protocol import MidfillProtocol, make_converter
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable

_log = logging.getLogger(__name__)

MORE_AVAILABLE: Final = "midfill/moreAvailable"
STATUS: Final = "midfill/status"
DOCUMENT_STATUS: Final = "midfill/documentStatus"

_ASKED_BY: Final = {"growing": (MORE_AVAILABLE,), "status": (STATUS, DOCUMENT_STATUS)}
"""Notifications by the initialization option that asks for them: other clients complain of them."""


class MidfillServer(LanguageServer):
    """The editor at the other end, as an `AnsweringEditor`."""

    protocol: MidfillProtocol

    def __init__(self) -> None:
        """Make a server without features."""
        super().__init__(
            "midfill",
            VERSION,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=types.NotebookDocumentSyncOptions(
                notebook_selector=[types.NotebookDocumentFilterWithNotebook(notebook="*")]
            ),
            protocol_cls=MidfillProtocol,
            converter_factory=make_converter,
        )
        self._background: set[asyncio.Future[Any]] = set()
        self._wanted: frozenset[str] = frozenset()

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls' signature
        """Name the error in the log; no popups, since users can do nothing about these."""
        _log.error("a message could not be handled: %s", type(error).__name__)

    def keep(self, work: Awaitable[Any]) -> None:
        """Run something in the background until it ends; a fault of it is named in the log."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("work in the background failed: %s", type(error).__name__)

    def take_wishes(self, options: object, *, script: bool = False) -> None:
        """Learn which notifications the client wants.

        Args:
            options: its initialization options, which ask for kinds by name.
            script: whether it is no editor but a program that has to know when the model is ready.
        """
        asked = options if isinstance(options, Mapping) else {}
        kinds = [kinds for name, kinds in _ASKED_BY.items() if asked.get(name) is True]
        self._wanted = frozenset(itertools.chain((STATUS,) if script else (), *kinds))

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Send a notification of midfill's own, if the client asked for its kind."""
        if method in self._wanted:
            self.protocol.notify(method, params)

    def warn(self, message: str) -> None:
        """Write a warning into the editor's log of the server."""
        self.log_message(types.MessageType.Warning, message)

    def log_message(self, kind: types.MessageType, message: str) -> None:
        """Write into the editor's log of the server."""
        self.window_log_message(types.LogMessageParams(type=kind, message=message))

    async def ask(self, method: str, params: object) -> Any:
        """Send a request; the answer may never come, so nothing may need it in order to go on.

        Raises:
            JsonRpcException: the client refuses.
        """
        return await self.protocol.send_request_async(method, params)
