"""A minimal language client over the stdio of a child process."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import psutil

import midfill
from lsp_server.client.errors import ServerGoneError, ServerHungError
from lsp_server.client.jsonrpc import JsonRpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SERVE = (sys.executable, "-P", midfill.__file__, "serve", "--stdio")
"""Starts midfill's own server, whatever lies in the working folder."""
STDERR_LINES = 20
HANG_S = 30.0
SHUTDOWN_S = 5.0
_READ_BYTES = 1 << 16


class ResponseError(Exception):
    """The server answered a request with an error; `code` is JSON-RPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


def workspace_folders(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Folders as the protocol names them."""
    return [{"uri": path.as_uri(), "name": path.name} for path in paths]


class Client:
    """JSON-RPC with one child process: requests with numbers, notifications both ways.

    The child runs in its own session, so that Ctrl-C reaches only the benchmark.
    """

    def __init__(self, process: asyncio.subprocess.Process, command: Sequence[str]) -> None:
        self.handlers: dict[str, Callable[[Any], None]] = {}
        self._process = process
        self._name = command[0]
        self._rpc = JsonRpc(self._write, self._take)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._unanswered: set[int] = set()
        self._silent_since = asyncio.get_running_loop().time()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._gone: ServerGoneError | None = None
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._drain())]

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path) -> Self:
        """Start the command in a folder.

        Raises:
            ServerGoneError: there is no such command.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            message = f"cannot start {command[0]}: {error}"
            raise ServerGoneError(message) from error
        return cls(process, command)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether the child has ended, or has sent what is not LSP."""
        return self._gone is not None

    def request(self, method: str, params: object) -> tuple[int, asyncio.Future[Any]]:
        """Send a request: its number, and its result to come.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: requests are open and the child has not said a word for 30 s.
        """
        self._check()
        loop = asyncio.get_running_loop()
        if not self._unanswered:
            self._silent_since = loop.time()
        number = self._rpc.request(method, params)
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting[number] = answer
        self._unanswered.add(number)
        return number, answer

    async def ask(self, method: str, params: object, timeout_s: float = HANG_S) -> Any:
        """Send a request and wait for its result.

        Raises:
            ResponseError: the server answered with an error.
            ServerGoneError: the child has ended.
            ServerHungError: no answer in time.
        """
        number, answer = self.request(method, params)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            message = f"{self._name} has not answered {method} for {timeout_s:g} s"
            raise ServerHungError(message) from None
        finally:
            self._waiting.pop(number, None)

    async def initialize(
        self,
        folders: Sequence[Path],
        options: Mapping[str, Any],
        timeout_s: float = HANG_S,
    ) -> dict[str, Any]:
        """Shake hands; returns what the server can do.

        Raises:
            ResponseError: the server refused.
            ServerGoneError: the child has ended.
            ServerHungError: no answer in time.
        """
        found = await self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": folders[0].as_uri() if folders else None,
                "workspaceFolders": workspace_folders(folders),
                "initializationOptions": options,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "workspace": {"workspaceFolders": True},
                    "textDocument": {"synchronization": {}, "inlineCompletion": {}},
                },
            },
            timeout_s,
        )
        self.notify("initialized", {})
        offered: dict[str, Any] = (found or {}).get("capabilities", {})
        return offered

    def cancel(self, number: int) -> None:
        """Cancel a request."""
        if self._waiting.pop(number, None) is not None and self._gone is None:
            self.notify("$/cancelRequest", {"id": number})

    def notify(self, method: str, params: object) -> None:
        """Send a notification.

        Raises:
            ServerGoneError: the child has ended.
        """
        self._check()
        self._rpc.notify(method, params)

    async def stop(self) -> None:
        """Shut down in order, then end the child and its children. Does not raise."""
        with contextlib.suppress(ServerGoneError, ServerHungError, ResponseError):
            await self.ask("shutdown", None, timeout_s=SHUTDOWN_S)
            self.notify("exit", None)
            async with asyncio.timeout(SHUTDOWN_S):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the child and its children at once."""
        with contextlib.suppress(psutil.Error):
            child = psutil.Process(self.pid)
            for one in (*child.children(recursive=True), child):
                with contextlib.suppress(psutil.Error):
                    one.kill()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()

    def _check(self) -> None:
        if self._gone is not None:
            raise self._gone
        silent_s = asyncio.get_running_loop().time() - self._silent_since
        if self._unanswered and silent_s > HANG_S:
            message = f"{self._name} has not said a word for {silent_s:.0f} s"
            raise ServerHungError(message)

    def _write(self, data: bytes) -> None:
        if self._process.stdin:
            self._process.stdin.write(data)

    async def _read(self) -> None:
        """Deliver results until the child ends or sends invalid data."""
        reason = "ended by itself"
        stdout = self._process.stdout
        try:
            while stdout and (data := await stdout.read(_READ_BYTES)):
                self._silent_since = asyncio.get_running_loop().time()
                self._rpc.feed(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"sent something that is not LSP ({error})"
        except ConnectionError:
            pass
        await self._end(reason)

    def _take(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if "method" in message:
            if handler := self.handlers.get(message["method"]):
                handler(message.get("params"))
            return
        if not isinstance(number, int):
            return
        self._unanswered.discard(number)
        waiting = self._waiting.pop(number, None)
        if waiting is None or waiting.done():
            return
        if "error" in message:
            error = message["error"]
            waiting.set_exception(ResponseError(int(error["code"]), str(error["message"])))
        else:
            waiting.set_result(message.get("result"))

    async def _end(self, reason: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._process.wait()
                await self._readers[1]
        code = self._process.returncode
        tail = "".join(f"\n  {line}" for line in self._stderr)
        status = "" if code is None else f", exit code {code}"
        self._gone = ServerGoneError(f"{self._name} {reason}{status}{tail}")
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._gone)
                waiting.exception()  # retrieved, so that asyncio does not warn

    async def _drain(self) -> None:
        """Keep the last lines that the child logs."""
        stderr = self._process.stderr
        while stderr and (line := await stderr.readline()):
            self._stderr.append(line.decode(errors="replace").rstrip()[:300])
