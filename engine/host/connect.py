"""Connect to the host for a specification, or start one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.errors import EngineLoadError, MidfillError, reason
from engine.host import channel, messages
from engine.host.endpoint import Endpoint, HostRecord, new_secret, started
from engine.host.process import HostProcess

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from engine.host.engine_spec import EngineSpec

_log = logging.getLogger(__name__)

START_S: Final = 30.0
"""How long a host may take until it answers; it loads the model afterwards."""

LOG: Final = "engine-host.log"
"""In the state folder."""

_SHORT_S: Final = 0.2
"""How long the end of a process is waited for that hung up."""
_CLOCK_S: Final = 2.0
"""Start times of one process, read twice, differ by less."""


@dataclass(frozen=True, slots=True)
class HostConnection:
    """A connection to a host that proved itself, and what is known of its process.

    Attributes:
        connection: ready for frames.
        card: its process id and start time.
        child: the process, when this one started it.
    """

    connection: Connection
    card: HostRecord
    child: HostProcess | None = None

    def kill(self) -> None:
        """End the host at once, by its own process id and only while that is still its."""
        if self.child is not None:
            self.child.kill()
        else:
            kill(self.card)

    def how_it_ended(self) -> str:
        """For people; "" when it is not known."""
        if self.child is None:
            return ""
        self.child.wait(_SHORT_S)
        return self.child.how()


def own(plan: EngineSpec, state: Path) -> HostConnection:
    """A host for this process alone, which ends with it.

    Raises:
        OSError: no process could be started.
        EngineLoadError: it was started and did not answer.
    """
    return _start(plan, state, None, 0.0)


def shared(plan: EngineSpec, state: Path, linger_s: float) -> HostConnection:
    """The host that runs this plan for all servers of this user; started when there is none.

    One that cannot be met by others is this server's own, and the log says why.

    Raises:
        OSError: no process could be started.
        EngineLoadError: it was started and did not answer.
    """
    try:
        place = Endpoint.of(plan.key(), state)
        if (connection := place.meet()) is not None:
            return HostConnection(connection, place.read_card() or HostRecord(b""))
        with place.lock().acquire(timeout=START_S):
            if (connection := place.meet()) is not None:  # somebody else was quicker
                return HostConnection(connection, place.read_card() or HostRecord(b""))
            if (stuck := place.read_card()) is not None:
                kill(stuck)
            place.clear()
            met = _start(plan, state, place, linger_s)
            if place.read_card() is None:
                _log.warning("no shared engine process: see %s; this one is the server's own", LOG)
            return met
    except (MidfillError, OSError, RuntimeError) as error:  # NotImplementedError: no flock there
        _log.warning("no shared engine process: %s; starting one for this server", reason(error))
    return own(plan, state)


def _start(
    plan: EngineSpec, state: Path, place: Endpoint | None, linger_s: float
) -> HostConnection:
    """Start a host and shake hands; it listens by then, unless it cannot."""
    from multiprocessing.connection import Pipe

    secret = new_secret()
    ours, theirs = Pipe()
    try:
        with theirs:
            child = HostProcess(
                plan, secret, linger_s=linger_s, log=state / LOG, place=place, connection=theirs
            )
    except BaseException:
        ours.close()
        raise
    try:
        channel.prove_to_host(ours, secret, START_S)
    except (messages.WireError, EOFError, OSError) as error:
        ours.close()
        child.wait(_SHORT_S)
        how = child.how() or f"does not answer ({error})"
        child.kill()
        raise EngineLoadError(f"the engine host ended {how}; see {state / LOG}") from error
    return HostConnection(ours, HostRecord(secret, child.pid, started(child.pid)), child)


def kill(card: HostRecord) -> None:
    """End the process of a card at once, unless its id belongs to another process by now."""
    import psutil

    if card.pid and card.started and abs(started(card.pid) - card.started) < _CLOCK_S:
        try:
            psutil.Process(card.pid).kill()
        except psutil.Error:
            return
        _log.warning("an engine host that did not answer was ended")
