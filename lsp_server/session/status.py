"""The model's status for the user: loading, ready or failed, and what to do."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import MidfillError, ModelMissingError, reason
from lsp_server.completion import latency_budget
from lsp_server.session.document_status import StatusReason

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.calibration import Rates
    from engine.settings import EngineSettings
    from lsp_server.settings.model import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """What the user is told: `loading`, `ready` or `error`, and what to do.

    Attributes:
        state: one of the three.
        message: for people.
        reason: for programs, one of `StatusReason`; "" where all is well.
    """

    state: str
    message: str
    reason: str = ""


def of_error(error: Exception) -> Status:
    """Why there is no model."""
    if isinstance(error, ModelMissingError):
        return Status("error", str(error), StatusReason.NO_MODEL)
    if isinstance(error, MidfillError):
        return Status("error", str(error), StatusReason.FAILED)
    _log.error("loading failed", exc_info=error)
    words = f"the model could not be loaded: {reason(error)}"
    return Status("error", words, StatusReason.FAILED)


def of_engine(engine: Engine, settings: Settings, rates: Rates | None) -> Status:
    """The engine answers, fast or slowly."""
    about = "; ".join(filter(None, (engine.info.name, engine.info.note)))
    slow_ms = latency_budget.slow_ms(settings, rates)
    if not slow_ms:
        return Status("ready", about)
    words = (
        f"{about}; slow machine: a suggestion takes about {slow_ms:.0f} ms. End other "
        "programs, plug the power in, or choose a smaller engine.model"
    )
    return Status("ready", words, StatusReason.SLOW)


def waiting_for_restart(started_with: EngineSettings, now: EngineSettings) -> str:
    """What to tell of changed settings that the engine has not got; "" for none."""
    names = [
        f"engine.{field.name}"
        for field in dataclasses.fields(now)
        if getattr(started_with, field.name) != getattr(now, field.name)
    ]
    return f"restart the server to use the new {', '.join(names)}" if names else ""


def shortened(settings: Settings, engine: Engine | None) -> str:
    """What to tell of a prompt length that the model cannot read; "" where it can."""
    if engine is None or not engine.info.context_length:
        return ""
    room = latency_budget.room_for_prompt(settings, engine.info.context_length)
    if settings.prompt.max_tokens <= room:
        return ""
    return (
        f"prompt.max_tokens {settings.prompt.max_tokens} is cut to {room}: the model reads "
        f"{engine.info.context_length} tokens at most, what is typed and its answer among them"
    )
