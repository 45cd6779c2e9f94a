"""Answers with the prompt for a place, part by part, and every piece of other files' verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from context.prompt.maker import Prompt
    from lsp_server.lsp.editor import Editor
    from lsp_server.session.session import Session

PROMPT = "midfill/prompt"


def prompt(session: Session, _: Editor, params: Any) -> dict[str, Any] | None:
    """Answer {textDocument, position}; null while nothing can be completed there."""
    position = types.Position(int(params.position.line), int(params.position.character))
    uri = str(params.textDocument.uri)
    if (pipeline := session.pipeline_for(uri)) is None:
        return None
    snapshot = session.documents.snapshot(uri, position)
    return None if snapshot is None else described(pipeline.preview(snapshot))


def described(prompt: Prompt) -> dict[str, Any]:
    """A prompt as JSON."""
    return {
        "parts": [
            {"name": part.name, "text": part.text, "tokens": part.tokens}
            for part in prompt.stable.parts
        ],
        "live": {"tokens": len(prompt.live)},
        "candidates": [
            {
                "kind": judged.candidate.kind,
                "path": judged.candidate.path,
                "score": judged.candidate.score,
                "reason": judged.candidate.reason,
                "tokens": judged.tokens,
                "chosen": judged.chosen,
                "why": judged.why,
            }
            for judged in prompt.stable.judged
        ],
    }
