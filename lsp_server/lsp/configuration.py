"""Settings while a server runs: asked of the client, pushed by it, or changed in a file."""

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
    from collections.abc import Awaitable, Callable

    from lsp_server.lsp.editor import AnsweringEditor
    from lsp_server.session.session import Session
    from lsp_server.settings.layers import Configuration

_log = logging.getLogger(__name__)

_SECTION = "midfill"
_PATIENCE_S = 2.0
"""How long the start of the model waits for the client's settings; later ones are taken over."""


class ClientConfiguration:
    """Keeps a session at the settings that client, file and `midfill models use` ask for."""

    def __init__(
        self,
        configuration: Configuration,
        session: Session,
        editor: AnsweringEditor,
        keep: Callable[[Awaitable[None]], None],
    ) -> None:
        """Prepare; `take_over` and `watch_files` begin.

        Args:
            configuration: the layers of settings.
            session: what is to follow them.
            editor: the client.
            keep: runs something in the background.
        """
        self._configuration = configuration
        self._session = session
        self._editor = editor
        self._keep = keep
        self._chosen_model = ""
        self._watch: FileWatch | None = None

    async def take_over(self) -> None:
        """Ask the client for its settings, and to tell of changes; wait a little for the first."""
        asked = asyncio.ensure_future(self._pull())
        self._keep(asked)
        self._keep(self._follow())
        await asyncio.wait({asked}, timeout=_PATIENCE_S)

    def did_change(self, params: types.DidChangeConfigurationParams) -> None:
        """Take over what a client pushed; one that pushed nothing is asked."""
        self._configuration.push(params.settings)
        self._apply()
        if params.settings is None:
            self._keep(self._pull())

    def watch_files(self) -> None:
        """Follow the config file, and the file with the choice of `midfill models use`."""
        if self._watch is not None:
            return
        store, loop = Store(), asyncio.get_running_loop()
        self._chosen_model = _chosen(store)
        readers: dict[str, Callable[[], None]] = {
            self._configuration.path.absolute().as_posix(): self._file_changed,
            store.choice_file.absolute().as_posix(): self._choice_changed,
        }

        def changed(locations: set[str], _: dict[str, str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                for location in locations:
                    loop.call_soon_threadsafe(readers[location])

        self._watch = FileWatch(changed, at_start=True)
        self._watch.follow(readers)

    def close(self) -> None:
        """Look at no file any more."""
        if self._watch is not None:
            self._watch.stop()

    def _choice_changed(self) -> None:
        """It decides as long as the settings leave the model to midfill."""
        chosen = _chosen(Store())
        if chosen != self._chosen_model:
            self._chosen_model = chosen
            if self._configuration.settings.engine.model == AUTO:
                self._keep(self._session.switch())

    def _file_changed(self) -> None:
        self._configuration.reload()
        self._apply()

    async def _pull(self) -> None:
        workspace = self._editor.client_capabilities.workspace
        if workspace is not None and workspace.configuration:
            wanted = types.ConfigurationParams(items=[types.ConfigurationItem(section=_SECTION)])
            try:
                (settings,) = await self._editor.ask(types.WORKSPACE_CONFIGURATION, wanted)
            except Exception as error:  # noqa: BLE001 - a client that does not answer has no settings
                _log.info("no configuration: %s", type(error).__name__)
            else:
                self._configuration.push(settings)
        self._apply()

    async def _follow(self) -> None:
        """Ask to be told of changes, where the client tells only those who ask.

        Without a section: such clients then send none, and are asked. Sections they send include
        their defaults, which would outrank the user's config file.
        """
        workspace = self._editor.client_capabilities.workspace
        changes = workspace.did_change_configuration if workspace else None
        if changes is None or not changes.dynamic_registration:
            return
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        change = types.Registration(id="midfill/configuration", method=method)
        wanted = types.RegistrationParams([change])
        try:
            await self._editor.ask(types.CLIENT_REGISTER_CAPABILITY, wanted)
        except Exception as error:  # noqa: BLE001 - it reports no changes then
            _log.info(
                "the client reports no changes of the configuration: %s", type(error).__name__
            )

    def _apply(self) -> None:
        self._session.reconfigure(self._configuration.settings)
        for document in self._session.documents:
            document_status.judge(self._session, self._editor, document)
        for problem in self._configuration.news():
            _log.warning("settings: %s", problem)
            self._editor.warn(f"midfill: {problem}")


def _chosen(store: Store) -> str:
    try:
        return store.chosen()
    except StoreError as error:  # the status says so when a model is loaded by it
        _log.warning("%s", error)
        return ""
