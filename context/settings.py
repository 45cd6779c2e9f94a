"""Settings of prompts: each defined once, with type, default and unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSettings:
    """How prompts are cut.

    Attributes:
        max_tokens: most tokens of the stable part; 0 derives it from the measured prefill rate.
        suffix_share: part of `max_tokens` for the text after the cursor, 0 to 0.9; what either
            side leaves unused goes to the other.
        live_tokens: most tokens between anchor and cursor before the anchor moves.
        lead_lines: lines above the anchor at which the hole begins.
        anchored: False puts hole and anchor at the cursor, the common way, for comparison.
        header: whether the file's path and language are told to the model.
    """

    max_tokens: int = 0
    suffix_share: float = 0.25
    live_tokens: int = 96
    lead_lines: int = 8
    anchored: bool = True
    header: bool = True
