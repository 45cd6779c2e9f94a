"""Handlers for what the editor reports: shown, accepted, partly accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsp_server.lsp.editor import Editor
    from lsp_server.session.session import Session

DID_SHOW = "textDocument/didShowCompletion"
DID_ACCEPT_PART = "textDocument/didPartiallyAcceptCompletion"


def did_show(session: Session, _: Editor, params: Any) -> None:
    """A suggestion came on the screen: {item}."""
    session.stats.shown += 1
    session.outcomes.shown(_answer_id(params))


def did_accept_part(session: Session, _: Editor, params: Any) -> None:
    """A word or a line of it was accepted: {item, acceptedLength}."""
    session.stats.accepted_parts += 1
    chars = getattr(params, "acceptedLength", 0)
    session.outcomes.accepted_part(_answer_id(params), chars if isinstance(chars, int) else 0)


def accepted(session: Session, answer_id: str) -> None:
    """The editor ran the command of an item that was accepted whole."""
    session.stats.accepted += 1
    session.outcomes.accepted(answer_id)


def _answer_id(params: Any) -> str:
    """The number that the server gave the answer, "" where the editor dropped it."""
    command = getattr(getattr(params, "item", None), "command", None)
    arguments = getattr(command, "arguments", None)
    first = arguments[0] if isinstance(arguments, list | tuple) and arguments else ""
    return first if isinstance(first, str) else ""
