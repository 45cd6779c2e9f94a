"""Handlers that tell the client which documents get no suggestions, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsp_server.lsp.server import DOCUMENT_STATUS
from lsp_server.session.document_status import GREAT_CHANGE

if TYPE_CHECKING:
    from lsprotocol import types

    from lsp_server.documents.mirror import Document
    from lsp_server.lsp.editor import Editor
    from lsp_server.session.document_status import Silence
    from lsp_server.session.session import Session

DID_FOCUS = "textDocument/didFocus"


def judge(session: Session, editor: Editor, document: Document | None) -> None:
    """Decide whether a document gets suggestions; the client is told when that is news."""
    if document is None or not session.silences.judge(document):
        return
    verdict = session.silences.of(document.uri)
    if verdict is not None:
        session.scheduler.cancel(document.uri)
    editor.notify(DOCUMENT_STATUS, {"uri": document.uri, **_answer(verdict)})


def look(session: Session, editor: Editor, uri: str) -> None:
    """See whether the document's file is ignored, and judge it again when that is known."""
    if session.documents.get(uri) is None:
        return
    session.context_provider.ask(
        lambda: session.exclusions.look(uri), lambda: _judge_by_uri(session, editor, uri)
    )


def did_change(session: Session, editor: Editor, params: types.DidChangeTextDocumentParams) -> None:
    """A change as large as a file may have made the document too large."""
    if any(len(event.text) > GREAT_CHANGE for event in params.content_changes):
        _judge_by_uri(session, editor, params.text_document.uri)


def did_focus(session: Session, editor: Editor, params: Any) -> None:
    """The user looks at a document: {textDocument}. Rules may know more than when it was opened."""
    uri = str(params.textDocument.uri)
    _judge_by_uri(session, editor, uri)
    look(session, editor, uri)


def silence(session: Session, _: Editor, params: Any) -> dict[str, str]:
    """Answer {textDocument} with {reason, message}, both "" where suggestions may come."""
    return _answer(session.silence(str(params.textDocument.uri)))


def _judge_by_uri(session: Session, editor: Editor, uri: str) -> None:
    judge(session, editor, session.documents.get(uri))


def _answer(verdict: Silence | None) -> dict[str, str]:
    if verdict is None:
        return {"reason": "", "message": ""}
    return {"reason": str(verdict.reason), "message": verdict.message}
