"""Counters of the server's work: numbers only, never text."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.api import Generation
    from lsp_server.completion.trace import Trace

_RECENT = 1000
RATES = 32
"""Rates that are remembered: so many in a row are no accident."""
_LONG_ANSWER = 8
_LONG_READ = 128
"""Shorter prompts say little about the rate: one pass over the weights bounds them."""


@dataclass
class Counters:
    """What was done since the server started.

    Attributes:
        decoded_tokens: tokens decoded, work ahead and thrown away work included.
        prompt_tokens: prompt tokens that generations had in front of them.
        cached_prompt_tokens: those of them whose state was kept from before.
        warmed_tokens: tokens read in the background, before anybody asked.
        busy_ms: time the engine worked.
        prefill_tokens_s: how fast the newest long prompts were read.
        decode_ms: milliseconds per token of the newest long answers.
        accepted: answers that were accepted whole.
        accepted_parts: words and lines that were accepted, where the editor tells.
        shown: suggestions that came on the screen, where the editor tells.
        sources: answers by where they came from.
        faults: faults by a short name.
        recent: the newest traces, oldest first.
    """

    decoded_tokens: int = 0
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    warmed_tokens: int = 0
    busy_ms: float = 0.0
    accepted: int = 0
    accepted_parts: int = 0
    shown: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    prefill_tokens_s: deque[float] = field(default_factory=lambda: deque(maxlen=RATES))
    decode_ms: deque[float] = field(default_factory=lambda: deque(maxlen=RATES))
    recent: deque[Trace] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def count(self, generation: Generation, *, warm: bool) -> None:
        """Add one generation."""
        self.busy_ms += generation.prefill_ms + generation.decode_ms
        if generation.read_tokens >= _LONG_READ and generation.prefill_ms > 0:
            self.prefill_tokens_s.append(generation.read_tokens / generation.prefill_ms * 1000)
        if generation.decoded >= _LONG_ANSWER and not generation.texts:
            self.decode_ms.append(generation.decode_ms / (generation.decoded - 1))
        if warm:
            self.warmed_tokens += generation.read_tokens
            return
        self.decoded_tokens += generation.decoded
        self.prompt_tokens += generation.read_tokens + generation.reused_tokens
        self.cached_prompt_tokens += generation.reused_tokens

    def count_answer(self, trace: Trace) -> None:
        """Add one answered request."""
        self.sources[trace.source] += 1
        self.recent.append(trace)

    def as_dict(self) -> dict[str, Any]:
        """For `midfill/stats`."""
        return {
            "decoded_tokens": self.decoded_tokens,
            "prompt_tokens": self.prompt_tokens,
            "cached_prompt_tokens": self.cached_prompt_tokens,
            "warmed_tokens": self.warmed_tokens,
            "busy_ms": round(self.busy_ms, 1),
            "accepted": self.accepted,
            "accepted_parts": self.accepted_parts,
            "shown": self.shown,
            "sources": dict(self.sources),
            "faults": dict(self.faults),
            "recent": [trace.as_dict() for trace in self.recent],
        }
