"""Idle work: update rates, release kept states, unload the model."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from engine.errors import MidfillError
from lsp_server.session import rates

if TYPE_CHECKING:
    from engine.api import Engine
    from lsp_server.session.session import Session

_log = logging.getLogger(__name__)

CHECK_S = 5.0
IDLE_S = 10.0
RECYCLE_SHARE = 0.6


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
    """Correct the rates by the work that was done."""
    known = session.rates
    if known is None or session.pipeline is None:
        return
    found = rates.corrected(known, session.stats)
    if found != known:
        session.rates = found
        rates.remember(engine, found)
        session.retune()
        _log.info("this machine reads %.0f tokens/s", found.prefill_tokens_s)
