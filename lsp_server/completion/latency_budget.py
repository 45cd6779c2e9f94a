"""How much a request may ask of this machine, from measured rates and the time target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.prompt.maker import LIVE_CHARS

if TYPE_CHECKING:
    from engine.calibration import Rates
    from lsp_server.settings.model import Settings

_COLD_TARGETS = 2.4
"""A cold stable part may take so many targets to read; it is read once for many keys."""
_LEAST_STABLE, _MOST_STABLE, _MOST_STABLE_FAST = 256, 512, 1536
"""Below, prompts say too little; above, decoding on a CPU slows down with the length."""
_FAST_TOKENS_S = 8000
"""No CPU reads so fast, and every card that is worth its name does."""
_DECODE_TARGETS = 8
"""Decoding one suggestion may take so many targets; the part in time is shown meanwhile."""
_LEAST_NEW = 16
_MOST_DEBOUNCE_MS = 40.0
"""More than keys that come in a burst are apart, and less than anybody sees."""
_FAST = 4
"""A machine that answers in a fraction of the target needs no debounce."""
_LIVE_TOKENS, _WORD_TOKENS = 16, 3
"""A typical live part, and tokens until there is something to show."""
_SLOW_TARGETS = 3
"""A machine that takes so many targets until there is something to show is slow."""


_WORTH_KEEPING = 1.1
"""A kept state takes memory, and all of them are dropped now and then: it has to win clearly."""


def keeps_states(rates: Rates) -> bool:
    """Whether continuing from a kept state beats reading the whole prompt on this device.

    Where reading is slow it does, whatever a busy machine measured: at `_FAST_TOKENS_S`
    512 tokens take 64 ms to read, and their 88 MB a few to copy.
    """
    return not reads_fast(rates) or rates.kept_gain >= _WORTH_KEEPING


def max_prompt_tokens(settings: Settings, rates: Rates | None, context_length: int = 0) -> int:
    """Longest stable part in tokens, for a model that reads `context_length` (0: any number)."""
    wanted = _wanted_prompt_tokens(settings, rates)
    return min(wanted, room_for_prompt(settings, context_length)) if context_length else wanted


def room_for_prompt(settings: Settings, context_length: int) -> int:
    """Tokens of the model's context that the live part and the longest answer leave free."""
    # a character is a token at most, but for rare ones, of which no line is full
    live = max(settings.prompt.live_tokens, LIVE_CHARS)
    return max(0, context_length - live - settings.suggestions.max_tokens)


def _wanted_prompt_tokens(settings: Settings, rates: Rates | None) -> int:
    """The setting, or the tokens prefilled within a few time targets."""
    if settings.prompt.max_tokens > 0:
        return settings.prompt.max_tokens
    if rates is None:
        return _LEAST_STABLE
    readable = rates.prefill_tokens_s * settings.latency.target_ms * _COLD_TARGETS / 1000
    most = _MOST_STABLE_FAST if reads_fast(rates) else _MOST_STABLE
    return int(min(most, max(_LEAST_STABLE, readable)))


def reads_fast(rates: Rates) -> bool:
    """Whether prefill costs almost nothing, as on a graphics card."""
    return rates.prefill_tokens_s >= _FAST_TOKENS_S


def chooses_ahead(settings: Settings, rates: Rates) -> bool:
    """Whether alternatives are decoded ahead of a request for them.

    Few users ask for them, so only if they cost almost nothing: prefill is fast and a typical
    answer takes a fraction of the target.
    """
    return reads_fast(rates) and _is_quick(settings, rates)


def max_new_tokens(settings: Settings, rates: Rates) -> int:
    """Most tokens of one suggestion: the setting, fewer where decoding them takes too long."""
    in_time = settings.latency.target_ms * _DECODE_TARGETS / max(rates.decode_ms, 0.01)
    return int(min(settings.suggestions.max_tokens, max(_LEAST_NEW, in_time)))


def debounce_ms(settings: Settings, rates: Rates) -> float:
    """Pause before a request reaches the model: the setting, or the time the target leaves.

    Zero on a fast machine (the pause would dominate) and on a slow one (no time is left). In
    between, it saves the work for keys that come in a burst.
    """
    if settings.latency.debounce_ms >= 0:
        return settings.latency.debounce_ms
    if _is_quick(settings, rates):
        return 0.0
    return max(0.0, min(_MOST_DEBOUNCE_MS, settings.latency.target_ms - _expected_ms(rates)))


def slow_ms(settings: Settings, rates: Rates | None) -> float:
    """Milliseconds until a typical suggestion if that far exceeds the target, otherwise 0."""
    if rates is None:
        return 0.0
    expected = _expected_ms(rates)
    return expected if expected > settings.latency.target_ms * _SLOW_TARGETS else 0.0


def _is_quick(settings: Settings, rates: Rates) -> bool:
    return _expected_ms(rates) * _FAST < settings.latency.target_ms


def _expected_ms(rates: Rates) -> float:
    return rates.prefill_ms(_LIVE_TOKENS) + rates.decode_ms * _WORD_TOKENS
