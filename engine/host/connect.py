"""Connect to the host for a specification, or start one."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.errors import EngineLoadError
from engine.host import channel, messages
from engine.host.endpoint import Endpoint, HostRecord, new_secret
from engine.host.process import HostProcess

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from engine.host.engine_spec import EngineSpec

_log = logging.getLogger(__name__)

START_S: Final = 30.0
"""How long a host may take until it listens; it loads the model afterwards."""

_LOOK_S: Final = 0.01
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
        self.child.wait(0.2)
        return self.child.how()


def own(plan: EngineSpec, state: Path) -> HostConnection:
    """A host for this process alone, which ends with it.

    Raises:
        OSError: it could not be started.
        WireError: it was started and did not answer.
    """
    secret = new_secret()
    log = state / "engine-host.log"
    if sys.platform == "win32":  # no descriptor can be handed over so simply: a pipe of its own
        place = Endpoint.of(secret.hex()[:20], state)
        child = HostProcess(plan, secret, linger_s=0, log=log, place=place)
        return _await(place, child, secret)
    from multiprocessing.connection import Pipe

    ours, theirs = Pipe()
    try:
        child = HostProcess(plan, secret, linger_s=0, log=log, fd=theirs.fileno())
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    try:
        channel.prove_to_host(ours, secret)
    except (messages.WireError, EOFError, OSError) as error:
        ours.close()
        child.kill()
        raise messages.WireError(f"the engine host did not start ({error}); see {log}") from error
    return HostConnection(ours, HostRecord(secret, child.pid), child)


def shared(plan: EngineSpec, state: Path, linger_s: float) -> HostConnection:
    """The host that runs this plan for all servers of this user; started when there is none.

    Raises:
        RendezvousError: there is no place for a socket.
        OSError: the lock or the process could not be made.
        EngineLoadError: a host was started and did not listen.
    """
    place = Endpoint.of(plan.key(), state)
    if (connection := place.meet()) is not None:
        return HostConnection(connection, place.read_card() or HostRecord(b""))
    with place.lock().acquire(timeout=START_S):
        if (connection := place.meet()) is not None:  # somebody else was quicker
            return HostConnection(connection, place.read_card() or HostRecord(b""))
        if (stuck := place.read_card()) is not None:
            kill(stuck)
        place.clear()
        secret = new_secret()
        log = state / "engine-host.log"
        child = HostProcess(plan, secret, linger_s=linger_s, log=log, place=place)
        place.write_card(HostRecord(secret, child.pid, _started(child.pid)))
        return _await(place, child, secret)


def kill(card: HostRecord) -> None:
    """End the process of a card at once, unless its id belongs to another process by now."""
    import psutil

    if card.pid and card.started and abs(_started(card.pid) - card.started) < _CLOCK_S:
        try:
            psutil.Process(card.pid).kill()
        except psutil.Error:
            return
        _log.warning("an engine host that did not answer was ended")


def _started(pid: int) -> float:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _await(place: Endpoint, child: HostProcess, secret: bytes) -> HostConnection:
    if place.read_card() is None:
        place.write_card(HostRecord(secret, child.pid, _started(child.pid)))
    end = time.monotonic() + START_S
    while time.monotonic() < end and not child.ended:
        if (connection := place.meet()) is not None:
            return HostConnection(
                connection, HostRecord(secret, child.pid, _started(child.pid)), child
            )
        time.sleep(_LOOK_S)
    how = child.how() or f"and did not listen within {START_S:.0f} s"
    child.kill()
    raise EngineLoadError(f"the engine host ended {how}; see engine-host.log in the state folder")
