"""All settings of the server, composed from those of its parts.

A field's metadata says which values are good: `min` and `max`, `choices`, or `pattern` (the whole
text must match), and the `unit` of a number. The words are those of the docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from context.settings import ContextSettings, PromptSettings
from engine.settings import EngineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySettings:
    """Time targets.

    Attributes:
        target_ms: when an answer should be on screen, from the key; a growing answer is cut there.
        deadline_ms: when a request is answered with nothing at all.
        warm_ms: longest prefill that may run in the background, since none can be interrupted.
        debounce_ms: wait before a request reaches the model; -1 derives it from measured rates.
    """

    target_ms: float = field(default=250, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    deadline_ms: float = field(default=5000, metadata={"min": 1, "max": 600_000, "unit": "ms"})
    warm_ms: float = field(default=1500, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    debounce_ms: float = field(default=-1, metadata={"min": -1, "max": 10_000, "unit": "ms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionSettings:
    """What is decoded and shown.

    Attributes:
        enabled: false makes no suggestions at all.
        languages_off: languages without suggestions, commas between; `shellscript`, `sh`, `C++` and
            `.tex` are all understood.
        max_file_kb: files with more characters get no suggestions.
        min_chars: a text shorter than this is not offered; accepting it would cost as many keys.
        max_lines: most lines of one suggestion.
        max_tokens: most tokens decoded for one suggestion.
        ahead: work done before anybody asks; `auto` does none on battery or on a
            machine that other programs keep busy.
        ahead_tokens: most tokens decoded past the shown text while nothing else wants the engine.
        eagerness: 0 shows only what is certain, 1 everything; a line is cut back or not shown when
            fewer than `1 - eagerness` of those like it turn out right.
        stop_probability: decoding ends when the current line is less probable than this.
    """

    enabled: bool = True
    languages_off: str = field(default="", metadata={"pattern": r"[\w+#.,;* -]*", "listed": True})
    max_file_kb: int = field(default=4096, metadata={"min": 1, "max": 1_000_000, "unit": "KiB"})
    min_chars: int = field(default=3, metadata={"min": 1, "max": 100, "unit": "characters"})
    max_lines: int = field(default=8, metadata={"min": 1, "max": 100, "unit": "lines"})
    max_tokens: int = field(default=64, metadata={"min": 1, "max": 1024, "unit": "tokens"})
    ahead: str = field(default="auto", metadata={"choices": ("on", "off", "auto")})
    ahead_tokens: int = field(default=24, metadata={"min": 0, "max": 1024, "unit": "tokens"})
    eagerness: float = field(default=0.4, metadata={"min": 0, "max": 1})
    stop_probability: float = field(default=0.3, metadata={"min": 0, "max": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsSettings:
    """Numbers about suggestions, on this machine alone, see docs/statistics.md.

    Attributes:
        enabled: count what becomes of suggestions; no text and no name is kept.
    """

    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything, nested by part."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    context: ContextSettings = field(default_factory=ContextSettings)
    latency: LatencySettings = field(default_factory=LatencySettings)
    suggestions: SuggestionSettings = field(default_factory=SuggestionSettings)
    statistics: StatisticsSettings = field(default_factory=StatisticsSettings)
