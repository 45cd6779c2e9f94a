"""The language server: handlers that only translate between LSP and a session."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from context.snapshot import Snapshot  # noqa: TC001 - pygls reads annotations
from lsp_server.lsp import (
    completion,
    document_status,
    document_sync,
    feedback,
    items,
    notebook_sync,
    prompt,
    transport,
)
from lsp_server.lsp import configuration as client_settings
from lsp_server.lsp.protocol import MidfillProtocol, make_converter
from lsp_server.session.report import describe
from lsp_server.session.session import Session
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.api import Engine
    from lsp_server.file_watch import FileWatch
    from lsp_server.session.status import Status
    from lsp_server.settings.layers import Configuration
    from lsp_server.settings.model import Settings

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

MORE_AVAILABLE = "midfill/moreAvailable"
STATUS = "midfill/status"
STATS = "midfill/stats"


class MidfillServer(LanguageServer):
    """One client, one session."""

    def __init__(
        self, configuration: Configuration, make_engine: Callable[[Settings], Engine]
    ) -> None:
        """Register the features; `session` exists from `initialize` on."""
        super().__init__(
            "midfill",
            VERSION,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=notebook_sync.SYNC,
            protocol_cls=MidfillProtocol,
            converter_factory=make_converter,
        )
        self.configuration = configuration
        self.watches: list[FileWatch] = []
        self.chosen_model = ""
        self.make_engine = make_engine
        self.session: Session | None = None
        self.exit_code = 1
        self.growing = False
        self.answers = itertools.count(1)
        self.background: set[asyncio.Task[Any]] = set()
        self.main_task: asyncio.Task[Any] | None = None
        _register(self)

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls' signature
        """Name the error in the log; no popups, since users can do nothing about these."""
        _log.error("a message could not be handled: %s", type(error).__name__)

    def keep(self, work: Awaitable[Any]) -> None:
        """Run something in the background until it ends."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def leave(self, code: int = 1) -> None:
        """End the process with `code`, in order."""
        self.exit_code = code
        if self.main_task is not None:
            self.main_task.cancel()

    def refused(self, what: str) -> None:
        """Tell the user that something tried to reach the network; from any thread."""
        if self.main_task is not None and self.session is not None:
            loop = self.main_task.get_loop()
            loop.call_soon_threadsafe(self.session.tell_refusal, what)

    def close(self) -> int:
        """Free everything; returns the exit code."""
        for watch in self.watches:
            watch.stop()
        if self.session is not None and not self.session.close():
            # a thread inside native code would make the interpreter's own exit wait or abort
            logging.shutdown()
            os._exit(self.exit_code)
        return self.exit_code


def run(server: MidfillServer, *, tcp: tuple[str, int] | None, parent: int | None) -> int:
    """Serve one client over stdio or TCP until it leaves; returns the exit code."""

    async def main() -> None:
        server.main_task = asyncio.current_task()
        if parent is not None:
            server.keep(transport.watch_parent(parent, server.leave))
        if tcp is not None:
            await transport.serve_tcp(server, *tcp)
        else:
            await transport.serve_stdio(server, sys.stdin.buffer, stdout)

    stdout = transport.take_stdout() if tcp is None else sys.stdout.buffer
    return transport.run_until_done(main, server.close)


def _quiet(handler: Callable[..., _T]) -> Callable[..., _T | None]:
    """A handler whose faults are named in the log and never reach the editor as a popup."""

    @functools.wraps(handler)
    def wrapped(server: MidfillServer, params: Any) -> _T | None:
        try:
            return handler(server, params)
        except Exception as error:  # noqa: BLE001 - counted and named; an editor gets no popup
            fault = f"{handler.__name__}:{type(error).__name__}"
            _log.error("fault %s", fault, exc_info=_log.isEnabledFor(logging.DEBUG))
            if server.session is not None:
                server.session.stats.faults[fault] += 1
            return None

    return wrapped


def _register(server: MidfillServer) -> None:
    feature = server.feature
    protocol: Any = server.protocol
    protocol.on_exit = server.leave
    protocol.freeze = functools.partial(completion.freeze, server)
    protocol.on_unreadable = functools.partial(_distrust, server)

    feature(types.INITIALIZE)(_initialize)
    feature(types.INITIALIZED)(_initialized)
    feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(
        functools.partial(completion.inline, server)
    )
    feature(STATS)(_stats)
    server.command(items.ACCEPTED)(_accepted)
    # pygls hands `server` to those only whose annotation it can read at run time
    feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(
        functools.partial(_quiet(document_sync.did_save), server)
    )
    for method, handler in {
        **document_sync.HANDLERS,
        **notebook_sync.HANDLERS,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: client_settings.did_change,
        prompt.PROMPT: prompt.show,
        document_status.SILENCE: document_status.silence,
        feedback.DID_SHOW: feedback.did_show,
        feedback.DID_ACCEPT_PART: feedback.did_accept_part,
    }.items():
        feature(method)(functools.partial(_quiet(handler), server))


def _distrust(server: MidfillServer, uri: str | None) -> None:
    if server.session is not None:
        server.session.documents.distrust(uri)


def _initialize(server: MidfillServer, params: types.InitializeParams) -> None:
    options = params.initialization_options
    server.growing = isinstance(options, dict) and options.get("growing") is True
    server.configuration.initialize(options)
    settings = server.configuration.settings
    session = Session(
        settings,
        lambda: server.make_engine(session.engine_starts_with()),
        on_status=functools.partial(_tell_status, server),
        more_available=functools.partial(_tell_more, server),
    )
    session.documents.encoding = types.PositionEncodingKind(server.workspace.position_encoding)
    session.documents.set_folders(document_sync.folders(params))
    session.context_provider.set_folders(session.documents.roots)
    server.session = session
    text_document = params.capabilities.text_document
    if text_document is None or text_document.inline_completion is None:
        handler = functools.partial(completion.menu, server)
        server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())(handler)
    if params.process_id is not None:
        server.keep(transport.watch_parent(params.process_id, server.leave))


def _initialized(server: MidfillServer, _: types.InitializedParams) -> None:
    server.keep(_start(server))
    client_settings.watch_files(server)


async def _start(server: MidfillServer) -> None:
    """Load the model with the settings that the client has."""
    await client_settings.take_over(server)
    await _load(server)


async def _load(server: MidfillServer) -> None:
    """Load the model while the server answers already; a progress bar where the client has one."""
    session = _session(server)
    window = server.client_capabilities.window
    token = "midfill/loading"  # noqa: S105 - a progress token, not a secret
    progress = bool(window and window.work_done_progress)
    if progress:
        try:
            _ = await server.work_done_progress.create_async(token)
            server.work_done_progress.begin(
                token, types.WorkDoneProgressBegin(title="midfill: loading the model")
            )
        except Exception as error:  # noqa: BLE001 - a client that refuses it gets no bar
            _log.info("no progress bar: %s", type(error).__name__)
            progress = False
    await session.load()
    if progress:
        server.work_done_progress.end(
            token, types.WorkDoneProgressEnd(message=session.status.message)
        )


def _stats(server: MidfillServer, _: Any) -> dict[str, Any]:
    return describe(_session(server))


def _accepted(server: MidfillServer, *told: object) -> None:
    session = _session(server)
    session.stats.accepted += 1
    session.outcomes.accepted(str(told[0]) if told else "")


def _tell_status(server: MidfillServer, status: Status) -> None:
    told = {"state": status.state, "message": status.message}
    server.protocol.notify(STATUS, told | ({"reason": status.reason} if status.reason else {}))
    if status.state == "error":
        server.window_log_message(
            types.LogMessageParams(type=types.MessageType.Error, message=status.message)
        )


def _tell_more(server: MidfillServer, snapshot: Snapshot) -> None:
    session = _session(server)
    document = session.documents.get(snapshot.uri)
    if server.growing and document is not None and document.version == snapshot.version:
        server.protocol.notify(MORE_AVAILABLE, {"uri": snapshot.uri, "version": snapshot.version})


def _session(server: MidfillServer) -> Session:
    if server.session is None:
        raise RuntimeError("no session before `initialize`")
    return server.session
