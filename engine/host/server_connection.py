"""One connected server in the host, and the thread that reads from it."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, Final

from engine.host import channel
from engine.host.messages import Cancelled, Recycled, RequestMessage, VerdictMessage, WireError
from engine.host.remote_request import RemoteRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from engine.host.messages import Frame

_log = logging.getLogger(__name__)

_STUCK_S: Final = 1
"""A server that reads nothing for so long, with its buffer full, is dropped: others wait."""


class ServerConnection:
    """One server's end of a connection."""

    def __init__(
        self,
        connection: Connection,
        *,
        joined: Callable[[ServerConnection], None],
        asked: Callable[[ServerConnection, RemoteRequest | Recycled], None],
        cancelled: Callable[[ServerConnection, RemoteRequest], None],
        left: Callable[[ServerConnection], None],
    ) -> None:
        """Prepare; the functions are called on this guest's own thread.

        Args:
            connection: as it was accepted.
            joined: it has proved that it knows the key.
            asked: it wants something of the engine.
            cancelled: it no longer wants a job.
            left: it is gone; called once, and also when it never joined.
        """
        self._connection = connection
        self._joined, self._asked = joined, asked
        self._cancelled, self._left = cancelled, left
        self._jobs: dict[int, RemoteRequest] = {}
        self._sending = threading.Lock()
        _limit_sending(connection)

    def start(self, secret: bytes) -> None:
        """Shake hands and read until the server is gone, on a thread of its own."""
        threading.Thread(target=self._run, args=(secret,), name="guest", daemon=True).start()

    def send(self, frame: Frame) -> None:
        """Send a frame; a server that is gone or stuck is let go."""
        try:
            with self._sending:
                self._connection.send_bytes(frame.pack())
        except (OSError, ValueError):  # closed, or stuck
            self.drop()

    def drop(self) -> None:
        """Close the connection, which ends the reading thread."""
        with contextlib.suppress(OSError, AttributeError):
            channel.hang_up(self._connection)

    def ended(self, job: RemoteRequest) -> None:
        """A job was answered."""
        self._jobs.pop(job.number, None)

    def _run(self, secret: bytes) -> None:
        try:
            channel.prove_to_server(self._connection, secret)
            self._joined(self)
            while True:
                self._take(channel.receive(self._connection))
        except WireError as error:
            _log.warning("a server was sent away: %s", error)
        except (EOFError, OSError):
            pass  # it left
        finally:
            for job in tuple(self._jobs.values()):
                self._cancelled(self, job)
            self._left(self)
            with self._sending, contextlib.suppress(OSError):
                self._connection.close()

    def _take(self, frame: Frame) -> None:
        match frame:
            case RequestMessage(number, request, spare):
                job = RemoteRequest(number, request, self.send, spare=spare)
                self._jobs[number] = job
                self._asked(self, job)
            case VerdictMessage(number, count, verdict):
                if (job_ := self._jobs.get(number)) is not None:
                    job_.judge(count, verdict)
            case Cancelled(number):
                if (job_ := self._jobs.get(number)) is not None:
                    self._cancelled(self, job_)
            case Recycled():
                self._asked(self, frame)
            case _:
                raise WireError("a server said what only a host says")


def _limit_sending(connection: Connection) -> None:
    """Have a send to a server that never reads fail instead of blocking the engine.

    Windows' pipes know no such limit: there a frozen server can hold up the host.
    """
    if sys.platform == "win32":
        return
    with socket.socket(fileno=connection.fileno()) as borrowed:
        try:
            borrowed.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _STUCK_S, 0)
            )
        finally:
            borrowed.detach()
