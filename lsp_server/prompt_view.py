"""Shows the prompt for a place, part by part, with every piece of other files and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from context.prompt import Prompt
    from lsp_server.server import MidfillServer

PROMPT = "midfill/prompt"


def show(server: MidfillServer, params: Any) -> dict[str, Any] | None:
    """Answer {textDocument, position}; null while nothing can be completed there."""
    session = server.session
    position = types.Position(int(params.position.line), int(params.position.character))
    uri = str(params.textDocument.uri)
    if session is None or (pipeline := session.pipeline_for(uri)) is None:
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
