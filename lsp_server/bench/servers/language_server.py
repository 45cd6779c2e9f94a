"""Any language server with inline completion, as the server under test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lsp_server.bench.servers.base import Answer, EngineWork, usage_of
from lsp_server.client.connection import (
    HANG_S,
    Client,
    ResponseError,
    workspace_folders,
)
from lsp_server.client.document import ClientDocument
from lsp_server.client.errors import ServerFaultError, ServerHungError
from lsp_server.client.jsonrpc import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lsp_server.bench.tasks.typing import TypingTask

READY_S = 300.0
READY_POLL_S = 0.1
PING_S = 5.0
REST_S = 10.0
REST_POLL_S = 0.25
REST_CPU_SHARE = 0.2
"""A server that uses less of one core than this has nothing left to do."""


class LanguageServer:
    """One server process over stdio; tasks follow one another, each in a fresh folder."""

    def __init__(self, client: Client, root: Path) -> None:
        self.on_more: Callable[[], None] | None = None
        self._client = client
        self._root = root
        self._folder: Path | None = None
        self._document: ClientDocument
        self._tasks = 0
        self._has_stats = True
        self._answers_pings = True
        self._ping_s = PING_S
        client.handlers["midfill/moreAvailable"] = self._more

    @classmethod
    async def start(
        cls, command: Sequence[str], settings: Mapping[str, Any], *, growing: bool
    ) -> Self:
        """Start the command and shake hands; `settings` become initialization options.

        Raises:
            ServerFaultError: it cannot be started, or does not offer inline completion.
        """
        root = Path(tempfile.mkdtemp(prefix="midfill-bench-"))
        client = await Client.start(command, root)
        server = cls(client, root)
        try:
            # what a bench types is none of the user's statistics
            own = {"growing": growing, "statistics": {"enabled": False}}
            await server._initialize({**settings, **own})
            await server._until_ready()
        except BaseException:
            await server.stop()
            raise
        return server

    async def _initialize(self, options: Mapping[str, Any]) -> None:
        try:
            offers = await self._client.initialize([], options, READY_S)
        except ResponseError as error:
            message = f"the server refused to initialize: {error}"
            raise ServerFaultError(message) from error
        offered = offers.get("inlineCompletionProvider")
        if offered is None or offered is False:  # {} is an offer
            message = "the server does not offer textDocument/inlineCompletion"
            raise ServerFaultError(message)

    # One task

    async def open(self, task: TypingTask) -> None:
        """Lay the task's file into a folder of its own, open it, wait until the server is ready."""
        self._tasks += 1
        self._folder = self._root / str(self._tasks) / task.repo
        path = task.lay_out(self._folder)
        self._tell_folders(added=[self._folder], removed=[])
        self._document = ClientDocument(self._client, path.as_uri(), task.language, task.before)
        await self._until_ready()

    async def close_task(self) -> None:
        """Close the document, wait until the server rests, remove the folder."""
        self._document.close()
        if self._folder:
            self._tell_folders(added=[], removed=[self._folder])
            shutil.rmtree(self._folder.parent, ignore_errors=True)
        self._folder = None
        await self._until_at_rest()

    def _tell_folders(self, *, added: list[Path], removed: list[Path]) -> None:
        event = {"added": workspace_folders(added), "removed": workspace_folders(removed)}
        self._client.notify("workspace/didChangeWorkspaceFolders", {"event": event})

    async def _until_ready(self) -> None:
        """A server that has `midfill/stats` says when its model is loaded; any other is ready."""
        deadline = asyncio.get_running_loop().time() + READY_S
        while (stats := await self._stats()) is not None and stats.get("ready") is False:
            if asyncio.get_running_loop().time() > deadline:
                message = f"the server was not ready after {READY_S:.0f} s"
                raise ServerHungError(message)
            await asyncio.sleep(READY_POLL_S)

    async def _until_at_rest(self) -> None:
        """Let work in the background end, so that it is counted where it was caused."""
        for _ in range(round(REST_S / REST_POLL_S)):
            before = usage_of(self._client.pid)
            await asyncio.sleep(REST_POLL_S)
            after = usage_of(self._client.pid)
            if not before or not after:
                return
            if after.cpu_s - before.cpu_s < REST_CPU_SHARE * REST_POLL_S:
                return

    # Typing

    def moved(self, text: str, offset: int) -> None:  # noqa: ARG002 -- asked with the request
        """Send what changed, as one incremental change."""
        self._document.change(text)

    async def complete(self, text: str, offset: int) -> Answer:
        """Ask; an error answer counts as nothing to show."""
        number, shown = await self._document.complete(text, offset)
        return Answer(shown, number)

    def accepted(self, *, whole: bool) -> None:
        """Run the item's command, as editors do after a full accept."""
        if whole:
            self._document.accepted()

    def _more(self, params: object) -> None:
        if self.on_more and isinstance(params, dict) and params.get("uri") == self._document.uri:
            self.on_more()

    # What it tells of itself

    async def ping(self) -> float | None:
        """Milliseconds until a request that no server knows is refused, as the protocol asks."""
        if not self._answers_pings:
            return None
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        try:
            await self._client.ask("$/midfill/ping", None, timeout_s=self._ping_s)
        except ResponseError:
            self._ping_s = HANG_S  # it does answer: from now on silence means that it hangs
            return (loop.time() - asked_at) * 1000
        except ServerHungError:
            if self._ping_s == HANG_S:
                raise
        self._answers_pings = False
        return None

    async def work(self) -> EngineWork:
        """Its counts, where it has them, and what its process uses."""
        stats = await self._stats() or {}
        usage = usage_of(self._client.pid)
        return EngineWork(
            decoded_tokens=stats.get("decoded_tokens"),
            prompt_tokens=stats.get("prompt_tokens"),
            cached_prompt_tokens=stats.get("cached_prompt_tokens"),
            busy_ms=stats.get("busy_ms"),
            cpu_s=usage.cpu_s if usage else None,
            rss_bytes=usage.rss_bytes if usage else None,
        )

    async def served_by(self) -> dict[str, str]:
        """Engine, device, and why it is not a better one; {} for a server that does not tell."""
        stats = await self._stats() or {}
        names = ("engine", "device", "device_note")
        return {name: str(stats[name]) for name in names if stats.get(name)}

    async def sources(self) -> Mapping[int, str]:
        """Where recent answers came from, by request number."""
        recent = (await self._stats() or {}).get("recent", [])
        return {int(row["id"]): row["source"] for row in recent if str(row.get("id")).isdigit()}

    async def _stats(self) -> dict[str, Any] | None:
        if not self._has_stats:
            return None
        try:
            found = await self._client.ask("midfill/stats", None)
        except ResponseError as error:
            self._has_stats = error.code != NOT_FOUND
            return None
        return found if isinstance(found, dict) else None

    async def stop(self) -> None:
        """End the process and remove its folders."""
        await self._client.stop()
        shutil.rmtree(self._root, ignore_errors=True)
