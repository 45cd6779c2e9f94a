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
from multiprocessing.connection import Connection, Listener
from typing import TYPE_CHECKING, Any

from engine.host.endpoint import Endpoint
from engine.host.engine_spec import EngineSpec
from engine.host.host import Host
from engine.network_guard import NetworkGuard

if TYPE_CHECKING:
    from collections.abc import Callable

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
    host = Host(plan.load, bytes.fromhex(orders["secret"]), orders["linger_s"])
    guard.on_refusal = host.refused
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: host.end())
    clean_up: Callable[[], bool] = lambda: True  # noqa: E731 - a constant
    if orders["fd"] is not None:  # one server, which is at the other end already
        host.admit(Connection(orders["fd"]))
    else:
        place = Endpoint(**orders["place"])
        listener = Listener(place.address, place.family, backlog=_BACKLOG)
        threading.Thread(target=_accept, args=(listener, host), name="door", daemon=True).start()
        clean_up = place.withdraw
    host.run(clean_up)
    clean_up()
    logging.shutdown()
    # native threads may still be at work; the interpreter's own exit would wait for them or abort
    os._exit(0)


def _accept(listener: Listener, host: Host) -> None:
    while True:
        try:
            connection = listener.accept()
        except OSError as error:
            _log.warning("a connection could not be accepted: %s", error.strerror)
            time.sleep(_PAUSE_S)
        else:
            host.admit(connection)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("engine")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers[:] = [handler]


if __name__ == "__main__":
    main()
