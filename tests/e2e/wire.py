"""A client over the pipes of a real server process, as plain as bytes.

It reads strictly: whatever comes that is not a framed message fails the test.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from lsp_server.client.jsonrpc import JsonRpc
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType
    from typing import BinaryIO

URI = "file:///space/app/main.py"
INLINE: dict[str, Any] = {"textDocument": {"inlineCompletion": {}}}


class WireError(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error)
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Wire:
    """One server process and everything it said."""

    def __init__(
        self,
        *arguments: str,
        engine: str = "fake:return a + b",
        command: tuple[str, ...] = (sys.executable, "-m", "lsp_server", "serve"),
        env: Mapping[str, str] | None = None,
        answers: Mapping[str, Callable[[Any], Any]] | None = None,
        silent: Collection[str] = (),
        **popen: Any,
    ) -> None:
        self._rpc = JsonRpc(self.send_bytes, self._take)
        self._rpc.answers.update(answers or {})
        self._rpc.silent.update(silent)
        chosen = ("--engine", engine) if engine else ()
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*command, *chosen, *arguments],
            **{"stdin": pipe, "stdout": pipe, "stderr": pipe, "env": env} | popen,
        )
        self._begin()

    def _begin(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._in: Any = self.process.stdin
        self.responses: dict[Any, list[dict[str, Any]]] = {}
        self.messages: list[dict[str, Any]] = []
        """Requests and notifications of the server, in order."""
        self.stray = b""
        self.stderr = b""
        self.ended = False
        self._versions = itertools.count(2)
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if kind is None:
            assert self.stray == b"", "something that is not protocol came on stdout"

    # Sending

    def send_bytes(self, data: bytes) -> None:
        """Anything at all."""
        with self._writing:
            self._in.write(data)
            self._in.flush()

    def send(self, message: Mapping[str, Any]) -> None:
        """One framed message."""
        self._rpc.send(message)

    def notify(self, method: str, params: Any) -> None:
        """A notification."""
        self._rpc.notify(method, params)

    def request(self, method: str, params: Any) -> int:
        """A request; returns its number."""
        return self._rpc.request(method, params)

    def close_stdin(self) -> None:
        """The client is gone."""
        self._in.close()

    # Receiving

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Wait until something the server said makes `condition` true; returns its value."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition() or self.ended, PATIENCE_S), what
            value = condition()
        assert value, f"the server ended first: {what}\n{self.stderr.decode()}"
        return value

    def answer(self, number: Any) -> Any:
        """The result of a request; a `WireError` when it failed."""
        self.until(lambda: self.responses.get(number), f"answer {number}")
        response = self.responses[number][0]
        if "error" in response:
            raise WireError(response["error"])
        return response["result"]

    def ask(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result."""
        return self.answer(self.request(method, params))

    def said(self, method: str) -> list[dict[str, Any]]:
        """Parameters of all messages of the server with this method."""
        return [message["params"] for message in self.messages if message["method"] == method]

    # What clients do

    def initialize(
        self,
        capabilities: Mapping[str, Any] | None = None,
        *,
        encodings: list[str] | None = None,
        **params: Any,
    ) -> Any:
        """Shake hands; returns the server's answer."""
        offered = dict(INLINE if capabilities is None else capabilities)
        if encodings:
            offered["general"] = {"positionEncodings": encodings}
        options = params.pop("initializationOptions", None)
        if options is None or isinstance(options, dict):
            options = {"status": True, **(options or {})}
        answer = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": offered,
                "initializationOptions": options,
                **params,
            },
        )
        self.notify("initialized", {})
        return answer

    def ready(self) -> Self:
        """Wait until the model is loaded."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.stats()["ready"]:
            assert time.monotonic() < deadline, "ready"
            time.sleep(0.02)
        return self

    def open(self, text: str, uri: str = URI, language: str = "python", version: int = 1) -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def edit(
        self,
        start: tuple[int, int],
        end: tuple[int, int],
        text: str,
        *,
        uri: str = URI,
        version: int | None = None,
    ) -> int:
        """Replace a range; returns the new version."""
        number = next(self._versions) if version is None else version
        change = {"range": {"start": _place(*start), "end": _place(*end)}, "text": text}
        document = {"uri": uri, "version": number}
        params = {"textDocument": document, "contentChanges": [change]}
        self.notify("textDocument/didChange", params)
        return number

    def want(
        self, line: int, character: int, uri: str = URI, method: str = "inlineCompletion"
    ) -> int:
        """Ask for a completion; returns the request's number."""
        params = {
            "textDocument": {"uri": uri},
            "position": _place(line, character),
            "context": {"triggerKind": 2 if method == "inlineCompletion" else 1},
        }
        return self.request(f"textDocument/{method}", params)

    def complete(self, line: int, character: int, uri: str = URI) -> list[dict[str, Any]]:
        """The items at a place."""
        items: list[dict[str, Any]] = self.answer(self.want(line, character, uri))["items"]
        return items

    def stats(self) -> dict[str, Any]:
        """The server's counts."""
        stats: dict[str, Any] = self.ask("midfill/stats", None)
        return stats

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(PATIENCE_S)

    def leave(self) -> int:
        """Shut down in order; returns the exit code."""
        self.ask("shutdown", None)
        self.notify("exit", None)
        return self.wait()

    # The threads that read

    def _read(self, stream: BinaryIO) -> None:
        with contextlib.suppress(ValueError):  # what is no message stays unread
            while chunk := stream.read1(1 << 16):  # type: ignore[attr-defined]  # a buffered pipe
                self._rpc.feed(chunk)
        with self._changed:
            self.stray, self.ended = bytes(self._rpc.unread), True
            self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "method" in message:
                self.messages.append(message)
            else:
                self.responses.setdefault(message.get("id"), []).append(message)
            self._changed.notify_all()

    def _read_log(self, stream: BinaryIO) -> None:
        while chunk := stream.read1(1 << 16):  # type: ignore[attr-defined]  # as above
            with self._changed:
                self.stderr += chunk
                self._changed.notify_all()


def _place(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}
