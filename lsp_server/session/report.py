"""The report of a session for `midfill/stats`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsp_server.completion import latency_budget

if TYPE_CHECKING:
    from lsp_server.session.session import Session


def describe(session: Session) -> dict[str, Any]:
    """For `midfill/stats`: counts and states, never text."""
    engine = session.scheduler.engine
    account = engine.account() if engine else None
    return {
        "ready": session.pipeline is not None and engine is not None,
        "status": {"state": session.status.state, "message": session.status.message},
        "engine": engine.info.name if engine else None,
        "device": engine.info.device if engine else None,
        "device_note": engine.info.note if engine else "",
        "open_documents": len(session.documents),
        "document_faults": dict(session.documents.faults),
        "max_prompt_tokens": latency_budget.max_prompt_tokens(
            session.settings, session.rates, engine.info.context_length if engine else 0
        ),
        "rates": None
        if session.rates is None
        else {
            "prefill_tokens_s": round(session.rates.prefill_tokens_s, 1),
            "decode_ms": round(session.rates.decode_ms, 2),
            "kept_gain": round(session.rates.kept_gain, 2),
        },
        "state_bytes": account.held_bytes if account else 0,
        "state_budget_bytes": account.budget_bytes if account else 0,
        "states": account.prompts if account else 0,
        "context": session.context_provider.as_dict(),
        **session.stats.as_dict(),
    }
