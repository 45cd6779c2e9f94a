"""All settings of the server, composed from the settings of its parts.

A field's metadata says which values are valid: `min` and `max`, `choices`, or `pattern` (which must
match the whole text), and the `unit` of a number. The docstrings are the descriptions users read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from context.settings import ContextSettings, PromptSettings
from engine.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySettings:
    """How long a request may take.

    Attributes:
        target_ms: time from the key to the suggestion; an answer that is still growing is shown as
            far as it is by then.
        deadline_ms: time after which a request is answered with nothing.
        warm_ms: longest prefill that may run in the background. A prefill cannot be interrupted.
        debounce_ms: pause before a request reaches the model; -1 derives it from measured rates.
    """

    target_ms: float = field(default=250, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    deadline_ms: float = field(default=5000, metadata={"min": 1, "max": 600_000, "unit": "ms"})
    warm_ms: float = field(default=1500, metadata={"min": 0, "max": 60_000, "unit": "ms"})
    debounce_ms: float = field(default=-1, metadata={"min": -1, "max": 10_000, "unit": "ms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionSettings:
    """What is decoded and shown.

    Attributes:
        enabled: whether there are suggestions at all.
        style: how much is shown. `sure` shows little, and nearly always right text; `bold` shows
            more, and is wrong more often. Every style is surer while you type than when you rest.
        mode: `auto` suggests while you type; `on-demand` only when you press your editor's key.
        languages_off: languages without suggestions, separated by commas; `shellscript`, `sh`,
            `C++` and `.tex` are all understood.
        max_file_kb: files larger than this get no suggestions.
        min_chars: shortest suggestion; accepting a shorter one saves no key.
        max_lines: longest suggestion in lines.
        max_tokens: longest suggestion in tokens.
        ahead: whether to decode what you may need next; `auto` does not on battery or while other
            programs keep the machine busy.
        ahead_tokens: most tokens decoded past the shown text while the engine is idle.
        eagerness: how many wrong suggestions you tolerate while you type, from 0 (show only what is
            certain) to 1 (show everything). A line is shown if `1 - eagerness` of lines like it are
            right.
        rest_eagerness: the same while the cursor rests in an empty body or below a comment, and
            when you ask by hand.
        stop_probability: decoding stops when the current line becomes less probable than this.
    """

    enabled: bool = True
    style: str = field(default="balanced", metadata={"choices": ("sure", "balanced", "bold")})
    mode: str = field(default="auto", metadata={"choices": ("auto", "on-demand")})
    languages_off: str = field(default="", metadata={"pattern": r"[\w+#.,;* -]*", "listed": True})
    max_file_kb: int = field(default=4096, metadata={"min": 1, "max": 1_000_000, "unit": "KiB"})
    min_chars: int = field(default=3, metadata={"min": 1, "max": 100, "unit": "characters"})
    max_lines: int = field(default=8, metadata={"min": 1, "max": 100, "unit": "lines"})
    max_tokens: int = field(default=64, metadata={"min": 1, "max": 1024, "unit": "tokens"})
    ahead: str = field(default="auto", metadata={"choices": ("on", "off", "auto")})
    ahead_tokens: int = field(default=24, metadata={"min": 0, "max": 1024, "unit": "tokens"})
    eagerness: float = field(default=0.4, metadata={"min": 0, "max": 1})
    rest_eagerness: float = field(default=1.0, metadata={"min": 0, "max": 1})
    stop_probability: float = field(default=0.3, metadata={"min": 0, "max": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsSettings:
    """Statistics about suggestions. They stay on this machine, see docs/statistics.md.

    Attributes:
        enabled: whether to count what becomes of suggestions. No text and no name is kept.
    """

    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, nested by part."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    context: ContextSettings = field(default_factory=ContextSettings)
    latency: LatencySettings = field(default_factory=LatencySettings)
    suggestions: SuggestionSettings = field(default_factory=SuggestionSettings)
    statistics: StatisticsSettings = field(default_factory=StatisticsSettings)


STYLES: Final[Mapping[str, Mapping[str, float]]] = {
    "sure": {"suggestions.eagerness": 0.25, "suggestions.rest_eagerness": 0.8},
    "balanced": {},
    "bold": {"suggestions.eagerness": 0.55, "suggestions.rest_eagerness": 1.0},
}
"""What a style changes, by the names of settings; `balanced` is the defaults."""
