"""The guard: what it lets through and what it refuses. A hook stays, so real ones run elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from engine.network_guard import SILENT_ENVIRONMENT, NetworkGuard, NetworkRefusedError

INET, INET6 = socket.AF_INET, socket.AF_INET6
LOCAL = ("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("event", "arguments", "listener"),
    [
        ("socket.__new__", (None, INET, 1, 0), None),
        ("socket.__new__", (None, INET6, 1, 0), None),
        ("socket.__new__", (None, 17, 3, 0), LOCAL),  # raw packets
        ("socket.bind", (None, ("127.0.0.1", 80)), None),
        ("socket.bind", (None, ("127.0.0.1", 80)), ("127.0.0.1", 81)),
        ("socket.bind", (None, ("192.0.2.7", 80)), ("127.0.0.1", 0)),
        ("socket.bind", (None, ("", 80)), LOCAL),
        ("socket.connect", (None, ("127.0.0.1", 80)), LOCAL),
        ("socket.connect", (None, ("::1", 80, 0, 0)), LOCAL),
        ("socket.sendto", (None, ("192.0.2.7", 53)), LOCAL),
        ("socket.sendmsg", (None, ("192.0.2.7", 53)), LOCAL),
        ("socket.getaddrinfo", ("example.org", 80, 0, 0, 0), LOCAL),
        ("socket.gethostbyname", ("example.org",), LOCAL),
        ("socket.gethostbyaddr", ("192.0.2.7",), LOCAL),
        ("socket.getnameinfo", (("192.0.2.7", 80),), LOCAL),
    ],
)
def test_ways_out_are_refused_and_named_once(
    event: str, arguments: tuple[Any, ...], listener: tuple[str, int] | None
) -> None:
    """The event's name is told, never its data."""
    guard, told = NetworkGuard(listener), list[str]()
    guard.on_refusal = told.append
    for _ in range(3):
        with pytest.raises(NetworkRefusedError, match=event):
            guard.look(event, arguments)
    assert told == [event]


@pytest.mark.parametrize(
    ("event", "arguments", "listener"),
    [
        ("open", ("/etc/hosts", "r", 0), None),
        ("socket.__new__", (None, socket.AF_UNIX, 1, 0), None),
        ("socket.__new__", (None, -1, -1, -1), None),
        ("socket.__new__", (None, INET, 1, 0), LOCAL),
        ("socket.bind", (None, ("127.0.0.1", 5)), LOCAL),
        ("socket.bind", (None, ("::1", 5, 0, 0)), ("::1", 5)),
        ("socket.bind", (None, "/run/x"), None),
        ("socket.connect", (None, "/run/x"), None),
        ("socket.connect", (None, b"\0abstract"), None),
        ("socket.sendmsg", (None, None), None),
        ("socket.getaddrinfo", ("localhost", 0, 0, 0, 0), ("localhost", 0)),
        ("socket.gethostname", (), None),
    ],
)
def test_local_ones_are_let_through(
    event: str, arguments: tuple[Any, ...], listener: tuple[str, int] | None
) -> None:
    """Sockets in the file system, and the one listener that was asked for."""
    NetworkGuard(listener).look(event, arguments)


def test_a_whole_process_is_closed() -> None:
    """Whatever a library tries, it gets an OSError; the environment says silence too."""
    script = textwrap.dedent("""
        import os, socket, urllib.request
        from engine.network_guard import NetworkGuard as Guard
        guard = Guard()
        told = []
        guard.on_refusal = told.append
        guard.engage()
        for attempt in (
            lambda: socket.socket(),
            lambda: socket.create_connection(("127.0.0.1", 9)),
            lambda: socket.getaddrinfo("localhost", 80),
            lambda: urllib.request.urlopen("http://127.0.0.1:9/", timeout=1),
        ):
            try:
                attempt()
            except OSError as error:
                assert "refuses" in str(error), error
            else:
                raise SystemExit("it came through")
        left, right = socket.socketpair()
        left.sendall(b"x")
        assert right.recv(1) == b"x"
        print(sorted(told), os.environ["HF_HUB_OFFLINE"])
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['socket.__new__', 'socket.getaddrinfo'] 1\n"


def test_only_serving_is_silenced() -> None:
    """Importing the guard changes nothing: `midfill models pull` may still use the network."""
    assert not set(SILENT_ENVIRONMENT) <= set(os.environ)
