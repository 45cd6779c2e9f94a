"""Settings of prompts: each defined once, with type, default, range and unit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSettings:
    """How prompts are cut.

    Attributes:
        max_tokens: most tokens of the stable part; 0 derives it from the measured prefill rate.
        suffix_share: part of `max_tokens` for the text after the cursor; what either side leaves
            unused goes to the other.
        live_tokens: most tokens between anchor and cursor before the anchor moves.
        lead_lines: lines above the anchor at which the hole begins.
        anchored: False puts hole and anchor at the cursor, the common way, for comparison.
        header: whether the file's path and language are told to the model.
    """

    max_tokens: int = field(default=0, metadata={"min": 0, "max": 16_384, "unit": "tokens"})
    suffix_share: float = field(default=0.25, metadata={"min": 0, "max": 0.9})
    live_tokens: int = field(default=96, metadata={"min": 8, "max": 1024, "unit": "tokens"})
    lead_lines: int = field(default=8, metadata={"min": 0, "max": 100, "unit": "lines"})
    anchored: bool = True
    header: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """What is read besides the file in which a completion is asked for.

    Attributes:
        enabled: whether other files are read at all.
        max_file_kb: a larger file is not read.
        mask_secrets: whether keys, tokens and passwords are masked in whatever a model is given,
            the file at hand included. Files that hold nothing else are never read.
    """

    enabled: bool = True
    max_file_kb: int = field(default=512, metadata={"min": 1, "max": 16_384, "unit": "KiB"})
    mask_secrets: bool = True
