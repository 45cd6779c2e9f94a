"""Handlers for notebooks, whose cells are documents in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from lsp_server.lsp import document_sync

if TYPE_CHECKING:
    from lsp_server.lsp.editor import Editor, Handler
    from lsp_server.session.session import Session


def did_open(session: Session, editor: Editor, params: types.DidOpenNotebookDocumentParams) -> None:
    """Mirror a notebook's cells."""
    session.documents.notebooks.open(params.notebook_document)
    for item in params.cell_text_documents:
        document_sync.did_open(session, editor, types.DidOpenTextDocumentParams(item))


def did_change(
    session: Session, editor: Editor, params: types.DidChangeNotebookDocumentParams
) -> None:
    """Follow cells that came, went or changed their text."""
    cells = params.change.cells
    if cells is None:
        return
    if (structure := cells.structure) is not None:
        notebooks = session.documents.notebooks
        notebooks.change(params.notebook_document.uri, structure.array)
        for closed in structure.did_close or ():
            document_sync.did_close(session, editor, types.DidCloseTextDocumentParams(closed))
        for item in structure.did_open or ():
            document_sync.did_open(session, editor, types.DidOpenTextDocumentParams(item))
    for content in cells.text_content or ():
        change = types.DidChangeTextDocumentParams(content.document, content.changes)
        document_sync.did_change(session, editor, change)


def did_close(
    session: Session, editor: Editor, params: types.DidCloseNotebookDocumentParams
) -> None:
    """Forget a notebook and its cells."""
    session.documents.notebooks.close(params.notebook_document.uri)
    for closed in params.cell_text_documents:
        document_sync.did_close(session, editor, types.DidCloseTextDocumentParams(closed))


HANDLERS: Final[dict[str, Handler]] = {
    types.NOTEBOOK_DOCUMENT_DID_OPEN: did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: did_close,
}
