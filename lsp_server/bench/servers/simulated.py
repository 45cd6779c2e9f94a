"""The server's session in this process, in simulated time and at a chosen speed.

The model answers as it does, from a file where the answer is known; how long that takes is said,
not measured. So policies can be compared without noise, for machines that are not at hand, and on
one that is busy. Left out: other processes and the protocol's cost. Reading other files takes no
made-up time.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from lsprotocol import types

from lsp_server import clock, paths
from lsp_server.bench.engines.cached import RememberingEngine
from lsp_server.bench.engines.paced import PacedEngine
from lsp_server.bench.engines.virtual_time import VirtualTimeLoop
from lsp_server.bench.errors import BenchError
from lsp_server.bench.servers.base import Answer, EngineWork
from lsp_server.client.edits import change, place
from lsp_server.client.errors import ServerFaultError
from lsp_server.lsp import document_sync
from lsp_server.session import engine_factory
from lsp_server.session.session import Session
from lsp_server.settings.layers import Layer, compose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.api import Engine
    from engine.calibration import Rates
    from lsp_server.bench.tasks.typing import TypingTask
    from lsp_server.settings.model import Settings

BASE: Final[dict[str, Any]] = {
    "engine": {"process": "inside"},
    "context": {"enabled": False},  # the task's folder holds no other file
    "statistics": {"enabled": False},
    "suggestions": {"ahead": "on"},  # the load of this machine says nothing about the simulated one
}
"""Settings of a simulated server, under those that are asked for."""
OTHER_FILES: Final[dict[str, Any]] = {
    "context": {"enabled": True, "gather_ms": 10_000}  # of real time, which is none here
}
"""Over those, where tasks bring the other files of their workspace."""
_PROTOCOL_S = 0.002
"""From one process to the other and back."""
_REST_S = 5.0


class _NoEditor:
    """The editor of a simulation, which nobody looks at."""

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Nobody listens."""

    def warn(self, message: str) -> None:
        """Nobody reads."""


class SimulatedServer:
    """One session for all tasks; runs on a `VirtualTimeLoop`."""

    def __init__(
        self,
        settings: Settings,
        rates: Rates,
        make_engine: Callable[[], Engine],
        *,
        growing: bool = True,
    ) -> None:
        """Prepare; `start` makes one that is ready.

        Raises:
            BenchError: the loop's time is not simulated.
        """
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualTimeLoop):
            message = "a simulated server needs a loop with simulated time"
            raise BenchError(message)
        self.on_more: Callable[[], None] | None = None
        self._loop = loop
        self._growing = growing
        self._engine: PacedEngine | None = None
        self._numbers = itertools.count(1)
        self._sources: dict[int, str] = {}
        self._uri, self._version, self._text = "", 0, ""

        def make() -> Engine:
            self._engine = PacedEngine(make_engine(), rates, loop)
            return self._engine

        self._session = Session(settings, make, more_available=self._more, rates=rates)
        self._editor = _NoEditor()
        self._session.context_provider.work_at_once()
        self._clock = clock.replaced(loop.time)
        self._root: Path | None = None

    @classmethod
    async def start(
        cls,
        settings: Mapping[str, Any],
        rates: Rates,
        memo: Path | None,
        *,
        growing: bool,
        other_files: bool = False,
    ) -> Self:
        """Load the model.

        Args:
            settings: as a client would send them.
            rates: the simulated speed.
            memo: folder of known answers; the user's by default.
            growing: whether the client can take growing texts.
            other_files: whether tasks bring the other files of their workspace.

        Raises:
            BenchError: a setting does not fit.
            ServerFaultError: the model cannot be loaded.
        """
        files = Layer("workspaces", OTHER_FILES if other_files else {})
        composed = compose([Layer("simulation", BASE), files, Layer("--settings", settings)])
        if composed.problems:
            raise BenchError("--settings: " + "; ".join(composed.problems))
        make = engine_factory.maker(composed.settings, "real")
        folder = memo or paths.state_dir() / "answers"
        server = cls(
            composed.settings, rates, lambda: RememberingEngine(make(), folder), growing=growing
        )
        await server.load()
        return server

    async def load(self) -> None:
        """Load the engine, and let no time pass while it works.

        Raises:
            ServerFaultError: it cannot be loaded.
        """
        self._clock.__enter__()
        self._loop.wait_for(self._busy)
        await self._session.load()
        if self._session.pipeline is None:
            await self.stop()
            raise ServerFaultError(self._session.status.message)

    def _busy(self) -> bool:
        """Whether the engine's thread does what takes no simulated time."""
        waits = self._engine is not None and self._engine.waits
        return not waits and not self._session.scheduler.resting

    def _more(self, snapshot: Any) -> None:
        if self._growing and self.on_more and snapshot.uri == self._uri:
            self.on_more()

    async def open(self, task: TypingTask) -> None:
        """Open the task's document, and let what that causes end."""
        self._uri = f"file:///simulated/{task.id}/{task.file}"
        if task.tree is not None:
            self._root = Path(tempfile.mkdtemp(prefix="midfill-bench-"))
            self._uri = task.lay_out(self._root / task.repo).as_uri()
            self._tell_folder(self._root / task.repo, added=True)
        self._version, self._text = 1, task.before
        document = types.TextDocumentItem(self._uri, task.language, 1, task.before)
        document_sync.did_open(
            self._session, self._editor, types.DidOpenTextDocumentParams(document)
        )
        await asyncio.sleep(_REST_S)

    def moved(self, text: str, offset: int) -> None:  # noqa: ARG002 -- asked with the request
        """Change the document."""
        if text == self._text:
            return
        edit = change(self._text, text)
        where = types.Range(*(types.Position(**edit["range"][end]) for end in ("start", "end")))
        self._version, self._text = self._version + 1, text
        document = types.VersionedTextDocumentIdentifier(self._version, self._uri)
        partial = types.TextDocumentContentChangePartial(range=where, text=edit["text"])
        document_sync.did_change(
            self._session, self._editor, types.DidChangeTextDocumentParams(document, [partial])
        )

    async def complete(self, text: str, offset: int) -> Answer:
        """Ask the session."""
        self.moved(text, offset)
        position = types.Position(**place(text, offset))
        number = next(self._numbers)
        snapshot = self._session.documents.snapshot(self._uri, position)
        found, trace = await self._session.complete(snapshot)
        await asyncio.sleep(_PROTOCOL_S)
        self._sources[number] = str(trace.source)
        return Answer(found, number)

    def accepted(self, *, whole: bool) -> None:
        """Nothing is kept of it."""

    async def close_task(self) -> None:
        """Close the document, and let work in the background end."""
        document = types.TextDocumentIdentifier(self._uri)
        document_sync.did_close(
            self._session, self._editor, types.DidCloseTextDocumentParams(document)
        )
        await asyncio.sleep(_REST_S)
        if self._root is not None:
            self._tell_folder(next(self._root.iterdir()), added=False)
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None

    def _tell_folder(self, path: Path, *, added: bool) -> None:
        """Add or remove the task's folder; the user's own recent files stay out of it."""
        folder = [types.WorkspaceFolder(path.as_uri(), path.name)]
        event = types.WorkspaceFoldersChangeEvent(
            added=folder if added else [], removed=[] if added else folder
        )
        self._session.documents.change_folders(event)
        self._session.context_provider.reader.set_roots(self._session.documents.roots)

    async def ping(self) -> float | None:
        """There is no protocol."""
        return None

    async def work(self) -> EngineWork:
        """The session's counts; processor and memory are this process's, and say nothing."""
        stats = self._session.stats
        return EngineWork(
            decoded_tokens=stats.decoded_tokens,
            prompt_tokens=stats.prompt_tokens,
            cached_prompt_tokens=stats.cached_prompt_tokens,
            busy_ms=stats.busy_ms,
        )

    async def sources(self) -> Mapping[int, str]:
        """Where answers came from, by request number."""
        return self._sources

    async def stop(self) -> None:
        """Close the session."""
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
        self._session.close()
        self._clock.__exit__(None, None, None)
