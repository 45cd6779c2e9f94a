"""What editors tell of a suggestion's fate, if they do; only counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsp_server.server import MidfillServer

DID_SHOW = "textDocument/didShowCompletion"
DID_ACCEPT_PART = "textDocument/didPartiallyAcceptCompletion"


def did_show(server: MidfillServer, _: Any) -> None:
    """A suggestion came on the screen: {item}."""
    if server.session is not None:
        server.session.stats.shown += 1


def did_accept_part(server: MidfillServer, _: Any) -> None:
    """A word or a line of it was accepted: {item, acceptedLength}."""
    if server.session is not None:
        server.session.stats.accepted_parts += 1
