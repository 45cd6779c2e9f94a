"""How fast this machine is: remembered or measured at the start, corrected while it works."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from engine import calibration, warmup
from engine.device.placement import CPU
from lsp_server import paths
from lsp_server.completion import counters

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from engine.api import Engine
    from engine.calibration import Rates
    from lsp_server.completion.counters import Counters
    from lsp_server.completion.scheduler import Scheduler

_FILE = "rates.json"
_NEWS = 1.15
"""A rate so many times the known one, or that part of it, is worth learning."""


async def learn(
    engine: Engine, scheduler: Scheduler, tell: Callable[[str], None], *, measure: bool
) -> Rates:
    """The rates of an engine that was just loaded.

    Args:
        engine: the engine.
        scheduler: has its thread.
        tell: told what takes a while.
        measure: warm a card up, and measure the rates when none are remembered.
    """
    known = calibration.recall(paths.state_dir() / _FILE, engine.info.name)
    if engine.info.device != CPU and measure:
        tell(f"warming up {engine.info.device}; for a new chip that takes minutes, once")
        for step in warmup.steps(engine):  # each has the time that any job has
            await scheduler.call(step)
    if known is None and measure:
        tell("measuring how fast this machine is")
        known = await scheduler.call(calibration.measure)
        remember(engine, known)
    return known or calibration.Rates(prefill_tokens_s=1e6, decode_ms=0.1)


def remember(engine: Engine, rates: Rates) -> None:
    """Keep them for the next start."""
    calibration.remember(paths.state_dir() / _FILE, engine.info.name, rates)


def corrected(known: Rates, stats: Counters) -> Rates:
    """Rates that were measured on a busy machine, or on one that was quicker than now, by work."""
    read_ms = [1000 / rate for rate in stats.prefill_tokens_s]
    return dataclasses.replace(
        known,
        prefill_tokens_s=known.prefill_tokens_s / _slower(1000 / known.prefill_tokens_s, read_ms),
        decode_ms=known.decode_ms * _slower(known.decode_ms, stats.decode_ms),
    )


def _slower(known_ms: float, seen_ms: Collection[float]) -> float:
    """How many times slower it is than known, below 1 for faster; 1 for nothing new.

    Noise only slows: one quick time is a proof, many slow ones are needed for one.
    """
    times = min(seen_ms, default=known_ms) / max(1e-6, known_ms)
    news = times * _NEWS < 1 or (times > _NEWS and len(seen_ms) >= counters.RATES)
    return max(1e-3, times) if news else 1.0
