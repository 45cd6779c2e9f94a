"""Connection between a server and the engine host: handshake, messages, closing."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Final

from engine.host import messages
from engine.host.messages import WireError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from engine.host.messages import Frame

MAX_FRAME: Final = 16 << 20
"""Bytes of the longest frame that is accepted; a request of 10,000 ids takes 40 kB."""

HANDSHAKE_S: Final = 5.0
"""How long the other end may take for each step of the handshake."""

_NONCE: Final = 32


def receive(connection: Connection) -> Frame:
    """The next frame.

    Raises:
        EOFError, OSError: the other end is gone.
        WireError: it speaks nonsense.
    """
    return messages.decode(connection.recv_bytes(MAX_FRAME))


def hang_up(connection: Connection) -> None:
    """End a connection that another thread reads from; that one then closes it."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            connection.close()
            return
        borrowed = socket.socket(fileno=connection.fileno())
        try:
            borrowed.shutdown(socket.SHUT_RDWR)
        finally:
            borrowed.detach()


def prove_to_server(connection: Connection, secret: bytes) -> None:
    """The host's part of the handshake: each end shows that it knows the secret.

    Raises:
        WireError: the other end does not, or takes too long.
    """
    nonce = secrets.token_bytes(_NONCE)
    connection.send_bytes(nonce)
    answer = _soon(connection)
    if not hmac.compare_digest(answer[_NONCE:], _proof(secret, b"server", nonce)):
        raise WireError("a client that does not know the key was refused")
    connection.send_bytes(_proof(secret, b"host", answer[:_NONCE]))


def prove_to_host(connection: Connection, secret: bytes, start_s: float = 0.0) -> None:
    """The server's part; a host that is being started may take `start_s` seconds more for it.

    Raises:
        WireError: the other end does not know the secret, or takes too long.
    """
    nonce = secrets.token_bytes(_NONCE)
    connection.send_bytes(nonce + _proof(secret, b"server", _soon(connection, start_s)))
    if not hmac.compare_digest(_soon(connection), _proof(secret, b"host", nonce)):
        raise WireError("who listens there does not know the key")


def _proof(secret: bytes, role: bytes, nonce: bytes) -> bytes:
    return hmac.digest(secret, role + nonce, "sha256")


def _soon(connection: Connection, more_s: float = 0.0) -> bytes:
    if not connection.poll(HANDSHAKE_S + more_s):
        raise WireError(f"no handshake within {HANDSHAKE_S + more_s:.0f} s")
    return connection.recv_bytes(1024)
