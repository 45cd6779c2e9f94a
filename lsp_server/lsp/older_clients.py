"""Messages of clients that follow an older LSP, or a draft, put into the words of LSP 3.18.

What a client leaves out is filled in where the order of its messages says enough. A message that
is still not LSP afterwards is refused like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST: Final = 2**31 - 1
_INVOKED, _AUTOMATIC = (int(kind) for kind in types.InlineCompletionTriggerKind)
_DRAFT_INVOKED: Final = 0
"""The draft counted from 0: its automatic requests have the number of later invoked ones."""


class OlderClients:
    """What one client's habits are, learnt from its messages."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._typed_into: set[str] = set()
        self._counts_from_0: bool | None = None
        self._menders: dict[str, Callable[[dict[str, Any]], None]] = {
            types.INITIALIZE: _initialize,
            types.TEXT_DOCUMENT_DID_OPEN: lambda params: self._opened(params.get("textDocument")),
            types.TEXT_DOCUMENT_DID_CHANGE: lambda params: self._changed(
                params.get("textDocument"), params.get("contentChanges")
            ),
            types.TEXT_DOCUMENT_DID_CLOSE: lambda params: self._closed(params.get("textDocument")),
            types.NOTEBOOK_DOCUMENT_DID_OPEN: self._notebook_opened,
            types.NOTEBOOK_DOCUMENT_DID_CHANGE: self._notebook_changed,
            types.NOTEBOOK_DOCUMENT_DID_CLOSE: self._notebook_closed,
            types.TEXT_DOCUMENT_INLINE_COMPLETION: self._inline_completion,
            types.TEXT_DOCUMENT_COMPLETION: _completion,
        }

    def mend(self, message: dict[str, Any]) -> None:
        """Change a message in place, where that is needed. Never raises for any JSON."""
        method, params = message.get("method"), message.get("params")
        mender = self._menders.get(method) if isinstance(method, str) else None
        if mender is not None and isinstance(params, dict):
            mender(params)

    def _opened(self, document: object) -> None:
        if _is_document(document):
            self._versions.pop(document["uri"], None)
            self._number(document)
            if not isinstance(document.get("languageId"), str):
                document["languageId"] = ""

    def _changed(self, document: object, changes: object) -> None:
        if _is_document(document):
            self._number(document)
            self._typed_into.add(document["uri"])
        for change in _dicts(changes):
            whole = isinstance(change.get("text"), str)
            if whole and change.get("range", change) is None:  # as some spell the whole text
                del change["range"]

    def _closed(self, document: object) -> None:
        if _is_document(document):
            self._versions.pop(document["uri"], None)
            self._typed_into.discard(document["uri"])

    def _number(self, document: dict[str, Any]) -> None:
        """A version that is none is the last one: changes count in the order they come."""
        version = document.get("version")
        if isinstance(version, float) and version.is_integer():  # all numbers of some languages
            version = document["version"] = int(version)
        if isinstance(version, bool) or not isinstance(version, int) or abs(version) > _LARGEST:
            version = document["version"] = self._versions.get(document["uri"], 0)
        self._versions[document["uri"]] = version

    def _notebook_opened(self, params: dict[str, Any]) -> None:
        if _is_document(notebook := params.get("notebookDocument")):
            self._number(notebook)
        for cell in _dicts(params.get("cellTextDocuments")):
            self._opened(cell)

    def _notebook_changed(self, params: dict[str, Any]) -> None:
        if _is_document(notebook := params.get("notebookDocument")):
            self._number(notebook)
        cells = _dict(_dict(params.get("change")).get("cells"))
        structure = _dict(cells.get("structure"))
        for cell in _dicts(structure.get("didClose")):
            self._closed(cell)
        for cell in _dicts(structure.get("didOpen")):
            self._opened(cell)
        for content in _dicts(cells.get("textContent")):
            self._changed(content.get("document"), content.get("changes"))

    def _notebook_closed(self, params: dict[str, Any]) -> None:
        for document in (params.get("notebookDocument"), *_dicts(params.get("cellTextDocuments"))):
            self._closed(document)

    def _inline_completion(self, params: dict[str, Any]) -> None:
        document, context = params.get("textDocument"), params.get("context")
        uri = document["uri"] if _is_document(document) else ""
        if not isinstance(context, dict):
            context = params["context"] = {}
        context["triggerKind"] = self._trigger_kind(uri, context.get("triggerKind"))

    def _trigger_kind(self, uri: str, kind: object) -> int:
        """The kind in the numbers of LSP 3.18; automatic where nothing says what is meant.

        A client that has not shown yet how it counts may mean both by 1. Then the user is taken to
        have asked only if nothing was typed since the last request: else each key of a client
        that follows the draft would cost a choice of texts.
        """
        typed = uri in self._typed_into
        self._typed_into.discard(uri)
        if isinstance(kind, bool) or kind not in (_DRAFT_INVOKED, _INVOKED, _AUTOMATIC):
            return _AUTOMATIC
        if kind != _INVOKED:
            self._counts_from_0 = kind == _DRAFT_INVOKED
            return _INVOKED if self._counts_from_0 else _AUTOMATIC
        automatic = typed if self._counts_from_0 is None else self._counts_from_0
        return _AUTOMATIC if automatic else _INVOKED


def _initialize(params: dict[str, Any]) -> None:
    if not isinstance(params.get("capabilities"), dict):
        params["capabilities"] = {}
    if params.get("trace") not in list(types.TraceValue):
        params.pop("trace", None)


def _completion(params: dict[str, Any]) -> None:
    kind = _dict(params.get("context")).get("triggerKind")
    if kind not in list(types.CompletionTriggerKind):
        params.pop("context", None)


def _is_document(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and isinstance(value.get("uri"), str)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
