"""Prefill and decode rates of this machine, measured once and remembered."""

from __future__ import annotations

import json
import logging
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.api import CancelToken, Request

if TYPE_CHECKING:
    from pathlib import Path

    from engine.api import Engine, Token

_log = logging.getLogger(__name__)

_READ_TOKENS = 256
_DECODE_TOKENS = 8
_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Rates:
    """What this machine does with this model.

    Attributes:
        prefill_tokens_s: prompt tokens read in a second, at 256 tokens.
        decode_ms: median milliseconds per decoded token behind 256 tokens.
    """

    prefill_tokens_s: float
    decode_ms: float

    def prefill_ms(self, tokens: int) -> float:
        """Estimated time to read so many tokens, in milliseconds."""
        return tokens / self.prefill_tokens_s * 1000


def measure(engine: Engine) -> Rates:
    """Measure both rates; about a second on two cores. The best of two, since noise only slows."""
    text = "def place(order, stock):\n    return [item for item in order if item in stock]\n"
    ids = engine.tokenizer.encode(text * 40)[:_READ_TOKENS]
    family, control = engine.family, engine.tokenizer.control
    begin = control(family.prefix or family.begin)
    middle = control(family.middle or family.begin)
    read_s, steps_ms = [], []
    for repeat in range(_REPEATS):
        stamps: list[float] = []

        def stamp(_: Token, stamps: list[float] = stamps) -> bool:
            stamps.append(time.perf_counter())
            return False

        # another first token each time, so that no kept state is met
        stable = (begin, *ids[repeat:])
        started = time.perf_counter()
        engine.generate(
            Request(stable, (middle,), _DECODE_TOKENS, keep=False), stamp, CancelToken()
        )
        ended = stamps[0] if stamps else time.perf_counter()
        read_s.append((ended - started) / len(stable))
        steps_ms += [(b - a) * 1000 for a, b in pairwise(stamps)]
    decode_ms = statistics.median(steps_ms) if steps_ms else min(read_s) * 1000
    return Rates(1 / max(1e-9, min(read_s)), decode_ms)


def recall(path: Path, key: str) -> Rates | None:
    """The rates remembered under `key`, None when there are none or the file is damaged."""
    try:
        rates = Rates(**json.loads(path.read_text(encoding="utf-8"))[key])
        believable = rates.prefill_tokens_s > 0 and rates.decode_ms >= 0
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        _log.info("no remembered rates for this model and device; they are measured")
        return None
    return rates if believable else None


def remember(path: Path, key: str, rates: Rates) -> None:
    """Write the rates under `key`; a state folder that cannot be written costs only the memory."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(known, dict):
            known = {}
    except (OSError, ValueError):
        known = {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        draft.touch(0o600)
        draft.write_text(json.dumps({**known, key: asdict(rates)}, indent=2), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        _log.warning("measured rates could not be remembered: %s", error.strerror)
