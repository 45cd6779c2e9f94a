"""Handlers for what happens to documents: opened, changed, closed, looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.uris import from_fs_path

from context.snapshot import Cursor
from context.text import split_lines
from lsp_server.lsp import document_status

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from lsp_server.documents.mirror import Change, Document
    from lsp_server.lsp.editor import Editor, Handler
    from lsp_server.session.session import Session

CURSOR_RESTED = "midfill/cursorRested"
VIEWED = "midfill/viewed"


def folders(params: types.InitializeParams) -> list[types.WorkspaceFolder]:
    """The workspace folders that a client begins with."""
    if params.workspace_folders:
        return list(params.workspace_folders)
    root = params.root_uri or (params.root_path and from_fs_path(params.root_path))
    return [types.WorkspaceFolder(uri=root, name="")] if root else []


def did_open(session: Session, editor: Editor, params: types.DidOpenTextDocumentParams) -> None:
    """Mirror a document, and prepare for its beginning."""
    document = session.documents.open(params)
    _offer(session, document)
    document_status.judge(session, editor, document)
    document_status.look(session, editor, document.uri)
    _rest(session, session.documents.snapshot(document.uri, types.Position(0, 0)))


def did_change(session: Session, editor: Editor, params: types.DidChangeTextDocumentParams) -> None:
    """Follow a change, and tell the pipeline of what was typed."""
    change = session.documents.change(params)
    document_status.did_change(session, editor, params)
    pipeline = session.pipeline_for(params.text_document.uri)
    if change is None:
        if session.pipeline is not None:
            session.scheduler.cancel(params.text_document.uri)
        return
    if session.exclusions.is_source(change.document.uri):
        session.context_provider.changed(change)
    if pipeline is not None:
        pipeline.edited(change)
    if pipeline is not None and (typed := _behind(session, params, change)) is not None:
        snapshot, line_finished = typed
        pipeline.changed(snapshot, line_finished=line_finished)


def _behind(
    session: Session, params: types.DidChangeTextDocumentParams, change: Change
) -> tuple[Snapshot, bool] | None:
    """The snapshot behind a change that is one insertion, and whether it finished a line."""
    if len(params.content_changes) != 1:
        return None
    event = params.content_changes[0]
    if not isinstance(event, types.TextDocumentContentChangePartial):
        return None
    snapshot = session.documents.snapshot(change.document.uri, event.range.start)
    if snapshot is None:
        return None
    *above, last = split_lines(event.text)
    line = snapshot.cursor.line + len(above)
    column = len(last) + (0 if above else snapshot.cursor.column)
    place = snapshot.text.clamp((line, column))
    return snapshot.at(Cursor(*place)), bool(above)


def did_close(session: Session, _: Editor, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document's text and what was made for it."""
    uri = params.text_document.uri
    session.outcomes.closed(uri)
    session.documents.close(uri)
    session.silences.forget(uri)
    session.exclusions.forget(uri)
    session.context_provider.closed(uri)
    if session.pipeline is not None:
        session.pipeline.closed(uri)


def did_save(session: Session, editor: Editor, params: types.DidSaveTextDocumentParams) -> None:
    """Take the text of a save where it is needed."""
    document = session.documents.save(params)
    if document is not None and not document.out_of_sync:
        _offer(session, document)
    document_status.judge(session, editor, document)
    for each in session.documents:  # what was saved may be an ignore file
        document_status.look(session, editor, each.uri)


def did_change_folders(
    session: Session, editor: Editor, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Take other workspace folders."""
    session.documents.change_folders(params.event)
    session.context_provider.set_folders(session.documents.roots)
    for document in session.documents:
        document_status.look(session, editor, document.uri)


def cursor_rested(session: Session, _: Editor, params: Any) -> None:
    """An editor's plugin says where the cursor came to rest: {textDocument, position}."""
    position = types.Position(int(params.position.line), int(params.position.character))
    uri = str(params.textDocument.uri)
    session.context_provider.viewed(uri, _language(session, uri))
    _rest(session, session.documents.snapshot(uri, position))


def did_focus(session: Session, editor: Editor, params: Any) -> None:
    """The user looks at an open document: {textDocument}."""
    viewed(session, editor, params)
    document_status.did_focus(session, editor, params)


def viewed(session: Session, _: Editor, params: Any) -> None:
    """The user looks at a file, open or not: {textDocument}."""
    uri = str(params.textDocument.uri)
    session.context_provider.viewed(uri, _language(session, uri))


def _offer(session: Session, document: Document) -> None:
    """Let a document's text be used while other files are completed, if it may."""
    if session.exclusions.is_source(document.uri):
        session.context_provider.opened(document)


def _language(session: Session, uri: str) -> str:
    document = session.documents.get(uri)
    return document.language if document else ""


def _rest(session: Session, snapshot: Snapshot | None) -> None:
    if snapshot is not None and (pipeline := session.pipeline_for(snapshot.uri)) is not None:
        pipeline.rest(snapshot)


HANDLERS: Final[dict[str, Handler]] = {
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_folders,
    document_status.DID_FOCUS: did_focus,
    CURSOR_RESTED: cursor_rested,
    VIEWED: viewed,
}
