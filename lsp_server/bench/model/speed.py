"""Measure how fast a loaded model prefills, decodes, and completes a line.

Every figure is the median of the repeats in one process; the anchoring ratio compares runs that
alternate, so that a noisy machine disturbs both sides alike.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from engine.api import CancelToken, Request, Token
from engine.errors import GenerationError
from lsp_server.bench.keystrokes.metrics import percentile

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Engine

    _Measure = Callable[[int], float]

STABLE, LIVE = 500, 10
LINE_PROMPT, LINE_LIVE, LINE_TOKENS = 1500, 40, 12
"""A single line: tokens of its prompt, those of them that are read each time, and its own."""
_READ = (64, 128, 256, 512)
_CONTEXTS = (32, 256, 512, 1024)
_READ_FAST, _CONTEXTS_FAST = (1024, 2048, 4096), (1500, 4096)
"""Lengths that are worth a measurement only where reading is fast."""
_FAST_S = 0.1
_DECODE: Final = 16
_LOOK_S = 0.005


def measure(
    engine: Engine, repeats: int, completions: int, used_bytes: Callable[[], int]
) -> dict[str, Any]:
    """All figures of one engine.

    Args:
        engine: the model, with nothing kept.
        repeats: runs of each figure.
        completions: single lines of each kind.
        used_bytes: memory taken by now, of the card or of the process.

    Raises:
        EngineError: a generation failed that has to work; a long one is a reason among the figures.
    """
    ids = _Ids(engine)
    _read_s(engine, ids, _READ[0])  # a card loads its kernels now
    fast = _read_s(engine, ids, _READ[-1]) < _FAST_S
    most, reasons = engine.info.context_length or math.inf, list[str]()

    def by_length(what: str, lengths: tuple[int, ...], measure_one: _Measure) -> dict[int, float]:
        """Until one is too long for the model, or for the memory."""
        found: dict[int, float] = {}
        for length in lengths:
            if length + _DECODE > most:
                break
            try:
                found[length] = measure_one(length)
            except GenerationError as error:
                reasons.append(f"{what} {length} tokens or more: {error}")
                break
        return found

    prefill_s = by_length(
        "reading",
        (*_READ, *_READ_FAST[: len(_READ_FAST) * fast]),
        lambda length: _median(repeats, partial(_read_s, engine, ids, length)),
    )
    decode_ms = by_length(
        "decoding behind",
        (*_CONTEXTS, *_CONTEXTS_FAST[: len(_CONTEXTS_FAST) * fast]),
        lambda length: _decode_ms(engine, ids, length, repeats),
    )
    anchoring = _anchoring(engine, ids, repeats)
    return {
        "fast": fast,
        "reasons": reasons,
        "prefill_ms": {count: 1000 * seconds for count, seconds in prefill_s.items()},
        "prefill_tokens_s": {count: count / seconds for count, seconds in prefill_s.items()},
        "decode_ms": decode_ms,
        "anchoring": anchoring,
        "state_bytes_per_token": _state_bytes(engine),
        "completion": {
            "kept": _kept_lines(engine, ids, completions),
            "cold": _cold_lines(engine, ids, completions),
        },
        "peak_bytes": _peak_bytes(engine, ids, used_bytes),
    }


class _Ids:
    """Token ids of ordinary code, never twice the same, so that no kept state is met by chance."""

    _CODE = "def place_{n}(order, stock):\n    return [item for item in order if item in stock]\n"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._number = 0

    def __call__(self, count: int) -> tuple[int, ...]:
        """`count` ids."""
        self._number += 1
        text = "".join(self._CODE.format(n=self._number * 1000 + n) for n in range(count // 10 + 2))
        return tuple(self._engine.tokenizer.encode(text)[:count])


def _first_token_s(engine: Engine, stable: tuple[int, ...], live: tuple[int, ...]) -> float:
    """Seconds until the first token is there."""
    stamps: list[float] = []

    def stamp(_: Token) -> bool:
        stamps.append(time.perf_counter())
        return True

    started = time.perf_counter()
    engine.generate(Request(stable, live, 1, keep=bool(stable)), stamp, CancelToken())
    return (stamps[0] if stamps else time.perf_counter()) - started


def _read_s(engine: Engine, ids: _Ids, count: int) -> float:
    return _first_token_s(engine, (), ids(count))


def _decode_ms(engine: Engine, ids: _Ids, context: int, repeats: int) -> float:
    steps: list[float] = []
    for _ in range(repeats):
        stamps: list[float] = []

        def stamp(_: Token, stamps: list[float] = stamps) -> bool:
            stamps.append(time.perf_counter())
            return False

        engine.generate(Request((), ids(context), _DECODE, keep=False), stamp, CancelToken())
        steps += [(after - before) * 1000 for before, after in pairwise(stamps)]
    return statistics.median(steps) if steps else math.nan


def _anchoring(engine: Engine, ids: _Ids, repeats: int) -> dict[str, float]:
    """First token with a kept stable part against reading everything, in turn."""
    stable = ids(STABLE)
    engine.generate(Request(stable, ids(1), 0), lambda _: True, CancelToken())
    warm, cold = [], []
    for _ in range(repeats):
        warm.append(_first_token_s(engine, stable, ids(LIVE)))
        cold.append(_first_token_s(engine, (), ids(STABLE + LIVE)))
    ratios = [one / other for one, other in zip(warm, cold, strict=True)]
    return {
        "stable_tokens": STABLE,
        "live_tokens": LIVE,
        "kept_ms": statistics.median(warm) * 1000,
        "whole_ms": statistics.median(cold) * 1000,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def _state_bytes(engine: Engine) -> float:
    account = engine.account()
    return account.held_bytes / STABLE if account.prompts == 1 else math.nan


def _kept_lines(engine: Engine, ids: _Ids, count: int) -> dict[str, float]:
    """Lines behind a kept state: what a key costs while one types."""
    stable = ids(LINE_PROMPT - LINE_LIVE)
    engine.generate(Request(stable, ids(1), 0), lambda _: True, CancelToken())
    held = engine.holds(stable)
    return {
        **_lines(lambda: _line(engine, stable, ids(LINE_LIVE)), count),
        "held": held,
    }


def _cold_lines(engine: Engine, ids: _Ids, count: int) -> dict[str, float]:
    """Lines whose whole prompt is new."""
    return _lines(lambda: _line(engine, (), ids(LINE_PROMPT)), count)


def _line(engine: Engine, stable: tuple[int, ...], live: tuple[int, ...]) -> tuple[float, int]:
    """Milliseconds, and tokens that came: fewer where the model ends the text by itself."""
    started = time.perf_counter()
    request = Request(stable, live, LINE_TOKENS, keep=bool(stable))
    found = engine.generate(request, lambda _: False, CancelToken())
    return (time.perf_counter() - started) * 1000, found.decoded


def _lines(line: Callable[[], tuple[float, int]], count: int) -> dict[str, float]:
    line()  # the first pays for fresh memory
    found = [line() for _ in range(count)]
    times = [ms for ms, _ in found]
    return {
        "count": count,
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
        "tokens": statistics.fmean(tokens for _, tokens in found),
    }


def _peak_bytes(engine: Engine, ids: _Ids, used_bytes: Callable[[], int]) -> int:
    """The most memory taken while one cold line is completed, looked at every 5 ms and not timed.

    CTranslate2 gives little of what it took back, so what the other figures needed is in it.
    """
    over = threading.Event()
    seen = [used_bytes()]

    def look() -> None:
        while not over.wait(_LOOK_S):
            seen.append(used_bytes())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        _line(engine, (), ids(LINE_PROMPT))
    finally:
        over.set()
        watcher.join()
    return max(*seen, used_bytes())


def _median(repeats: int, measure_: Callable[[], float]) -> float:
    measure_()  # the first run pays for fresh memory
    return statistics.median(measure_() for _ in range(repeats))
