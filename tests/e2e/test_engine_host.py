"""Servers whose engine lives in another process: its death, its sharing, and the way out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import INLINE, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAKE = "remote-fake:return a + b"
SLOW = "remote-fake@20:" + "word " * 500
PATIENT = {"latency": {"target_ms": 20_000}, "suggestions": {"ahead": "off"}}
WAYS = ("shared", "own")


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for something to become true; returns it."""
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.01)
    return value


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class Desk:
    """Servers that share a runtime folder, and the hosts they made."""

    def __init__(self, folder: Path) -> None:
        self.run = folder / "run"
        self.state = folder / "state"
        self.env = {
            **os.environ,
            "MIDFILL_RUNTIME_DIR": str(self.run),
            "MIDFILL_STATE_DIR": str(self.state),
        }
        self.hosts: set[int] = set()

    def serve(self, way: str, engine: str = FAKE, **options: Any) -> Wire:
        """A ready server; `options` are its initialization options."""
        wire = Wire(engine=engine, env=self.env)
        chosen = {"engine": {"process": way, "linger_s": 0.2}, **PATIENT, **options}
        wire.initialize(initializationOptions=chosen)
        wire.ready()
        self.hosts.add(self.host(wire, way))
        return wire

    def host(self, wire: Wire, way: str) -> int:
        """Process id of the host that serves a server."""
        if way == "own":
            (child,) = psutil.Process(wire.process.pid).children()
            return int(child.pid)
        (card,) = self.run.glob("*.json")
        return int(json.loads(card.read_text(encoding="utf-8"))["pid"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A runtime folder of the test's own; no host outlives it."""
    made = Desk(tmp_path)
    yield made
    for pid in made.hosts:
        until(lambda pid=pid: gone(pid), "the end of a host")  # type: ignore[misc]  # bound at once


def restarted(wire: Wire, times: int = 1) -> bool:
    """Whether the server told so often that its engine works again."""
    told = [status["message"] for status in wire.said("midfill/status")]
    return sum("works" in message for message in told) >= times


@pytest.mark.parametrize("way", WAYS)
def test_a_session_works_through_a_host(desk: Desk, way: str) -> None:
    """As with an engine inside."""
    with desk.serve(way) as wire:
        wire.open("x = \n")
        assert wire.complete(0, 4)[0]["insertText"] == "x = return a + b"
        assert wire.stats()["states"] >= 1
        assert wire.leave() == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
def test_a_crash_in_mid_generation_costs_one_answer(
    desk: Desk, way: str, how: signal.Signals
) -> None:
    """The session lives, the fault is named once, and service returns by itself."""
    with desk.serve(way, SLOW) as wire:
        wire.open("x = \n")
        lost = wire.want(0, 4)
        until(lambda: wire.stats()["prompt_tokens"] >= 0, "an answer while it decodes")
        os.kill(desk.host(wire, way), how)
        assert isinstance(wire.answer(lost)["items"], list)
        wire.until(lambda: restarted(wire), "a restart")
        desk.hosts.add(desk.host(wire, way))
        assert wire.stats()["faults"] == {"engine-lost": 1}
        wire.edit((0, 4), (0, 4), "y")
        assert wire.complete(0, 5) != []
        assert wire.leave() == 0
        assert wire.stderr.count(b"the engine's process ended") == 1
    log = (desk.state / "engine-host.log").read_text(encoding="utf-8")
    assert "word" not in log
    assert ("Segmentation fault" in log) == (how is signal.SIGSEGV)


def test_a_crash_while_idle_is_repaired_before_the_next_key(desk: Desk) -> None:
    """Nobody has to ask first."""
    with desk.serve("shared") as wire:
        os.kill(desk.host(wire, "shared"), signal.SIGKILL)
        wire.until(lambda: restarted(wire), "a restart")
        desk.hosts.add(desk.host(wire, "shared"))
        wire.open("x = \n")
        assert wire.complete(0, 4) != []
        assert wire.stats()["faults"] == {"engine-lost": 1}
        assert wire.leave() == 0


def test_servers_share_a_host_and_survive_each_other(desk: Desk) -> None:
    """The one that started it is killed; the other does not notice."""
    with desk.serve("shared") as first, desk.serve("shared") as second:
        assert len(desk.hosts) == 1
        first.process.kill()
        first.wait()
        second.open("x = \n")
        assert second.complete(0, 4) != []
        assert second.stats()["faults"] == {}
        assert second.leave() == 0


def test_after_a_crash_all_servers_meet_at_one_new_host(desk: Desk) -> None:
    """They restart at once, and the lock lets one of them start it."""
    with desk.serve("shared") as first, desk.serve("shared") as second:
        old = desk.host(first, "shared")
        os.kill(old, signal.SIGKILL)
        for wire in (first, second):
            wire.until(lambda wire=wire: restarted(wire), "a restart")  # type: ignore[misc]  # bound at once
        assert desk.host(first, "shared") != old
        desk.hosts.add(desk.host(first, "shared"))
        running = [
            process
            for process in psutil.process_iter(["cmdline", "environ"])
            if "engine.host" in " ".join(process.info["cmdline"] or ())
            and (process.info["environ"] or {}).get("MIDFILL_RUNTIME_DIR") == str(desk.run)
        ]
        assert len(running) == 1
        assert first.leave() == second.leave() == 0


def test_without_a_place_for_a_socket_the_server_has_a_host_of_its_own(desk: Desk) -> None:
    """Named once in the log, with the way out."""
    desk.run = desk.run / ("deep" * 40)
    desk.env["MIDFILL_RUNTIME_DIR"] = str(desk.run)
    wire = Wire(engine=FAKE, env=desk.env)
    with wire:
        wire.initialize()
        wire.ready().open("x = \n")
        desk.hosts.add(desk.host(wire, "own"))
        assert wire.complete(0, 4) != []
        assert wire.leave() == 0
    assert wire.stderr.count(b"MIDFILL_RUNTIME_DIR") == 1


def end_in_order(wire: Wire) -> None:
    """`shutdown`, then `exit`."""
    wire.ask("shutdown", None)
    wire.notify("exit", None)


WAYS_OUT: dict[str, Callable[[Wire], None]] = {
    "exit": end_in_order,
    "exit at once": lambda wire: wire.notify("exit", None),
    "end of file": lambda wire: wire.close_stdin(),
    "SIGTERM": lambda wire: wire.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda wire: wire.process.send_signal(signal.SIGINT),
    "SIGKILL": lambda wire: wire.process.kill(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("out", WAYS_OUT)
def test_every_way_out_is_clean_while_it_decodes(desk: Desk, way: str, out: str) -> None:
    """No orphan, no traceback, no abort, whatever runs."""
    with desk.serve(way, SLOW) as wire:
        wire.open("x = \n")
        wire.want(0, 4)
        wire.stats()
        WAYS_OUT[out](wire)
        code = wire.wait()
        assert code == (-9 if out == "SIGKILL" else 0 if out == "exit" else code)
        assert code in {-9, 0, 1}
    assert b"Traceback" not in wire.stderr
    assert b"terminate called" not in wire.stderr


@pytest.mark.parametrize("way", WAYS)
def test_the_end_of_the_editor_ends_everything(desk: Desk, way: str) -> None:
    """Its process is gone, though somebody still holds the pipe."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    wire = Wire(f"--clientProcessId={editor.pid}", engine=FAKE, env=desk.env)
    with wire:
        wire.initialize(initializationOptions={"engine": {"process": way, "linger_s": 0}})
        wire.ready()
        desk.hosts.add(desk.host(wire, way))
        editor.communicate(b"\n")
        assert wire.wait() == 1


def test_leaving_while_the_host_starts_leaves_none_behind(desk: Desk) -> None:
    """A window that is closed at once."""
    with Wire(engine=FAKE, env=desk.env) as wire:
        wire.initialize(initializationOptions={"engine": {"process": "own"}})
        assert wire.leave() == 0
        children = [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get("MIDFILL_RUNTIME_DIR") == str(desk.run)
        ]
        for child in children:
            until(lambda child=child: gone(child.pid), "its end")  # type: ignore[misc]  # bound at once


def test_the_serving_process_stays_small() -> None:
    """With the engine elsewhere, neither CTranslate2 nor numpy is needed, nor a network library."""
    script = textwrap.dedent("""
        import atexit, sys
        from lsp_server.cli import run
        banned = ("ctranslate2", "numpy", "torch", "transformers", "huggingface_hub", "gguf",
                  "requests", "httpx", "urllib3", "aiohttp", "http.client", "urllib.request")
        atexit.register(lambda: print("BANNED", [name for name in banned if name in sys.modules],
                                      file=sys.stderr))
        sys.exit(run(["serve", *sys.argv[1:]]))
    """)
    with Wire(engine=FAKE, command=(sys.executable, "-c", script)) as wire:
        wire.initialize(INLINE, initializationOptions={"engine": {"process": "own"}})
        wire.ready().open("x = \n")
        assert wire.complete(0, 4) != []
        assert wire.leave() == 0
        wire.until(lambda: b"BANNED" in wire.stderr, "the list")
    assert b"BANNED []" in wire.stderr
