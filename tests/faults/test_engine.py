"""An engine that raises, hangs or talks nonsense costs its own answer, and comes back by itself."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import URI, Wire
from tests.faults.servers import NONSENSE, ill, lines, told

OTHER = "file:///space/app/other.py"
PATIENT = {"latency": {"target_ms": 20_000}, "suggestions": {"ahead": "off"}}


def start(wire: Wire) -> Wire:
    """A ready server with one document."""
    wire.initialize(initializationOptions=PATIENT)
    wire.ready().open("x = \n", OTHER)
    return wire


def soon(wire: Wire, column: int, uri: str) -> list[dict[str, Any]]:
    """The first answer that is not empty."""
    end = time.monotonic() + PATIENCE_S
    while not (items := wire.complete(0, column, uri)):
        assert time.monotonic() < end, "nothing was offered any more"
        time.sleep(0.02)
    return items


def works(wire: Wire) -> None:
    """The next document gets its text, from the same engine or another one."""
    assert soon(wire, 4, OTHER)[0]["insertText"] == "x = return a + b"


@pytest.mark.parametrize(
    ("word", "patches"),
    [("RAISE", ()), ("NO_MEMORY", ()), ("GPU", ()), ("NONE", ()), ("HANG", ("hasty",))],
)
def test_a_failing_generation_costs_one_answer(word: str, patches: tuple[str, ...]) -> None:
    """The request is answered with nothing, the user told once, the next one served again."""
    with start(ill(*patches)) as wire:
        wire.open(f"{word} = \n")
        assert wire.complete(0, len(word) + 3) == []
        works(wire)
        stats = wire.stats()
        assert sum(stats["faults"].values()) == 1
        assert len(told(wire, "restarted")) == 1
        assert len([line for line in lines(wire) if " ERROR " in line]) == 1
        assert "Traceback" not in "\n".join(lines(wire))
        assert stats["document_faults"] == {}
        assert wire.leave() == 0


def test_an_engine_that_always_fails_is_left_alone_and_named() -> None:
    """Every request is still answered, with nothing; the last message says what to do."""
    with start(ill()) as wire:
        wire.open("RAISE = \n")
        end = "run `midfill doctor`"
        limit = time.monotonic() + PATIENCE_S
        while not told(wire, end):
            assert wire.complete(0, 8) == []
            assert time.monotonic() < limit, "it never gave up"
            time.sleep(0.05)
        assert wire.stats()["faults"]["engine-given-up"] == 1
        assert wire.complete(0, 8) == []
        assert wire.leave() == 0


@pytest.mark.parametrize("word", NONSENSE)
def test_nonsense_of_an_engine_reaches_no_editor(word: str) -> None:
    """No half characters, no control sequences; odd probabilities break nothing."""
    with start(ill()) as wire:
        wire.open(f"{word} = \n")
        for item in wire.complete(0, len(word) + 3):
            item["insertText"].encode()  # half a character raises here
            assert not set("\x00\x1b") & set(item["insertText"])
        works(wire)
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_an_engine_that_says_nothing_is_no_fault() -> None:
    """No text, no error, no restart."""
    with start(ill()) as wire:
        wire.open("NOTHING = \n")
        assert wire.complete(0, 10) == []
        works(wire)
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_text_is_never_changed_by_a_server_that_fails() -> None:
    """A server only answers: it asks for no edit, whatever happens inside."""
    with start(ill("hasty")) as wire:
        for word in ("RAISE", "HANG", "SURROGATE", "NONE"):
            wire.open(f"{word} = \n", f"file:///space/app/{word}.py")
            wire.complete(0, len(word) + 3, f"file:///space/app/{word}.py")
        methods = {message["method"] for message in wire.messages}
        assert "workspace/applyEdit" not in methods
        assert methods <= {
            "midfill/status",
            "midfill/moreAvailable",
            "client/registerCapability",
            "window/logMessage",
            "workspace/configuration",
        }


def test_a_suspended_server_answers_everything_when_it_wakes() -> None:
    """SIGSTOP and SIGCONT, as when a laptop sleeps: nothing is lost, nothing restarted."""
    with start(ill()) as wire:
        wire.open("y = \n")
        os.kill(wire.process.pid, signal.SIGSTOP)
        wire.edit((0, 0), (0, 1), "why")
        number = wire.want(0, 6)
        os.kill(wire.process.pid, signal.SIGCONT)
        (item,) = wire.answer(number)["items"]
        assert item["insertText"] == "why = return a + b"
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_a_suspended_engine_host_never_holds_up_the_editor() -> None:
    """Requests are answered with nothing at their deadline, and with text after it wakes."""
    import psutil

    with Wire(engine="remote-fake:return a + b") as wire:
        short = {"engine": {"process": "own"}, "latency": {"target_ms": 50, "deadline_ms": 200}}
        wire.initialize(initializationOptions=short)
        wire.ready().open("y = \n", URI)
        (host,) = psutil.Process(wire.process.pid).children()
        host.suspend()
        try:
            assert wire.complete(0, 4) == []
            wire.edit((0, 0), (0, 1), "why")
            assert wire.complete(0, 6) == []
        finally:
            host.resume()
        assert soon(wire, 6, URI)
        assert wire.leave() == 0
