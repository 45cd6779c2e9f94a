"""What clients should not send: each gets its answer, and the server lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wire import URI, Wire, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _lives(shared: Wire) -> Iterator[None]:
    """Whatever a test sends, afterwards the server answers as before."""
    yield
    uri = "file:///space/still/alive.py"
    shared.open("x = \n", uri)
    assert shared.complete(0, 4, uri)[0]["insertText"] == "x = return a + b"
    shared.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


@pytest.mark.parametrize(
    "method", ["textDocument/inlineCompletion", "midfill/stats", "shutdown", "no/such"]
)
def test_a_request_before_initialize_is_refused(method: str) -> None:
    """The error is LSP's own, and the handshake works afterwards."""
    with Wire() as wire:
        with pytest.raises(WireError) as caught:
            wire.ask(method, {})
        assert caught.value.code == -32002
        wire.open("x = \n")  # a notification is dropped
        wire.initialize()
        wire.ready()
        assert wire.complete(0, 4) == []
        assert wire.leave() == 0


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        [],
        "text",
        {"textDocument": {"uri": URI}},
        {"textDocument": {"uri": URI}, "position": {"line": 0}, "context": {"triggerKind": 1}},
        {
            "textDocument": {"uri": URI},
            "position": {"line": -1, "character": 0},
            "context": {"triggerKind": 1},
        },
        {
            "textDocument": {"uri": URI},
            "position": {"line": "0", "character": {}},
            "context": {"triggerKind": 1},
        },
    ],
    ids=str,
)
def test_unreadable_parameters_are_refused_with_a_reason(shared: Wire, params: Any) -> None:
    """-32602, the method's name, and nothing of the server's inside."""
    with pytest.raises(WireError) as caught:
        shared.ask("textDocument/inlineCompletion", params)
    assert caught.value.code == -32602
    assert "inlineCompletion" in caught.value.message
    assert caught.value.data is None


def test_positions_far_outside_are_clamped(shared: Wire, uri: str) -> None:
    """The largest number that LSP knows is a place at the end."""
    shared.open("x = \n", uri)
    (item,) = shared.complete(2**31 - 1, 2**31 - 1, uri)
    assert item["range"]["start"] == {"line": 1, "character": 0}
    (item,) = shared.complete(0, 2**31 - 1, uri)
    assert item["range"]["end"] == {"line": 0, "character": 4}


def test_a_cancelled_request_is_answered_as_cancelled() -> None:
    """-32800 at once, exactly one answer, and the next request works."""
    with Wire("--target-ms", "20000", command=_slow_command()) as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        number = wire.want(0, 4)
        wire.notify("$/cancelRequest", {"id": number})
        with pytest.raises(WireError) as caught:
            wire.answer(number)
        assert caught.value.code == -32800
        assert wire.complete(0, 4) != []
        assert len(wire.responses[number]) == 1
        assert wire.leave() == 0


def _slow_command() -> tuple[str, ...]:
    """A server whose engine needs 50 ms per token."""
    import sys

    script = (
        "import functools, sys; from engine import fake;"
        "fake.FakeEngine = functools.partial(fake.FakeEngine, token_s=0.05);"
        "from lsp_server.cli import run; sys.exit(run(['serve', *sys.argv[1:]]))"
    )
    return (sys.executable, "-c", script)


def test_cancelling_what_is_unknown_is_no_error(shared: Wire) -> None:
    """Late and invented cancellations are ignored."""
    for number in (424242, "no-such-id"):
        shared.notify("$/cancelRequest", {"id": number})


def test_an_unknown_method_is_not_found(shared: Wire) -> None:
    """A request gets -32601, a notification nothing."""
    shared.notify("no/suchNotification", {"a": 1})
    shared.notify("$/optional", None)
    with pytest.raises(WireError) as caught:
        shared.ask("no/suchRequest", {})
    assert caught.value.code == -32601


@pytest.mark.parametrize(
    "change",
    [
        {"contentChanges": [{"range": {"start": {"line": 3, "character": 0},
                                       "end": {"line": 0, "character": 0}}, "text": "x"}]},
        {"contentChanges": [{"range": {"start": {"line": -3, "character": 0},
                                       "end": {"line": 0, "character": 0}}, "text": "x"}]},
        {"contentChanges": [{"range": None, "text": 7}]},
        {"contentChanges": "x"},
        {},
    ],
    ids=str,
)  # fmt: skip
def test_a_change_that_cannot_be_trusted_silences_the_document(
    shared: Wire, uri: str, change: dict[str, Any]
) -> None:
    """A completion for a text that the editor does not have is worse than none."""
    shared.open("x = \n", uri)
    params = {"textDocument": {"uri": uri, "version": 2}, **change}
    shared.notify("textDocument/didChange", params)
    assert shared.complete(0, 4, uri) == []
    whole = {"textDocument": {"uri": uri, "version": 3}, "contentChanges": [{"text": "y = \n"}]}
    shared.notify("textDocument/didChange", whole)
    assert shared.complete(0, 4, uri)[0]["insertText"] == "y = return a + b"


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 2\r\n\r\n{}",
        b"Content-Length: 4\r\n\r\nnull",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 9\r\n\r\nnot json!",
        b"Content-Length: 3\r\n\r\n\xff\xfe\xfd",
        b'Content-Length: 17\r\n\r\n{"jsonrpc":"2.0"}',
        b'Content-Length: 24\r\n\r\n{"jsonrpc":"2.0","id":1}',
        b'Content-Length: 35\r\n\r\n{"jsonrpc":"2.0","method":["a","b"]}'[:-1],
        b"\r\n\r\n",
        b"Some-Header: x\r\n\r\n",
    ],
    ids=str,
)
def test_bytes_that_are_no_message_are_skipped(shared: Wire, data: bytes) -> None:
    """One bad message costs one message."""
    shared.send_bytes(data)


def test_a_message_in_pieces_is_put_together(shared: Wire) -> None:
    """Pipes cut where they like, also inside a header or a character."""
    body = '{"jsonrpc":"2.0","id":"pieces","method":"midfill/stats","params":{"a":"🙂"}}'.encode()
    for byte in b"Content-Length: %d\r\n\r\n" % len(body) + body:
        shared.send_bytes(bytes([byte]))
    assert shared.answer("pieces")["ready"] is True


def test_lone_surrogates_in_a_text_do_no_harm(shared: Wire, uri: str) -> None:
    """JSON can carry half an emoji; it is one unknown character of the same width."""
    shared.open("s = '\ud83d' + \n", uri)
    (item,) = shared.complete(0, 10, uri)
    assert item["insertText"].endswith("' + return a + b")


def test_ten_thousand_changes_in_a_row_are_all_applied(shared: Wire, uri: str) -> None:
    """A flood of edits is slower than nothing, but none is lost."""
    shared.open("\n", uri)
    for number in range(10_000):
        shared.edit((0, number % 50), (0, number % 50), "ab"[number % 2], uri=uri)
    (item,) = shared.complete(0, 10_000, uri)
    assert len(item["insertText"]) == 10_000 + len("return a + b")


def test_a_second_initialize_is_refused(shared: Wire) -> None:
    """It would begin a session without the documents that are open in this one."""
    with pytest.raises(WireError) as caught:
        shared.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert caught.value.code == -32600


@pytest.mark.parametrize("number", [[1], {"a": 1}, 1.5, True], ids=str)
def test_an_id_that_is_none_gets_no_answer(shared: Wire, number: Any) -> None:
    """Only numbers and texts can be told apart by a client."""
    before = len(shared.responses)
    shared.send({"jsonrpc": "2.0", "id": number, "method": "midfill/stats", "params": None})
    shared.stats()
    assert len(shared.responses) == before + 1
