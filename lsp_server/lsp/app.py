"""The composition root: puts server, session and handlers together, loads the model, serves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.lsp import (
    completion,
    document_status,
    document_sync,
    feedback,
    items,
    notebook_sync,
    prompt,
    snooze,
    transport,
)
from lsp_server.lsp.configuration import ClientConfiguration
from lsp_server.lsp.server import DOCUMENT_STATUS, MORE_AVAILABLE, STATUS, MidfillServer
from lsp_server.session import idle
from lsp_server.session.report import describe
from lsp_server.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.snapshot import Snapshot
    from engine.api import Engine
    from lsp_server.lsp.editor import Handler
    from lsp_server.session.status import Status
    from lsp_server.settings.layers import Configuration
    from lsp_server.settings.model import Settings

_log = logging.getLogger(__name__)

_PATIENCE_S = 2.0
"""How long the start waits for a client to say that it is initialized."""

STATS = "midfill/stats"

_HANDLERS: dict[str, Handler] = {
    **document_sync.HANDLERS,
    **notebook_sync.HANDLERS,
    prompt.PROMPT: prompt.prompt,
    DOCUMENT_STATUS: document_status.silence,
    feedback.DID_SHOW: feedback.did_show,
    feedback.DID_ACCEPT_PART: feedback.did_accept_part,
}


class App:
    """One process that serves one client."""

    def __init__(
        self, configuration: Configuration, make_engine: Callable[[Settings], Engine]
    ) -> None:
        """Prepare; the session exists from `initialize` on, and with it all features.

        Args:
            configuration: the layers of settings.
            make_engine: loads an engine, on the engine's own thread.
        """
        self.server = MidfillServer()
        self._configuration = configuration
        self._make_engine = make_engine
        self._exit_code = 1
        self._main_task: asyncio.Task[Any] | None = None
        self._served: tuple[Session, ClientConfiguration] | None = None
        self.server.protocol.on_exit = self._leave
        self.server.feature(types.INITIALIZE)(functools.partial(self._initialize))

    def run(self, *, tcp: tuple[str, int] | None, parent: int | None) -> int:
        """Serve one client over stdio or TCP until it leaves.

        Args:
            tcp: where to listen; None for stdio.
            parent: a process whose end is the server's, too.

        Returns:
            The exit code.
        """
        stdout = transport.take_stdout() if tcp is None else sys.stdout.buffer

        async def main() -> None:
            self._main_task = asyncio.current_task()
            if parent is not None:
                self._end_with(parent)
            if tcp is not None:
                await transport.serve_tcp(self.server, *tcp)
            else:
                await transport.serve_stdio(self.server, sys.stdin.buffer, stdout)

        return transport.run_until_done(main, self._close)

    def refused(self, what: str) -> None:
        """Report to the user that something tried to reach the network; from any thread."""
        if self._main_task is not None and self._served is not None:
            session, _ = self._served
            self._main_task.get_loop().call_soon_threadsafe(session.report_refusal, what)

    def _leave(self, code: int = 1) -> None:
        """End the process with `code`, in order."""
        self._exit_code = code
        if self._main_task is not None:
            self._main_task.cancel()

    def _end_with(self, process: int) -> None:
        self.server.keep(transport.watch_parent(process, self._leave))

    def _close(self) -> int:
        """Free everything; returns the exit code."""
        if self._served is not None:
            session, settings = self._served
            settings.close()
            if not session.close():
                # a thread in native code would make the interpreter's own exit wait or abort
                logging.shutdown()
                os._exit(self._exit_code)
        return self._exit_code

    def _initialize(self, params: types.InitializeParams) -> None:
        server = self.server
        self._configuration.initialize(params.initialization_options)
        # every editor gives its name or its process; what gives neither is a script over a pipe
        script = params.client_info is None and params.process_id is None
        server.take_wishes(params.initialization_options, script=script)

        def more_available(snapshot: Snapshot) -> None:
            document = session.documents.get(snapshot.uri)
            if document is not None and document.version == snapshot.version:
                about = {"uri": snapshot.uri, "version": snapshot.version}
                server.notify(MORE_AVAILABLE, about)

        session = Session(
            self._configuration.settings,
            lambda: self._make_engine(session.engine_starts_with()),
            on_status=functools.partial(_notify_status, server),
            more_available=more_available,
        )
        session.documents.encoding = types.PositionEncodingKind(server.workspace.position_encoding)
        session.documents.set_folders(document_sync.folders(params))
        session.context_provider.set_folders(session.documents.roots)
        settings = ClientConfiguration(self._configuration, session, server, server.keep)
        self._served = session, settings
        _register(server, session, settings)
        text_document = params.capabilities.text_document
        if text_document is None or text_document.inline_completion is None:
            handler = functools.partial(completion.menu, session)
            server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())(handler)
        if params.process_id is not None:
            self._end_with(params.process_id)


def _register(server: MidfillServer, session: Session, settings: ClientConfiguration) -> None:
    """Give the server its features; before this, `initialize` is the only one."""
    feature = server.feature
    server.protocol.freeze = functools.partial(completion.freeze, session)
    server.protocol.on_unreadable = session.documents.distrust

    initialized = asyncio.Event()
    server.keep(_start(server, session, settings, initialized))

    def accepted(*arguments: str) -> None:  # pygls refuses a call that leaves a default out
        feedback.accepted(session, arguments[0] if arguments else "")

    def snoozed(*arguments: float) -> None:
        snooze.snooze(session, server, arguments[0] if arguments else snooze.MINUTES)

    def did_change_configuration(_: object, __: object, params: Any) -> None:
        settings.did_change(params)

    def quiet(handler: Handler) -> Callable[[Any], object]:
        return functools.partial(_quietly, handler, server, session)

    feature(types.INITIALIZED)(lambda _: initialized.set())
    feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(
        functools.partial(completion.inline, session)
    )
    feature(STATS)(lambda _: describe(session))
    server.command(items.ACCEPTED)(accepted)
    server.command(snooze.SNOOZE)(snoozed)
    feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(
        quiet(document_sync.did_save)
    )
    feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(quiet(did_change_configuration))
    for method, handler in _HANDLERS.items():
        feature(method)(quiet(handler))


def _quietly(handler: Handler, server: MidfillServer, session: Session, params: Any) -> object:
    """Handle; faults are named in the log and never reach the editor as a popup."""
    try:
        return handler(session, server, params)
    except Exception as error:  # noqa: BLE001 - counted and named; an editor gets no popup
        fault = f"{handler.__name__}:{type(error).__name__}"
        _log.error("fault %s", fault, exc_info=_log.isEnabledFor(logging.DEBUG))
        session.stats.faults[fault] += 1
        return None


async def _start(
    server: MidfillServer,
    session: Session,
    settings: ClientConfiguration,
    initialized: asyncio.Event,
) -> None:
    """Load the model with the settings that the client has, then do what there is to do at rest.

    The server answers already meanwhile. Nothing here waits without a limit for the client.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await initialized.wait()
    await settings.take_over()
    loading = asyncio.ensure_future(session.load())
    settings.watch_files()
    window = server.client_capabilities.window
    if window is not None and window.work_done_progress:
        server.keep(_show_progress(server, session, loading))
    await loading
    await idle.run(session)


async def _show_progress(
    server: MidfillServer, session: Session, loading: asyncio.Future[None]
) -> None:
    """A progress bar from the client's answer to the end of loading, if that is later."""
    token = "midfill/loading"  # noqa: S105 - a progress token, not a secret
    create = types.WorkDoneProgressCreateParams(token)
    try:
        await server.ask(types.WINDOW_WORK_DONE_PROGRESS_CREATE, create)
    except Exception as error:  # noqa: BLE001 - a client that refuses it gets no bar
        _log.info("no progress bar: %s", type(error).__name__)
        return
    begin = types.WorkDoneProgressBegin(title="midfill: loading the model")
    server.work_done_progress.begin(token, begin)
    await asyncio.wait({loading})
    end = types.WorkDoneProgressEnd(message=session.status.message)
    server.work_done_progress.end(token, end)


def _notify_status(server: MidfillServer, status: Status) -> None:
    params = {"state": status.state, "message": status.message}
    server.notify(STATUS, params | ({"reason": status.reason} if status.reason else {}))
    if status.state == "error":
        server.log_message(types.MessageType.Error, status.message)
