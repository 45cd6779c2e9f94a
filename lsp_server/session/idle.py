"""Idle work: update rates, release kept states, unload the model."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from typing import TYPE_CHECKING

from engine import calibration
from engine.errors import MidfillError
from lsp_server import paths
from lsp_server.completion import counters

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.api import Engine
    from lsp_server.session.session import Session

_log = logging.getLogger(__name__)

CHECK_S = 5.0
IDLE_S = 10.0
RECYCLE_SHARE = 0.6
_NEWS = 1.15
"""A rate so many times the known one, or that part of it, is worth learning."""


async def run(session: Session) -> None:
    """Look every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(CHECK_S)
        scheduler = session.scheduler
        engine = scheduler.engine
        if engine is None or not scheduler.idle:
            continue
        _learn_from_work(session, engine)
        rest_s = time.monotonic() - scheduler.last_used
        limit_min = session.settings.engine.idle_min
        if limit_min and rest_s > limit_min * 60:
            session.sleep()
        elif rest_s > IDLE_S:
            await _give_back(session, engine)


async def _give_back(session: Session, engine: Engine) -> None:
    """Drop kept states before the budget forces it in the middle of typing."""
    account = engine.account()
    if account.held_bytes <= account.budget_bytes * RECYCLE_SHARE:
        return
    try:
        await session.scheduler.call(lambda engine: engine.recycle())
        _log.info("gave back %d kept states", account.prompts)
    except MidfillError:
        _log.warning("kept states could not be given back")


def _learn_from_work(session: Session, engine: Engine) -> None:
    """Correct rates that were measured on a busy machine, or on one that was quicker than now."""
    known = session.rates
    if known is None or session.pipeline is None:
        return
    read_ms = [1000 / rate for rate in session.stats.prefill_tokens_s]
    found = dataclasses.replace(
        known,
        prefill_tokens_s=known.prefill_tokens_s / _slower(1000 / known.prefill_tokens_s, read_ms),
        decode_ms=known.decode_ms * _slower(known.decode_ms, session.stats.decode_ms),
    )
    if found == known:
        return
    session.rates = found
    calibration.remember(paths.state_dir() / "rates.json", engine.info.name, found)
    session.retune()
    _log.info("this machine reads %.0f tokens/s", found.prefill_tokens_s)


def _slower(known_ms: float, seen_ms: Collection[float]) -> float:
    """How many times slower it is than known, below 1 for faster; 1 for nothing new.

    Noise only slows: one quick time is a proof, many slow ones are needed for one.
    """
    times = min(seen_ms, default=known_ms) / max(1e-6, known_ms)
    news = times * _NEWS < 1 or (times > _NEWS and len(seen_ms) >= counters.RATES)
    return max(1e-3, times) if news else 1.0
