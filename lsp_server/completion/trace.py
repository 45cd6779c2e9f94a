"""Trace of one request: stages in milliseconds, source, token counts. Never text."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lsp_server import clock

if TYPE_CHECKING:
    from collections.abc import Iterator


class AnswerSource(StrEnum):
    """Where an answer came from, cheapest first."""

    TYPE_THROUGH = "type-through"  # the text on screen, typed into
    CACHE = "cache"  # an earlier generation
    IN_FLIGHT = "in-flight"  # a generation that was under way
    AHEAD = "ahead"  # decoded past the shown text before anybody asked
    WARM = "warm"  # a new generation on a kept state
    COLD = "cold"  # a new generation from nothing
    NONE = "none"  # nothing was tried: no model, no document


@dataclass
class Trace:
    """One request.

    Attributes:
        id: the client's request id.
        by_hand: whether the user asked by a key or a command.
        source: where the answer came from.
        bold: whether it was shown in the bold mood.
        stages: milliseconds by stage, in order.
        read_tokens, reused_tokens, decoded_tokens: of the flight the answer came from, until then.
        shown_chars: length of the answer.
        total_ms: from snapshot to answer.
    """

    id: str = ""
    by_hand: bool = False
    source: AnswerSource = AnswerSource.NONE
    bold: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    read_tokens: int = 0
    reused_tokens: int = 0
    decoded_tokens: int = 0
    shown_chars: int = 0
    total_ms: float = 0.0
    started: float = field(default_factory=clock.now)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; a stage that comes twice adds up."""
        began = clock.now()
        try:
            yield
        finally:
            spent = (clock.now() - began) * 1000
            self.stages[name] = self.stages.get(name, 0.0) + spent

    def elapsed_ms(self) -> float:
        """Milliseconds since the snapshot."""
        return (clock.now() - self.started) * 1000

    def as_dict(self) -> dict[str, Any]:
        """For `midfill/stats` and the log."""
        return {
            "id": self.id,
            "source": str(self.source),
            "bold": self.bold,
            "total_ms": round(self.total_ms, 2),
            "stages": {name: round(spent, 2) for name, spent in self.stages.items()},
            "read_tokens": self.read_tokens,
            "reused_tokens": self.reused_tokens,
            "decoded_tokens": self.decoded_tokens,
            "shown_chars": self.shown_chars,
        }
