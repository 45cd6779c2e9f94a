"""Handlers for notebooks, whose cells are documents in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from lsp_server.lsp import document_sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.lsp.server import MidfillServer

SYNC: Final = types.NotebookDocumentSyncOptions(
    notebook_selector=[types.NotebookDocumentFilterWithNotebook(notebook="*")]
)
"""Every kind of notebook, with all cells."""


def did_open(server: MidfillServer, params: types.DidOpenNotebookDocumentParams) -> None:
    """Mirror a notebook's cells."""
    if server.session is not None:
        server.session.documents.notebooks.open(params.notebook_document)
    for item in params.cell_text_documents:
        document_sync.did_open(server, types.DidOpenTextDocumentParams(item))


def did_change(server: MidfillServer, params: types.DidChangeNotebookDocumentParams) -> None:
    """Follow cells that came, went or changed their text."""
    cells = params.change.cells
    if cells is None or server.session is None:
        return
    if (structure := cells.structure) is not None:
        notebooks = server.session.documents.notebooks
        notebooks.change(params.notebook_document.uri, structure.array)
        for closed in structure.did_close or ():
            document_sync.did_close(server, types.DidCloseTextDocumentParams(closed))
        for item in structure.did_open or ():
            document_sync.did_open(server, types.DidOpenTextDocumentParams(item))
    for content in cells.text_content or ():
        change = types.DidChangeTextDocumentParams(content.document, content.changes)
        document_sync.did_change(server, change)


def did_close(server: MidfillServer, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget a notebook and its cells."""
    if server.session is not None:
        server.session.documents.notebooks.close(params.notebook_document.uri)
    for closed in params.cell_text_documents:
        document_sync.did_close(server, types.DidCloseTextDocumentParams(closed))


HANDLERS: Final[dict[str, Callable[[MidfillServer, Any], None]]] = {
    types.NOTEBOOK_DOCUMENT_DID_OPEN: did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: did_close,
}
