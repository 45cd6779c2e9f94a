"""Bytes in and out: stdio without threads and without strangers on stdout, or one TCP client."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pygls.lsp.server import LanguageServer

_log = logging.getLogger(__name__)

_LINE_LIMIT = 1 << 16
_MESSAGE_LIMIT = 1 << 30
"""Bytes of one message; a file of 200 MB comes in one."""
_UNREAD_LIMIT = 128 << 20
"""Bytes that may wait for a client which does not read them."""
_PARENT_CHECK_S = 0.5


def take_stdout() -> BinaryIO:
    """Keep stdout for the protocol: a private copy is returned, fd 1 now leads to stderr.

    A stray `print`, or a native library that greets, then lands in the log instead of in the
    middle of a message.
    """
    sys.stdout.flush()
    private = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return private


async def serve_stdio(server: LanguageServer, stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Speak LSP over two pipes until the client is gone or says `exit`."""
    loop = asyncio.get_running_loop()
    reader: Any = StdinAsyncReader(stdin)
    writer: Any = StdoutWriter(stdout)
    # plain files and /dev/null cannot be waited for, and Windows' anonymous pipes neither
    if _can_wait_for(stdin):
        reader = asyncio.StreamReader(limit=_LINE_LIMIT)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    if _can_wait_for(stdout):
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, stdout
        )
        writer = asyncio.StreamWriter(transport, protocol, None, loop)
    await _serve(server, reader, writer)


def _can_wait_for(stream: BinaryIO) -> bool:
    mode = os.fstat(stream.fileno()).st_mode
    return sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


async def serve_tcp(server: LanguageServer, host: str, port: int) -> None:
    """Speak LSP with the first client that connects; the port is closed to all others."""
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    listener = await asyncio.start_server(accept, host, port, limit=_LINE_LIMIT)
    address = listener.sockets[0].getsockname()
    print(f"midfill: listening on {address[0]}:{address[1]}", file=sys.stderr, flush=True)  # noqa: T201 - who asked for port 0 must learn the number
    reader, writer = await connected
    listener.close()
    await _serve(server, reader, writer)


async def _serve(server: LanguageServer, reader: Any, writer: Any) -> None:
    server.protocol.set_writer(_Writer(writer, server.protocol))
    try:
        await run_async(
            stop_event=threading.Event(),
            reader=_MessageReader(reader),
            protocol=server.protocol,
            logger=logging.getLogger("pygls"),
            error_handler=lambda error, _: _log.error("unreadable: %s", type(error).__name__),
        )
    except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
        _log.warning("the connection broke in the middle of a message; leaving")
    except _TooMuchError as error:
        _log.error("%s; leaving", error)
    except ValueError:
        _log.error("a header line is longer than %d bytes; leaving", _LINE_LIMIT)
    else:
        _log.warning("the client closed the connection; leaving")


class _TooMuchError(Exception):
    """A client that asks for more memory than there is reason to give."""


class _MessageReader:
    """A reader that never waits for a message which nobody can mean."""

    def __init__(self, reader: Any) -> None:
        self.readline = reader.readline
        self._reader = reader

    async def readexactly(self, count: int) -> bytes:
        """The body of a message."""
        if count > _MESSAGE_LIMIT:
            raise _TooMuchError(f"a message of {count} bytes is announced")
        data: bytes = await self._reader.readexactly(count)
        return data


class _Writer:
    """A writer that gives up a client which reads nothing."""

    def __init__(self, writer: Any, protocol: Any) -> None:
        self.close = writer.close
        self._writer = writer
        self._protocol = protocol

    def write(self, data: bytes) -> Any:
        """Write, and leave when too much waits to be read."""
        transport = getattr(self._writer, "transport", None)
        if transport is not None and transport.get_write_buffer_size() > _UNREAD_LIMIT:
            if not transport.is_closing():
                _log.error("the client does not read what it is sent; leaving")
                transport.abort()
                self._protocol.on_exit(1)
            return None
        return self._writer.write(data)


def run_until_done(main: Callable[[], Awaitable[None]], stop: Callable[[], int]) -> int:
    """Run `main` until it ends, a signal comes or `leave` is called.

    Args:
        main: serves one client.
        stop: called at the end on the loop; returns the exit code.
    """

    async def run() -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(main())
        for name in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(name, _stop, task, name.name)
            except (NotImplementedError, RuntimeError):  # Windows
                break
        try:
            await task
        except asyncio.CancelledError:
            _log.info("stopping")
        return stop()

    return asyncio.run(run())


def _stop(task: asyncio.Future[None], signal_name: str) -> None:
    _log.warning("stopped by %s", signal_name)
    task.cancel()


async def watch_parent(pid: int, leave: Callable[[], None]) -> None:
    """Call `leave` when the process that started the server is gone.

    One that cannot be seen is not watched: a client in another container or on another machine
    tells a number that means nothing here, or another process. The end of the connection tells of
    its end, too.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError, OverflowError):  # not Linux, or no such process
        if not _exists(pid):
            _log.warning("the client's process %d cannot be seen from here; it is not watched", pid)
            return
        await _poll_parent(pid)
    else:
        await _readable(descriptor)
    _log.warning("the client's process %d has ended; leaving", pid)
    leave()


async def _readable(descriptor: int) -> None:
    """Wait for the end of a process by its descriptor, which tells of it at once."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _poll_parent(pid: int) -> None:
    while _exists(pid):  # noqa: ASYNC110 - no event tells of another process's end
        await asyncio.sleep(_PARENT_CHECK_S)


def _exists(pid: int) -> bool:
    import psutil

    try:
        return pid > 0 and psutil.pid_exists(pid)
    except OverflowError:
        return False
