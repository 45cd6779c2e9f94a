"""A language client over stdio of a real child process, as small as a benchmark needs it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import psutil

import midfill
from lsp_server.client.errors import ServerGoneError, ServerHungError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SERVE = (sys.executable, "-P", midfill.__file__, "serve", "--stdio")
"""Starts midfill's own server, whatever lies in the working folder."""
STDERR_LINES = 20
HANG_S = 30.0
SHUTDOWN_S = 5.0
LONGEST_LINE = 1 << 24
NOT_FOUND = -32601


class ResponseError(Exception):
    """The server answered a request with an error; `code` is JSON-RPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Processor seconds so far and resident bytes now, of a process and its children."""

    cpu_s: float
    rss_bytes: int


def usage_of(pid: int) -> ProcessUsage | None:
    """What a process and its children use; None when it is not there or not ours to see."""
    cpu_s, rss_bytes = 0.0, 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += one.memory_info().rss
    except psutil.Error:
        return None
    return ProcessUsage(cpu_s, rss_bytes)


class Client:
    """JSON-RPC with one child process: requests with numbers, notifications both ways.

    The child leads a session of its own, so that Ctrl-C reaches the benchmark alone.
    """

    def __init__(self, process: asyncio.subprocess.Process, command: Sequence[str]) -> None:
        self.handlers: dict[str, Callable[[Any], None]] = {}
        self._process = process
        self._name = command[0]
        self._numbers = itertools.count(1)
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
                limit=LONGEST_LINE,
            )
        except OSError as error:
            message = f"cannot start {command[0]}: {error}"
            raise ServerGoneError(message) from error
        return cls(process, command)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def request(self, method: str, params: object) -> tuple[int, asyncio.Future[Any]]:
        """Send a request: its number, and its result to come.

        Raises:
            ServerGoneError: the child has ended.
            ServerHungError: requests are open and the child has not said a word for 30 s.
        """
        self._check()
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        if not self._unanswered:
            self._silent_since = asyncio.get_running_loop().time()
        self._unanswered.add(number)
        message = {"id": number, "method": method}
        self._write(message if params is None else {**message, "params": params})
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

    def cancel(self, number: int) -> None:
        """Tell the server that an answer is no longer wanted."""
        if self._waiting.pop(number, None) is not None and self._gone is None:
            self.notify("$/cancelRequest", {"id": number})

    def notify(self, method: str, params: object) -> None:
        """Send a notification.

        Raises:
            ServerGoneError: the child has ended.
        """
        self._check()
        message = {"method": method}
        self._write(message if params is None else {**message, "params": params})

    async def stop(self) -> None:
        """Ask for the end politely, then end the child and its children. Does not raise."""
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

    def _write(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        if self._process.stdin:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        """Hand results to those who wait, until the child ends or talks nonsense."""
        reason = "ended by itself"
        try:
            while (message := await self._next_message()) is not None:
                self._silent_since = asyncio.get_running_loop().time()
                self._take(message)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"sent something that is not LSP ({error})"
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        await self._end(reason)

    async def _next_message(self) -> dict[str, Any] | None:
        stdout = self._process.stdout
        if stdout is None:
            return None
        header = await stdout.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b":", 1) for line in header.strip().split(b"\r\n"))
        message: dict[str, Any] = json.loads(
            await stdout.readexactly(int(fields[b"Content-Length"]))
        )
        return message

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            if "id" in message:
                self._answer_server(message)
            elif handler := self.handlers.get(message["method"]):
                handler(message.get("params"))
            return
        number = message.get("id")
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

    def _answer_server(self, message: dict[str, Any]) -> None:
        """The server's own requests: no settings, everything else is fine."""
        items = (message.get("params") or {}).get("items")
        nothing = [None] * len(items) if isinstance(items, list) else None
        self._write({"id": message["id"], "result": nothing})

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
                waiting.exception()  # seen: nobody has to fetch it

    async def _drain(self) -> None:
        """Keep the last lines that the child logs."""
        stderr = self._process.stderr
        while stderr and (line := await stderr.readline()):
            self._stderr.append(line.decode(errors="replace").rstrip()[:300])
