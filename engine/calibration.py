"""Rates of this machine with this model, measured once and remembered."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

from engine import machine, state_file
from engine.api import CancelToken, Request

if TYPE_CHECKING:
    from pathlib import Path

    from engine.api import Engine, Token

_READ_TOKENS = 256
_DECODE_TOKENS = 8
_REPEATS = 2
_KEPT_READ_S = 0.3
_KEPT_TOKENS = (128, 1536)
"""A kept state is judged with a prompt that is read in so much time, within these limits: much
like those that are used, see `lsp_server.completion.latency_budget`."""
_LIVE_TOKENS = 16
_USUAL_GAIN = 5.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What this machine does with this model.

    Attributes:
        prefill_tokens_s: prompt tokens read in a second, at 256 tokens.
        decode_ms: median milliseconds per decoded token behind 256 tokens.
        kept_gain: how many times sooner the first token comes behind a kept state than when its
            prompt is read anew; below 1 where copying a state takes longer than reading.
    """

    prefill_tokens_s: float
    decode_ms: float
    kept_gain: float = _USUAL_GAIN

    def prefill_ms(self, tokens: int) -> float:
        """Estimated time to read so many tokens, in milliseconds."""
        return tokens / self.prefill_tokens_s * 1000


def measure(engine: Engine) -> Rates:
    """Measure all of it; two seconds on two cores. The best of two, since noise only slows."""
    read_s, steps_ms = [], []
    for repeat in range(_REPEATS):
        # another first token each time, so that no kept state is met
        stable, middle = practice(engine, _READ_TOKENS, skip=repeat)
        started = time.perf_counter()
        stamps = _stamps(engine, Request(stable, (middle,), _DECODE_TOKENS, keep=False))
        read_s.append((stamps[0] - started) / len(stable))
        steps_ms += [(b - a) * 1000 for a, b in pairwise(stamps[:-1])]
    decode_ms = statistics.median(steps_ms) if steps_ms else min(read_s) * 1000
    rate = 1 / max(1e-9, min(read_s))
    return Rates(rate, decode_ms, _kept_gain(engine, rate))


def _kept_gain(engine: Engine, prefill_tokens_s: float) -> float:
    """Time to the first token without a kept state, in times of that with one."""
    least, most = _KEPT_TOKENS
    if engine.info.context_length:
        most = min(most, engine.info.context_length - _LIVE_TOKENS - 2)
    stable, middle = practice(engine, int(min(most, max(least, prefill_tokens_s * _KEPT_READ_S))))
    live = (middle, *stable[1 : 1 + _LIVE_TOKENS])

    def first_s(*, keep: bool) -> float:
        started = time.perf_counter()
        return _stamps(engine, Request(stable, live, 1, keep=keep))[0] - started

    read_s = min(first_s(keep=False), first_s(keep=True))  # both read all of it
    if not engine.holds(stable):
        return _USUAL_GAIN  # there is no room for one, so that nothing depends on it
    kept_s = min(first_s(keep=True) for _ in range(_REPEATS))
    engine.recycle()
    return read_s / max(1e-9, kept_s)


def practice(engine: Engine, tokens: int, skip: int = 0) -> tuple[tuple[int, ...], int]:
    """A stable part of so many tokens that nobody wrote, and the first token of its live part.

    Args:
        engine: whose tokenizer and prompt family are used.
        tokens: its length.
        skip: tokens to leave out at its beginning, for one that differs from the first on.
    """
    text = "def place(order, stock):\n    return [item for item in order if item in stock]\n"
    ids = engine.tokenizer.encode(text)
    family, control = engine.family, engine.tokenizer.control
    begin = control(family.prefix or family.begin)
    filler = (ids * (1 + (tokens + skip) // len(ids)))[skip : skip + tokens - 1]
    return (begin, *filler), control(family.middle or family.begin)


def _stamps(engine: Engine, request: Request) -> list[float]:
    """When each token came, and when all was over; seconds."""
    stamps: list[float] = []

    def stamp(_: Token) -> bool:
        stamps.append(time.perf_counter())
        return False

    engine.generate(request, stamp, CancelToken())
    return [*stamps, time.perf_counter()]


def recall(path: Path, key: str) -> Rates | None:
    """The rates remembered under `key` for this processor, None when there are none to believe."""
    try:
        facts = state_file.recall(path, _here(key))
        rates = Rates(**facts)
        whole = len(facts) == len(fields(Rates))  # not one of an older version
        believable = rates.prefill_tokens_s > 0 and rates.decode_ms >= 0 and rates.kept_gain > 0
    except TypeError:
        return None
    return rates if whole and believable else None


def remember(path: Path, key: str, rates: Rates) -> None:
    """Write the rates under `key` for this processor."""
    state_file.remember(path, _here(key), asdict(rates), "measured rates")


def _here(key: str) -> str:
    return f"{key} on {machine.processor()}"
