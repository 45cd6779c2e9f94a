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
        request_id: the client's number of the request, shortened.
        shown_in: the document as the client has it, where that is not `snapshot`'s: an entry of
            the menu is selected, and `snapshot` has it.
        invoked: whether the user asked by a key or a command, and wants a choice.
    """

    snapshot: Snapshot | None
    request_id: str = ""
    invoked: bool = False
    shown_in: Snapshot | None = None


def freeze(session: Session, number: int | str, method: str, params: Any, level: str = "") -> Any:
    """What a completion is for; taken before any message that came later is handled."""
    if method not in _METHODS:
        return params
    snapshot = session.documents.snapshot(params.text_document.uri, params.position)
    if snapshot is not None and level:
        snapshot = replace(snapshot, level=level)
    context = getattr(params, "context", None)
    kind = getattr(context, "trigger_kind", None)
    invoked = kind is types.InlineCompletionTriggerKind.Invoked
    selected = getattr(context, "selected_completion_info", None)
    number = str(number)[:_ID_CHARS]
    if snapshot is None or selected is None:
        return FrozenRequest(snapshot, number, invoked)
    both = with_selected(snapshot, selected, session.documents.encoding)
    if both is None:
        return FrozenRequest(None)
    return FrozenRequest(both[0], number, invoked, both[1])


async def inline(session: Session, asked: FrozenRequest) -> types.InlineCompletionList:
    """Ghost text: one item, up to three when the user asked."""
    snapshot = asked.snapshot
    if snapshot is None:
        return types.InlineCompletionList(items=[])
    number = str(next(session.answer_ids))
    texts = await _answer(session, asked, snapshot, number)
    return items.inline_items(
        snapshot, texts, session.documents.encoding, number, shown_in=asked.shown_in
    )


async def menu(session: Session, asked: FrozenRequest) -> types.CompletionList:
    """The same as an entry of the menu, for clients without ghost text."""
    snapshot = asked.snapshot
    if snapshot is None:
        return types.CompletionList(is_incomplete=True, items=[])
    number = str(next(session.answer_ids))
    texts = await _answer(session, asked, snapshot, number)
    text = texts[0] if texts else ""
    return items.completion_items(snapshot, text, session.documents.encoding, number)


async def _answer(
    session: Session, asked: FrozenRequest, snapshot: Snapshot, number: str
) -> list[str]:
    """Texts to show; a fault is counted and becomes no text. Cancelling passes through."""
    try:
        text, trace = await session.complete(snapshot, asked.request_id, by_hand=asked.invoked)
        others = await session.alternatives(snapshot) if asked.invoked else []
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
