"""Settings of prompts and context: each defined once, with type, default, range and unit."""

from __future__ import annotations

from dataclasses import dataclass, field

LAYOUTS = ("auto", "off", "repo", "comment", "plain", "suffix", "edge", "lead")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSettings:
    """How prompts are built.

    Attributes:
        max_tokens: most tokens of the stable part; 0 derives it from the measured prefill rate.
        suffix_share: share of `max_tokens` for the text after the cursor. What one side does not
            use goes to the other.
        live_tokens: most tokens between anchor and cursor before the anchor moves.
        lead_lines: how many lines above the anchor the hole begins.
        anchored: false puts hole and anchor at the cursor, as most tools do; for comparison.
        header: whether the prompt names the file's path and language.
        context: where pieces of other files stand, see docs/design/context.md. `auto` uses the
            layout that was measured to help the model, or `off` where none did.
        context_share: share of `max_tokens` for pieces of other files. What they do not use goes to
            the current file.
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
    """What midfill reads besides the file you are in.

    Attributes:
        enabled: whether other files are read at all.
        recent_files: how many recently used files are remembered for each language.
        libraries: whether installed libraries are searched for definitions.
        edits: whether your last edits go into the prompt.
        gather_ms: longest time for one search for pieces, in the background.
        max_file_kb: files larger than this are not read.
        mask_secrets: whether keys, tokens and passwords are masked in everything the model reads,
            the current file included. Private files such as `.env` are never read, whatever this
            says.
    """

    enabled: bool = True
    recent_files: int = field(default=20, metadata={"min": 0, "max": 200, "unit": "files"})
    libraries: bool = True
    edits: bool = False
    gather_ms: float = field(default=2000, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    max_file_kb: int = field(default=512, metadata={"min": 1, "max": 16_384, "unit": "KiB"})
    mask_secrets: bool = True
