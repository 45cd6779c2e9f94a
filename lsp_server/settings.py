"""All settings of the server, composed from those of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from context.settings import PromptSettings
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

    target_ms: float = 250
    deadline_ms: float = 5000
    warm_ms: float = 1500
    debounce_ms: float = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionSettings:
    """What is decoded and shown.

    Attributes:
        max_lines: most lines of one suggestion.
        max_tokens: most tokens decoded for one suggestion.
        ahead: work done before anybody asks: `on`, `off`, or `auto` (off on battery).
        ahead_tokens: most tokens decoded past the shown text while nothing else wants the engine.
        show_probability: a first line less probable than this is cut back or not shown, 0 to 1.
        stop_probability: decoding ends when the current line is less probable than this, 0 to 1.
    """

    max_lines: int = 8
    max_tokens: int = 64
    ahead: str = "auto"
    ahead_tokens: int = 24
    show_probability: float = 0.45
    stop_probability: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything, nested by part."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    latency: LatencySettings = field(default_factory=LatencySettings)
    suggestions: SuggestionSettings = field(default_factory=SuggestionSettings)
