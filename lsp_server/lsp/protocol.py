"""The protocol under the handlers: what pygls does by default and midfill must not.

pygls keeps a text of its own for every document (slow for large files, and split at line ends that
editors do not know), answers errors with tracebacks, and logs whole messages. Here documents go
straight to the handlers, errors carry a reason and nothing else, and a request before `initialize`
or with unreadable parameters is answered as the protocol asks.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter
from pygls.protocol.language_server import lsp_method

from lsp_server.lsp.older_clients import OlderClients

if TYPE_CHECKING:
    from collections.abc import Callable

    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

_log = logging.getLogger(__name__)

_WIDEST = 16
_INVALID_REQUEST = -32600
_INVALID_PARAMS = -32602
_NOT_INITIALIZED = -32002
_BEFORE_INITIALIZE = frozenset({types.INITIALIZE, types.EXIT})


def make_converter() -> Any:
    """Turns messages into types, and stops at the first thing that does not fit.

    By default every fault is collected: a text where a list should be makes one for each character,
    hundreds of megabytes for one bad message.
    """
    converter = default_converter()  # type: ignore[no-untyped-call]  # pygls says nothing
    converter.detailed_validation = False
    return converter


class MidfillProtocol(LanguageServerProtocol):
    """LSP with midfill's own documents and manners.

    Attributes:
        on_exit: called with the exit code when the client says `exit`.
        on_unreadable: called with the URI (if one can be seen) of a document notification whose
            parameters could not be read.
        freeze: called with id, method, parameters and `level` of each request when it comes; what
            it returns is what the handler gets. An `async` handler itself starts only after
            messages that were read with the request, such as the next change of the text.
        level: one level of indentation, as the request that is being handed on says it in
            `formattingOptions`, which LSP does not know; "" where it does not.
    """

    level = ""

    on_exit: Callable[[int], None] = staticmethod(lambda _: None)
    on_unreadable: Callable[[str | None], None] = staticmethod(lambda _: None)
    freeze: Callable[[int | str, str, Any, str], Any] = staticmethod(
        lambda _, __, params, ___: params
    )
    _initialized = False

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        """Speak for a server."""
        super().__init__(server, converter)
        self._older_clients = OlderClients()

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Hand on, without pygls' own copy of the text."""
        self._hand_on(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Hand on, without pygls' own copy of the text."""
        self._hand_on(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Hand on, without pygls' own copy of the text."""
        self._hand_on(types.TEXT_DOCUMENT_DID_CLOSE, params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Hand on, without pygls' own copy of the texts."""
        self._hand_on(types.NOTEBOOK_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(
        self, params: types.DidChangeNotebookDocumentParams
    ) -> None:
        """Hand on, without pygls' own copy of the texts."""
        self._hand_on(types.NOTEBOOK_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(
        self, params: types.DidCloseNotebookDocumentParams
    ) -> None:
        """Hand on, without pygls' own copy of the texts."""
        self._hand_on(types.NOTEBOOK_DOCUMENT_DID_CLOSE, params)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: object) -> None:  # type: ignore[override]  # no handlers to wait for
        """Leave in order, instead of raising SystemExit from within the loop."""
        if not self._shutdown:
            _log.warning("the client sent `exit` without `shutdown`; leaving")
        self.on_exit(0 if self._shutdown else 1)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Turn a message into its type; one that does not fit is answered, not dropped."""
        if "jsonrpc" in data and "method" in data and not _known(data["method"]):
            data.setdefault("params", None)  # pygls wants it, JSON-RPC does not
        if "jsonrpc" in data:
            self._older_clients.mend(data)
        if "jsonrpc" in data and not _is_number(data.get("id")):
            _log.warning("a message has an id that JSON-RPC does not know")
            return _Ignored()
        self.level = _level_in(data.get("params"))
        try:
            return super().structure_message(data)
        except JsonRpcException:
            method, number = data.get("method"), data.get("id")
            _log.warning("unreadable parameters of %s", method if _known(method) else "a message")
            if number is not None and method is not None and not self._initialized:
                self._refuse(number, _NOT_INITIALIZED, "send `initialize` first")
            elif number is not None and method is not None:
                self._refuse(number, _INVALID_PARAMS, f"the parameters of {method} do not fit LSP")
            elif isinstance(method, str) and method.startswith("textDocument/did"):
                self.on_unreadable(_uri_in(data))
            return _Ignored()

    def handle_message(self, message: Any) -> None:
        """Refuse what comes before `initialize`; ignore what could not be read."""
        if isinstance(message, _Ignored) or not hasattr(message, "jsonrpc"):
            return
        method = getattr(message, "method", None)
        if method is not None and not self._initialized:
            if method not in _BEFORE_INITIALIZE:
                if (number := getattr(message, "id", None)) is not None:
                    self._refuse(number, _NOT_INITIALIZED, "send `initialize` first")
                return
            self._initialized = True
        elif method == types.INITIALIZE:
            self._refuse(message.id, _INVALID_REQUEST, "`initialize` was sent before")
            return
        super().handle_message(message)

    def _handle_request(self, msg_id: int | str, method_name: str, params: Any) -> None:
        super()._handle_request(
            msg_id, method_name, self.freeze(msg_id, method_name, params, self.level)
        )

    def _hand_on(self, method: str, params: object) -> None:
        handler = self.fm.features.get(method)
        if handler is not None:
            handler(params)

    def _refuse(self, number: int | str, code: int, message: str) -> None:
        self._send_data(
            {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
        )


class _Ignored:
    """Stands for a message that could not be read."""


def _is_number(number: object) -> bool:
    """Whether it can be the id of a message, or none at all."""
    return number is None or (isinstance(number, int | str) and not isinstance(number, bool))


def _known(method: object) -> bool:
    return isinstance(method, str) and method in types.METHOD_TO_TYPES


def _level_in(params: object) -> str:
    """A tab, or as many blanks as the client's options say; "" without options that fit."""
    options = params.get("formattingOptions") if isinstance(params, dict) else None
    if not isinstance(options, dict) or not isinstance(options.get("insertSpaces"), bool):
        return ""
    width = options.get("tabSize")
    blanks = width if isinstance(width, int) and 0 < width <= _WIDEST else 4
    return " " * blanks if options["insertSpaces"] else "\t"


def _uri_in(data: dict[str, Any]) -> str | None:
    """The document's URI, as far as one can be seen in a damaged message."""
    params = data.get("params")
    document = params.get("textDocument") if isinstance(params, dict) else None
    uri = document.get("uri") if isinstance(document, dict) else None
    return uri if isinstance(uri, str) else None
