"""Settings of prompts: each defined once, with type, default, range and unit."""

from __future__ import annotations

from dataclasses import dataclass, field

LAYOUTS = ("auto", "off", "repo", "comment", "plain", "suffix", "edge", "lead")


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
        context: where pieces of other files stand (docs/design/context.md); `auto` is what
            measurably helps the model, `off` where nothing does.
        context_share: part of `max_tokens` for pieces of other files; what they leave unused goes
            to the current file.
    """

    max_tokens: int = field(default=0, metadata={"min": 0, "max": 16_384, "unit": "tokens"})
    suffix_share: float = field(default=0.25, metadata={"min": 0, "max": 0.9})
    live_tokens: int = field(default=96, metadata={"min": 8, "max": 1024, "unit": "tokens"})
    lead_lines: int = field(default=8, metadata={"min": 0, "max": 100, "unit": "lines"})
    anchored: bool = True
    header: bool = True
    context: str = field(default="auto", metadata={"choices": LAYOUTS})
    context_share: float = field(default=0.35, metadata={"min": 0, "max": 0.9})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """What is read besides the file in which a completion is asked for.

    Attributes:
        enabled: whether other files are read at all.
        recent_files: files of one language that are remembered as recently accessed.
        libraries: whether installed libraries are looked into.
        edits: whether the last edits are told.
        gather_ms: longest time that looking for pieces may take, in the background.
        max_file_kb: a larger file is not read.
        mask_secrets: whether keys, tokens and passwords are masked in whatever a model is given,
            the file at hand included. Files that hold nothing else are never read.
    """

    enabled: bool = True
    recent_files: int = field(default=20, metadata={"min": 0, "max": 200, "unit": "files"})
    libraries: bool = True
    edits: bool = False
    gather_ms: float = field(default=2000, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    max_file_kb: int = field(default=512, metadata={"min": 1, "max": 16_384, "unit": "KiB"})
    mask_secrets: bool = True
