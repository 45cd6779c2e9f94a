"""Bytes become messages and messages bytes, whatever the pipes cut them into."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lsp_server.client.jsonrpc import JsonRpc, framed

texts = some.text(max_size=30)


def listener() -> tuple[JsonRpc, list[bytes], list[dict[str, Any]]]:
    """A conversation, what it writes and what it takes."""
    written: list[bytes] = []
    taken: list[dict[str, Any]] = []
    return JsonRpc(written.append, taken.append), written, taken


def said(written: list[bytes]) -> list[dict[str, Any]]:
    """The messages that were written."""
    other, _, taken = listener()
    other.feed(b"".join(written))
    return taken


@given(some.lists(some.dictionaries(texts, texts, max_size=3), max_size=4), some.data())
def test_messages_cut_anywhere_come_whole_and_in_order(
    messages: list[dict[str, str]], data: some.DataObject
) -> None:
    """Also cut inside a header or a character, with nothing left over."""
    stream = b"".join(framed({"params": message}) for message in messages)
    places = data.draw(some.lists(some.integers(0, len(stream)), max_size=6).map(sorted))
    rpc, _, taken = listener()
    for start, end in zip([0, *places], [*places, len(stream)], strict=True):
        rpc.feed(stream[start:end])
    assert [message["params"] for message in taken] == messages
    assert not rpc.unread


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Hello\r\n\r\n", "no header: b'Hello'"),
        (b"a stray print\n" + framed({"method": "x"}), "no header: b'a stray print"),
        (b"Content-Length: 9\r\n\r\nnot json!", "Expecting value"),
        (b"Content-Length: 4\r\n\r\nnull", "no object"),
        (b"Content-Length: 2\r\n\r\n\xff\xfe", "decode"),
        (b"x" * 5000, "without an end"),
    ],
)
def test_what_is_no_message_is_an_error(data: bytes, reason: str) -> None:
    """And is not taken for one."""
    rpc, _, taken = listener()
    with pytest.raises(ValueError, match=reason):
        rpc.feed(data)
    assert taken == []


def test_other_headers_are_allowed() -> None:
    """Before the length and after it."""
    body = b'{"method": "x"}'
    lines = (b"Content-Type: application/vscode-jsonrpc", b"content-length: %d" % len(body))
    for order in (lines, lines[::-1]):
        rpc, _, taken = listener()
        rpc.feed(b"\r\n".join(order) + b"\r\n\r\n" + body)
        assert [message["method"] for message in taken] == ["x"]


def test_the_other_side_s_requests_are_answered_and_taken() -> None:
    """By what was set for the method; else null, one for each item of a configuration."""
    rpc, written, taken = listener()
    rpc.answers["known"] = lambda params: params["a"]
    rpc.feed(framed({"id": "k", "method": "known", "params": {"a": 5}}))
    rpc.feed(framed({"id": 2, "method": "workspace/configuration", "params": {"items": [1, 2]}}))
    rpc.feed(framed({"id": 3, "method": "window/workDoneProgress/create"}))
    assert [(m["id"], m["result"]) for m in said(written)] == [
        ("k", 5),
        (2, [None, None]),
        (3, None),
    ]
    assert len(taken) == 3


def test_requests_are_numbered_and_notifications_are_not() -> None:
    """What has no parameters says nothing of them."""
    rpc, written, _ = listener()
    assert [rpc.request("a", None), rpc.request("b", [])] == [1, 2]
    rpc.notify("c", {})
    a, b, c = said(written)
    assert (a["id"], b["id"], "id" in c) == (1, 2, False)
    assert ("params" in a, b["params"], c["params"]) == (False, [], {})
    assert json.loads(written[0].partition(b"\r\n\r\n")[2])["jsonrpc"] == "2.0"
