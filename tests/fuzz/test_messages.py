"""Messages that no client should send, by the thousand, to a real server.

Malformed, cut, reordered, doubled, and far too large ones, between good ones. After every batch the
server must answer, with every well-formed request answered once, and its memory must not grow.
The short run is part of every test run; the long one is

    MIDFILL_FUZZ_MESSAGES=100000 pytest tests/fuzz/test_messages.py -s --timeout=3600
"""

from __future__ import annotations

import copy
import json
import os
import random
import sys
import time
from typing import Any

import psutil
import pytest

from tests.e2e.wire import Wire

MESSAGES = int(os.environ.get("MIDFILL_FUZZ_MESSAGES", "2000"))
BATCH = 100
GROWTH_MB = 150
"""What documents, caches and the allocator may take; a leak of a kB a message would be more."""

URIS = [f"file:///space/app/{name}" for name in ("a.py", "b.rs", "c%20d.ts", "é.go", "%ff")]
_DEEP: Any = 0
for _ in range(300):
    _DEEP = [_DEEP]
ODD: list[Any] = [
    None, True, -1, 0, 2**31 - 1, 2**53, 10**30, 1.5, float("inf"), float("nan"), "", "x", "\x00",
    "\ud83d", "é🙂", "../..", "file:///", "x" * 100_000, [], {}, [[]], {"": None}, _DEEP,
    {"line": -1, "character": 2**40}, {"jsonrpc": "2.0", "method": "initialized"},
]  # fmt: skip


class Fuzzer:
    """Makes messages from good ones."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - the same messages every time
        self.number = 0
        self.version = 1
        self.expected: list[str] = []

    def batch(self) -> bytes:
        """So many messages, some out of order and some twice."""
        made = [self.message() for _ in range(BATCH)]
        for _ in range(3):
            place = self.dice.randrange(BATCH)
            made.insert(self.dice.randrange(BATCH), made.pop(place))
        return b"".join(made)

    def message(self) -> bytes:
        """One message, good or bad."""
        good = self._good()
        roll = self.dice.random()
        if roll < 0.4:
            if "id" in good:
                self.expected.append(good["id"])
            return framed(good)
        if roll < 0.75:
            bad = copy.deepcopy(good)
            for _ in range(self.dice.choice((1, 1, 2, 5))):
                self._spoil(bad)
            return framed(bad)
        if roll < 0.85:  # bytes of a body
            body = bytearray(json.dumps(good).encode())
            for _ in range(self.dice.choice((1, 3, 20))):
                body[self.dice.randrange(len(body))] = self.dice.randrange(256)
            return b"Content-Length: %d\r\n\r\n" % len(body) + bytes(body)
        if roll < 0.9:
            if "id" not in good:
                return framed(good) * 2  # doubled
            return framed({"jsonrpc": "2.0", "id": good["id"], "result": None})  # never asked
        return self._unframed(good)

    def _good(self) -> dict[str, Any]:
        dice, uri = self.dice, self.dice.choice(URIS)
        document = {"uri": uri}
        place = {"line": dice.randrange(30), "character": dice.randrange(40)}
        at = {"textDocument": document, "position": place}
        self.version += 1
        versioned = {"uri": uri, "version": self.version}
        span = {"start": place, "end": place}
        text = dice.choice(("x = ", "\n", "\r\n", "🙂", "def f():\n    return 1\n"))
        item = {**versioned, "languageId": "python", "text": text * 10}
        method, params = dice.choice((
            ("textDocument/didOpen", {"textDocument": item}),
            ("textDocument/didChange",
             {"textDocument": versioned, "contentChanges": [{"range": span, "text": text}]}),
            ("textDocument/didChange",
             {"textDocument": versioned, "contentChanges": [{"text": text * 20}]}),
            ("textDocument/didSave", {"textDocument": document}),
            ("textDocument/didClose", {"textDocument": document}),
            ("textDocument/didFocus", {"textDocument": document}),
            ("textDocument/didShowCompletion", {"item": {"insertText": text}}),
            ("midfill/cursorRested", at),
            ("midfill/viewed", {"textDocument": document}),
            ("$/cancelRequest", {"id": f"r{self.number - dice.randrange(5)}"}),
            ("workspace/didChangeConfiguration",
             {"settings": {"midfill": {"suggestions": {"max_lines": dice.randrange(1, 9)}}}}),
            ("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": []}}),
            *(("textDocument/inlineCompletion", {**at, "context": {"triggerKind": 2}}),) * 5,
            ("midfill/stats", None),
            ("midfill/documentStatus", {"textDocument": document}),
            ("midfill/prompt", at),
            ("workspace/executeCommand", {"command": "midfill.accepted", "arguments": ["1"]}),
            ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}),
        ))  # fmt: skip
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        request = "Completion" in method[-10:] and "didShow" not in method
        if request or method in {"midfill/stats", "midfill/documentStatus", "midfill/prompt",
                                 "initialize", "workspace/executeCommand"}:  # fmt: skip
            self.number += 1
            message["id"] = f"r{self.number}"
        return message

    def _spoil(self, value: Any) -> None:
        """Change, drop or add something somewhere inside."""
        dice = self.dice
        while True:
            keys = list(value) if isinstance(value, dict) else list(range(len(value)))
            if not keys:
                return
            key = dice.choice(keys)
            if isinstance(value[key], dict | list) and dice.random() < 0.7:
                value = value[key]
                continue
            break
        roll = dice.random()
        if roll < 0.2:
            del value[key]
        elif roll < 0.9:
            value[key] = copy.deepcopy(dice.choice(ODD))
        elif isinstance(value, dict):
            value[dice.choice(("id", "method", "jsonrpc", "result", "error"))] = copy.deepcopy(
                dice.choice(ODD)
            )
        else:
            value.append(copy.deepcopy(dice.choice(ODD)))

    def _unframed(self, good: dict[str, Any]) -> bytes:
        body = json.dumps(good).encode()
        dice = self.dice
        begun = b"Content-Length: %d\r\n\r\n"
        return (
            dice.choice((
                begun % (len(body) // 2) + body,  # too short: the rest looks like a header
                begun % len(body) + body[: len(body) // 2] + b" " * (len(body) - len(body) // 2),
                b"Content-Length: 0\r\n\r\n",
                b"Content-Length: -5\r\n\r\n",
                b"content-length: %d\r\n\r\n" % len(body) + body,
                b"Content-Type: x\r\nX: y\r\n" + begun % len(body) + body,
                bytes(dice.randrange(256) for _ in range(200)),
                b"{" * 5000,
                begun % 5000 + b"[" * 5000,
                begun % 3_000_000 + b'"' + b"y" * 2_999_998 + b'"',
            ))
            + b"\r\n"
        )  # fmt: skip


def framed(message: Any) -> bytes:
    """With its header."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("seed", [7, 8] if MESSAGES < 10_000 else [7])
def test_no_message_stops_the_server(seed: int) -> None:
    """It answers every good request once, whatever stands between them, and does not grow."""
    fuzzer = Fuzzer(seed)
    with Wire("--log-level", "error", engine="fake:call(value)") as wire:
        wire.initialize(initializationOptions={"latency": {"deadline_ms": 2000}})
        wire.ready()
        process = psutil.Process(wire.process.pid)
        base, most, sent = 0, 0, 0
        answered: set[Any] = set()
        started = time.monotonic()
        while sent < MESSAGES:
            wire.send_bytes(fuzzer.batch())
            sent += BATCH
            assert wire.stats()["ready"] is True
            resident = process.memory_info().rss >> 20
            answered.update(wire.responses)  # an answer is for a test of its own
            wire.responses.clear()
            wire.messages.clear()
            base = max(base, resident) if sent <= MESSAGES // 4 else base
            most = max(most, resident)
        for number in fuzzer.expected:
            wire.until(lambda number=number: number in answered or number in wire.responses, number)  # type: ignore[misc]
        uri = "file:///space/well.py"
        push: dict[str, Any] = {"settings": {"midfill": {}}}
        wire.notify("workspace/didChangeConfiguration", push)
        wire.open("x = \n", uri)
        assert wire.complete(0, 4, uri)[0]["insertText"] == "x = call(value)"
        sys.stdout.write(
            f"\n{sent} messages in {time.monotonic() - started:.0f} s, {len(fuzzer.expected)} good "
            f"requests answered, resident {base} MB in the first quarter, at most {most} MB\n"
        )
        assert most < base + GROWTH_MB
        assert wire.leave() == 0
    assert b"Traceback" not in wire.stderr
