"""Clients that do not answer, or say less than they should, hold up no start and no end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.wire import INLINE, URI, Wire

ASKED: dict[str, Any] = {
    **INLINE,
    "window": {"workDoneProgress": True},
    "workspace": {
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
}
REQUESTS = (
    "window/workDoneProgress/create",
    "workspace/configuration",
    "client/registerCapability",
)


@pytest.mark.parametrize("silent", [*((each,) for each in REQUESTS), REQUESTS])
def test_a_request_that_is_never_answered_holds_up_no_start(silent: tuple[str, ...]) -> None:
    """The model is loaded and answers all the same, without a progress bar or settings."""
    with Wire(silent=silent) as wire:
        wire.initialize(ASKED)
        wire.ready().open("x = \n")
        assert wire.complete(0, 4)
        if REQUESTS[0] not in silent:
            kinds = [said["value"]["kind"] for said in wire.until(lambda: wire.said("$/progress"))]
            assert kinds[0] == "begin"
        assert wire.leave() == 0


def test_settings_that_come_late_are_taken_over() -> None:
    """The start went on without them; they count from then on."""
    with Wire(silent={"workspace/configuration"}) as wire:
        wire.initialize(ASKED)
        wire.ready().open("x = \n")
        assert wire.complete(0, 4)
        (asked,) = [each for each in wire.messages if each["method"] == "workspace/configuration"]
        settings = [{"suggestions": {"enabled": False}}]
        wire.send({"jsonrpc": "2.0", "id": asked["id"], "result": settings})
        wire.until(lambda: wire.said("midfill/documentStatus"))
        assert wire.complete(0, 4) == []
        assert wire.leave() == 0


def test_a_client_that_never_says_initialized_gets_suggestions() -> None:
    """The handshake's answer is enough."""
    with Wire() as wire:
        wire.ask("initialize", {"processId": None, "rootUri": None, "capabilities": INLINE})
        wire.ready().open("x = \n")
        assert wire.complete(0, 4)
        assert wire.leave() == 0


@pytest.mark.parametrize(
    ("by", "pid"),
    [("argument", 0), ("argument", 2**40), ("initialize", -1), ("initialize", 2**22 + 1)],
)
def test_a_process_that_cannot_be_seen_is_not_watched(by: str, pid: int) -> None:
    """A client in another container tells a number that means nothing here."""
    with Wire(*([f"--clientProcessId={pid}"] if by == "argument" else [])) as wire:
        wire.initialize(processId=pid if by == "initialize" else None)
        wire.ready().open("x = \n")
        assert wire.complete(0, 4)
        assert wire.leave() == 0
    assert f"process {pid} cannot be seen".encode() in wire.stderr


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("pipe", b"the client closed the connection"),
        ("exit", b"`exit` without `shutdown`"),
        ("term", b"stopped by SIGTERM"),
        ("parent", b"has ended"),
        ("half", b"in the middle of a message"),
    ],
)
def test_an_exit_says_why(end: str, reason: bytes) -> None:
    """In the log, at the level that is there without any flag."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as editor, Wire() as wire:
        wire.initialize(processId=editor.pid)
        wire.ready()
        if end == "exit":
            wire.notify("exit", None)
        elif end == "term":
            wire.process.terminate()
        elif end == "parent":
            editor.communicate(b"\n")
        else:
            if end == "half":
                wire.send_bytes(b"Content-Length: 100\r\n\r\n{")
            wire.close_stdin()
        assert wire.wait() == 1
        editor.kill()
    assert reason in wire.stderr


def test_an_end_in_order_says_nothing() -> None:
    """It is no news."""
    with Wire() as wire:
        wire.initialize(processId=os.getpid())
        assert wire.ready().leave() == 0
    assert wire.stderr == b""


def test_clients_that_did_not_ask_get_no_notification_of_midfills_own() -> None:
    """They would complain of each one in a popup or a log; the reasons can be asked for."""
    with Wire() as wire:
        about = {"clientInfo": {"name": "an editor"}, "processId": None, "rootUri": None}
        wire.ask("initialize", {**about, "capabilities": INLINE})
        wire.notify("initialized", {})
        wire.ready().open("x" * 2000 + "\nx = \n")
        settings = {"midfill": {"suggestions": {"enabled": False}}}
        wire.notify("workspace/didChangeConfiguration", {"settings": settings})
        about = {"textDocument": {"uri": URI}}
        assert wire.ask("midfill/documentStatus", about)["reason"] == "disabled"
        own = [each["method"] for each in wire.messages if each["method"].startswith("midfill/")]
        assert own == []
        assert wire.leave() == 0


def test_a_script_without_a_name_is_told_when_the_model_is_ready() -> None:
    """What gives neither a name nor a process is no editor, and has no other way to know."""
    with Wire() as wire:
        wire.ask("initialize", {"processId": None, "rootUri": None, "capabilities": INLINE})
        wire.notify("initialized", {})
        wire.until(
            lambda: [each for each in wire.said("midfill/status") if each["state"] == "ready"]
        )
        wire.open("x = \n")
        assert wire.complete(0, 4)
        assert wire.said("midfill/documentStatus") == []
        assert wire.leave() == 0
