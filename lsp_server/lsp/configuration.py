"""The client's settings: asked for at the start, followed while it runs; and the file's changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from engine.errors import StoreError
from engine.models.store import AUTO, Store
from lsp_server.lsp import document_status
from lsp_server.workspace.watch import FileWatch

if TYPE_CHECKING:
    from lsp_server.lsp.server import MidfillServer

_log = logging.getLogger(__name__)

_SECTION = "midfill"
_PATIENCE_S = 2.0
"""How long the start of the model waits for a client's answer."""


async def take_over(server: MidfillServer) -> None:
    """Ask the client for its settings, and to tell of changes."""
    await _pull(server)
    await _follow(server)


def did_change(server: MidfillServer, params: types.DidChangeConfigurationParams) -> None:
    """Take over what a client pushed; one that pushed nothing is asked."""
    server.configuration.push(params.settings)
    _apply(server)
    if params.settings is None:
        server.keep(_pull(server))


def watch_files(server: MidfillServer) -> None:
    """Follow the config file, and the file with the choice of `midfill models use`."""
    if server.watch is not None:
        return
    store, loop = Store(), asyncio.get_running_loop()
    server.chosen_model = _chosen(store)
    readers = {
        server.configuration.path.absolute().as_posix(): _file_changed,
        store.choice_file.absolute().as_posix(): _choice_changed,
    }

    def changed(locations: set[str], _: dict[str, str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            for location in locations:
                loop.call_soon_threadsafe(readers[location], server)

    server.watch = FileWatch(changed, at_start=True)
    server.watch.follow(readers)


def _chosen(store: Store) -> str:
    try:
        return store.chosen()
    except StoreError as error:  # the status says so when a model is loaded by it
        _log.warning("%s", error)
        return ""


def _choice_changed(server: MidfillServer) -> None:
    """It decides as long as the settings leave the model to midfill."""
    chosen = _chosen(Store())
    if chosen != server.chosen_model and server.session is not None:
        server.chosen_model = chosen
        if server.configuration.settings.engine.model == AUTO:
            server.keep(server.session.switch())


def _file_changed(server: MidfillServer) -> None:
    server.configuration.reload()
    _apply(server)


async def _pull(server: MidfillServer) -> None:
    workspace = server.client_capabilities.workspace
    if workspace is not None and workspace.configuration:
        wanted = types.ConfigurationParams(items=[types.ConfigurationItem(section=_SECTION)])
        try:
            async with asyncio.timeout(_PATIENCE_S):
                (settings,) = await server.workspace_configuration_async(wanted)
        except Exception as error:  # noqa: BLE001 - a client that does not answer has no settings
            _log.info("no configuration: %s", type(error).__name__)
        else:
            server.configuration.push(settings)
    _apply(server)


async def _follow(server: MidfillServer) -> None:
    """Ask to be told of changes, where the client tells only those who ask.

    Without a section: such clients then send none, and are asked. Sections they send include
    their defaults, which would outrank the user's config file.
    """
    workspace = server.client_capabilities.workspace
    told = workspace.did_change_configuration if workspace else None
    if told is None or not told.dynamic_registration:
        return
    method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
    change = types.Registration(id="midfill/configuration", method=method)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await server.client_register_capability_async(types.RegistrationParams([change]))
    except Exception as error:  # noqa: BLE001 - it tells of no changes then
        _log.info("changes of the configuration are not told: %s", type(error).__name__)


def _apply(server: MidfillServer) -> None:
    if server.session is not None:
        server.session.reconfigure(server.configuration.settings)
        for document in server.session.documents:
            document_status.judge(server, document)
    for problem in server.configuration.news():
        _log.warning("settings: %s", problem)
        server.window_log_message(
            types.LogMessageParams(type=types.MessageType.Warning, message=f"midfill: {problem}")
        )
