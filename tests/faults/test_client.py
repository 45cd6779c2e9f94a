"""Clients and documents that ask for too much."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from lsp_server.client.jsonrpc import framed
from tests.conftest import PATIENCE_S
from tests.e2e.wire import INLINE, Wire
from tests.faults.servers import ill

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVE = [sys.executable, "-m", "lsp_server", "serve", "--engine", "fake:return a + b"]
_MIB = 1 << 20


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A ready server that must still be well at the end."""
    with ill() as made:
        made.initialize(initializationOptions={"latency": {"target_ms": 20_000}})
        yield made.ready()
        made.open("x = \n", "file:///space/well.py")
        assert made.complete(0, 4, "file:///space/well.py")
        assert made.stats()["faults"] == {}
        assert made.leave() == 0


def test_a_file_of_200_mb_is_left_alone_and_says_so(wire: Wire) -> None:
    """Its text is mirrored, since the editor may cut it down; no suggestion is made for it."""
    uri = "file:///space/app/huge.py"
    wire.open("value = 'something of some length'\n" * (200_000_000 // 35), uri)
    assert wire.complete(3, 4, uri) == []
    answer = wire.ask("midfill/documentStatus", {"textDocument": {"uri": uri}})
    assert answer["reason"] == "too-large"
    assert "suggestions.max_file_kb" in answer["message"]
    wire.edit((0, 0), (0, 0), "a", uri=uri)
    assert wire.complete(0, 1, uri) == []
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_a_binary_file_is_a_text_like_any_other(wire: Wire) -> None:
    """Editors open them as whatever characters they make of the bytes."""
    uri = "file:///space/app/program.bin"
    dice = random.Random(7)  # noqa: S311 - the same bytes every time
    wire.open(dice.randbytes(300_000).decode("latin-1"), uri)
    for _ in range(50):
        place = (dice.randrange(1500), dice.randrange(500))
        wire.edit(place, place, "\x00\x7f\n", uri=uri)
        wire.complete(*place, uri)
    assert wire.stats()["document_faults"] == {}


def test_5000_open_documents_cost_memory_and_no_answer(wire: Wire) -> None:
    """Each is mirrored and answered; closed, they are forgotten."""
    text = "def f():\n    return 1\n" * 20
    for number in range(5000):
        wire.open(text, f"file:///space/app/{number}.py")
    for number in (0, 2500, 4999):
        uri = f"file:///space/app/{number}.py"
        wire.edit((0, 0), (0, 0), "x = \n", uri=uri)
        (item,) = wire.complete(0, 4, uri)
        assert item["insertText"] == "x = return a + b"
    assert wire.stats()["open_documents"] == 5000
    assert psutil.Process(wire.process.pid).memory_info().rss < 500 * _MIB
    for number in range(5000):
        uri = f"file:///space/app/{number}.py"
        wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert wire.stats()["open_documents"] == 0


def _frame(method: str, params: Any, number: int | None = None) -> bytes:
    message = {"method": method, "params": params}
    return framed(message if number is None else {**message, "id": number})


@pytest.fixture
def deaf() -> Iterator[subprocess.Popen[bytes]]:
    """A server whose client never reads a byte."""
    pipe = subprocess.PIPE
    command = SERVE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    try:
        assert process.stdin is not None
        hello = {"processId": None, "rootUri": None, "capabilities": INLINE}
        process.stdin.write(_frame("initialize", hello, 0) + _frame("initialized", {}))
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]  # asked for above


def test_a_client_that_never_reads_can_still_leave(deaf: subprocess.Popen[bytes]) -> None:
    """Answers pile up behind a full pipe; the server keeps reading, and goes when told to."""
    assert deaf.stdin is not None
    for number in range(1, 2001):
        deaf.stdin.write(_frame("midfill/stats", None, number))
    deaf.stdin.write(_frame("shutdown", None, 9999) + _frame("exit", None))
    deaf.stdin.flush()
    assert deaf.wait(PATIENCE_S) == 0


def test_a_client_that_never_reads_and_dies_leaves_no_server(
    deaf: subprocess.Popen[bytes],
) -> None:
    """The end of its pipe is enough."""
    assert deaf.stdin is not None
    for number in range(1, 2001):
        deaf.stdin.write(_frame("midfill/stats", None, number))
    deaf.stdin.close()
    assert deaf.wait(PATIENCE_S) == 1


def test_answers_that_nobody_reads_do_not_fill_the_memory(deaf: subprocess.Popen[bytes]) -> None:
    """Behind so many bytes the client counts as gone."""
    assert deaf.stdin is not None
    request = _frame("no/such/method/" + "x" * 20_000, None, 1)
    with pytest.raises(BrokenPipeError):
        deaf.stdin.write(request * 20_000)  # 400 MB of refusals
    assert deaf.wait(PATIENCE_S) == 1


def test_a_message_of_many_gigabytes_is_not_waited_for() -> None:
    """A length that nobody means: the server leaves, and says why."""
    with ill() as wire:
        wire.initialize()
        wire.send_bytes(b"Content-Length: 99000000000\r\n\r\n{")
        assert wire.wait() == 1
    assert b"99000000000" in wire.stderr
