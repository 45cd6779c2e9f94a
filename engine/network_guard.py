"""No network: an audit hook that refuses every socket except local ones and the listener.

Python calls the hook for all sockets and name look-ups made through its own `socket` module, by
whichever library. Native code could pass it by; `tests/e2e/test_offline.py` watches the system
calls for that.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

SILENT_ENVIRONMENT = {
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
"""What keeps libraries from calling home, by their own word."""

_LOOK_UPS = frozenset({"socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
_ADDRESSED = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOCAL_FAMILIES = frozenset({-1, getattr(socket, "AF_UNIX", -1)})
"""-1 is a socket around a descriptor that exists already."""
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})


class NetworkRefusedError(PermissionError):
    """Something tried to reach the network."""


class NetworkGuard:
    """Refuses the network to this process for the rest of its life."""

    def __init__(self, listener: tuple[str, int] | None = None) -> None:
        """Prepare.

        Args:
            listener: host and port (0 for any) of the one loopback listener that is allowed.
        """
        self._listener = listener
        self._refused: set[str] = set()
        self.on_refusal: Callable[[str], None] = lambda _: None
        """Told the name of a kind of attempt when it is refused for the first time; any thread."""

    def engage(self) -> None:
        """Set the environment and the hook. A hook cannot be taken away again."""
        os.environ.update(SILENT_ENVIRONMENT)
        sys.addaudithook(self.look)

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The hook.

        Raises:
            NetworkRefusedError: the event would lead out of this machine.
        """
        if event.startswith("socket.") and not self._allows(event, arguments):
            self.report(event)
            raise NetworkRefusedError(f"midfill refuses {event}: nothing leaves this machine")

    def report(self, what: str) -> None:
        """Name a refused attempt once: in the log and to who asked to be told. Never its data."""
        if what in self._refused:
            return
        self._refused.add(what)
        _log.error("refused: something in this process tried to use the network (%s)", what)
        self.on_refusal(what)

    def _allows(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "socket.__new__":
            family = arguments[1]
            listens = self._listener is not None or sys.platform == "win32"
            return family in _LOCAL_FAMILIES or (family in _INTERNET and listens)
        if event == "socket.bind":
            return self._may_bind(arguments[1])
        if event in _ADDRESSED:
            return _is_local(arguments[1])
        if event == "socket.getaddrinfo":
            return self._listener is not None and arguments[0] == self._listener[0]
        return event not in _LOOK_UPS

    def _may_bind(self, address: Any) -> bool:
        if _is_local(address):
            return True
        if self._listener is None or not isinstance(address, tuple):
            return False
        return _is_loopback(address[0]) and self._listener[1] in {0, address[1]}


def _is_local(address: Any) -> bool:
    """Whether an address is a file of this machine, or the loop that Windows wakes itself with."""
    if address is None or isinstance(address, (str, bytes)):
        return True
    windows = sys.platform == "win32" and isinstance(address, tuple)
    return windows and _is_loopback(address[0])


def _is_loopback(host: object) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
