"""`python -m engine.host`: started by a server, which sends its specification on stdin."""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Listener
from typing import TYPE_CHECKING, Any

from engine.errors import reason
from engine.host.endpoint import Endpoint, HostRecord, started
from engine.host.engine_spec import EngineSpec
from engine.host.host import Host
from engine.network_guard import NetworkGuard

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Connection
else:
    from multiprocessing.connection import Connection

_log = logging.getLogger("engine.host")

_BACKLOG = 64
_PAUSE_S = 0.1
"""After a fault at the door, such as too many open files: never a busy loop."""


def main() -> None:
    """Serve until there is nobody left; never returns."""
    faulthandler.enable()  # a crash in native code leaves its stack in the log
    orders: dict[str, Any] = json.load(sys.stdin)
    _log_to_stderr()
    guard = NetworkGuard()
    guard.engage()
    plan = EngineSpec.from_json(orders["plan"])
    if plan.settings.nice and hasattr(os, "nice"):
        os.nice(plan.settings.nice)
    secret = bytes.fromhex(orders["secret"])
    place = None if orders["place"] is None else Endpoint(**orders["place"])
    listener = None if place is None else _listen(place, secret)
    host = Host(plan.load, secret, orders["linger_s"] if listener else 0.0)
    guard.on_refusal = host.refused
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: host.end())
    withdraw: Callable[[], bool] = lambda: True  # noqa: E731 - a constant
    if place is not None and listener is not None:
        threading.Thread(target=_accept, args=(listener, host), name="door", daemon=True).start()
        withdraw = place.withdraw
    host.admit(Connection(orders["handle"]))  # who started it is at the other end already
    host.run(withdraw)
    withdraw()
    logging.shutdown()
    # native threads may still be at work; the interpreter's own exit would wait for them or abort
    os._exit(0)


def _listen(place: Endpoint, secret: bytes) -> Listener | None:
    """Where other servers can be met; None where they cannot, and the log says why."""
    try:
        listener = Listener(place.address, place.family, backlog=_BACKLOG)
        place.write_card(HostRecord(secret, os.getpid(), started(os.getpid())))
    except OSError as error:
        _log.warning("no other server can be met at %s: %s", place.address, reason(error))
        place.clear()
        return None
    return listener


def _accept(listener: Listener, host: Host) -> None:
    while True:
        try:
            connection = listener.accept()
            host.admit(connection)
        except (OSError, RuntimeError) as error:
            _log.warning("a connection could not be accepted: %s", reason(error))
            time.sleep(_PAUSE_S)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("engine")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers[:] = [handler]


if __name__ == "__main__":
    main()
