"""The two requests for completions: frozen when they come, answered with items."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.completion import alternatives
from lsp_server.lsp import items
from lsp_server.lsp.selected import with_selected

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from lsp_server.lsp.server import MidfillServer
    from lsp_server.session.session import Session

_ID_CHARS = 40
"""Of a request's id in its trace; a client may choose one of any length."""

_log = logging.getLogger(__name__)

_METHODS = frozenset({types.TEXT_DOCUMENT_INLINE_COMPLETION, types.TEXT_DOCUMENT_COMPLETION})


@dataclass(frozen=True, slots=True)
class FrozenRequest:
    """A request as it came.

    Attributes:
        snapshot: what it is for, None for a document that is not open.
        shown_in: the document as the client has it, where that is not `snapshot`'s: an entry of
            the menu is selected, and `snapshot` has it.
        invoked: whether the user asked by a key or a command, and wants a choice.
    """

    snapshot: Snapshot | None
    invoked: bool = False
    shown_in: Snapshot | None = None


def freeze(server: MidfillServer, method: str, params: Any) -> Any:
    """What a completion is for; taken before any message that came later is handled."""
    if method not in _METHODS or server.session is None:
        return params
    snapshot = server.session.documents.snapshot(params.text_document.uri, params.position)
    if snapshot is not None and (level := getattr(server.protocol, "level", "")):
        snapshot = replace(snapshot, level=level)
    context = getattr(params, "context", None)
    kind = getattr(context, "trigger_kind", None)
    invoked = kind is types.InlineCompletionTriggerKind.Invoked
    selected = getattr(context, "selected_completion_info", None)
    if snapshot is None or selected is None:
        return FrozenRequest(snapshot, invoked)
    both = with_selected(snapshot, selected, server.session.documents.encoding)
    return FrozenRequest(None) if both is None else FrozenRequest(both[0], invoked, both[1])


async def inline(server: MidfillServer, asked: FrozenRequest) -> types.InlineCompletionList:
    """Ghost text: one item, up to three when the user asked."""
    snapshot, session = asked.snapshot, server.session
    if session is None or snapshot is None:
        return types.InlineCompletionList(items=[])
    number = str(next(server.answers))
    texts = await _answer(server, session, snapshot, number, choice=asked.invoked)
    return items.inline_items(
        snapshot, texts, session.documents.encoding, number, shown_in=asked.shown_in
    )


async def menu(server: MidfillServer, asked: FrozenRequest) -> types.CompletionList:
    """The same as an entry of the menu, for clients without ghost text."""
    snapshot, session = asked.snapshot, server.session
    if session is None or snapshot is None:
        return types.CompletionList(is_incomplete=True, items=[])
    number = str(next(server.answers))
    texts = await _answer(server, session, snapshot, number)
    text = texts[0] if texts else ""
    return items.completion_items(snapshot, text, session.documents.encoding, number)


async def _answer(
    server: MidfillServer,
    session: Session,
    snapshot: Snapshot,
    number: str,
    *,
    choice: bool = False,
) -> list[str]:
    """Texts to show; a fault is counted and becomes no text. Cancelling passes through."""
    try:
        text, trace = await session.complete(
            snapshot, str(server.protocol.msg_id or "")[:_ID_CHARS]
        )
        others = await session.alternatives(snapshot) if choice else []
    except Exception as error:  # noqa: BLE001 - counted and named; the editor gets no text
        session.stats.faults[f"complete:{type(error).__name__}"] += 1
        if _log.isEnabledFor(logging.DEBUG):
            _log.exception("a request failed")
        else:
            _log.error("a request failed: %s", type(error).__name__)
        return []
    different = [other for other in others if not text or not text.startswith(other)]
    texts = [one for one in dict.fromkeys((text, *different)) if one][: alternatives.MOST]
    if texts:
        session.outcomes.offered(number, snapshot, texts[0], str(trace.source))
        for place, other in enumerate(texts[1:], start=1):
            session.outcomes.offered_instead(items.item_id(number, place), number, snapshot, other)
    return texts
