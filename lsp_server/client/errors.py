"""Errors of a server that this client talks to."""

from __future__ import annotations

from engine.errors import MidfillError


class ServerFaultError(MidfillError):
    """The server under test failed; the run goes on with a fresh one."""


class ServerGoneError(ServerFaultError):
    """The server could not be started, or ended by itself."""


class ServerHungError(ServerFaultError):
    """The server has not answered for a long time."""
