"""Context provider: gathers pieces of other files for the prompt, in the background.

The event loop only notes what the editor tells. Disks are read and texts compared on a thread of
its own, when the cursor rests; whoever makes a prompt takes what was found by then, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from context.access.files import SourceFile
from context.access.reader import Reader
from context.languages import language_of
from context.locations import location_of
from context.prompt.anchor import unix
from context.secrets.mask import hidden
from context.sources.edits import Edit, RecentEdits
from context.sources.environments import Places
from context.sources.gather import Gatherer, GatherRequest
from context.sources.recency import Recency
from lsp_server.background import Background
from lsp_server.workspace import recent_files
from lsp_server.workspace.waiters import Waiters
from lsp_server.workspace.watch import FileWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from context.candidate import Candidate
    from context.settings import ContextSettings
    from context.snapshot import Snapshot
    from lsp_server.documents.mirror import Change, Document

_log = logging.getLogger(__name__)

_MOST_KNOWN = 50
"""Documents whose candidates are kept."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A place to gather for, with what was recent then."""

    snapshot: Snapshot
    tokens: int
    recent: tuple[str, ...]
    edits: RecentEdits | None


class _AtOnce:
    """Takes the place of a thread, and does each job here and now."""

    waits = closing = False

    def post(self, job: Callable[[], object]) -> None:
        job()

    replace = post

    def close(self) -> None:
        self.closing = True


class ContextProvider:
    """Follows the workspace for one session. All methods but `close` return at once."""

    def __init__(self, current: Callable[[], ContextSettings], *, watches: bool = True) -> None:
        """Prepare; threads begin when there is something to do.

        Args:
            current: says what is read, on any thread.
            watches: False does without the system's news of changed files.
        """
        self.reader = Reader(current)
        self.gathered = 0
        self._current = current
        self._recency = Recency(current().recent_files)
        self._edits = RecentEdits()
        self._gatherer = Gatherer(self.reader, self._mask)
        self._known: dict[str, tuple[Candidate, ...]] = {}
        self._state_file: Path | None = None  # once what it holds is taken over
        self._dirty = False
        self._loop: asyncio.AbstractEventLoop | None = None
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._disk = FileWatch(self._changed_on_disk, watches=watches)
        self._thread: Background | _AtOnce = Background("context_provider")
        self._last: _Task | None = None
        self._waiters = Waiters(self._tell)

    def work_at_once(self) -> None:
        """Gather where it is asked for, without a thread: where time is made up, none may pass."""
        self._thread = _AtOnce()
        self._disk.stop()

    # What the editor tells

    def set_folders(self, roots: Iterable[str], *, at_once: bool = False) -> None:
        """Take other workspace folders (locations), and what was recent in them.

        Args:
            roots: the folders.
            at_once: look at the disk here and now, for a command line.
        """
        chosen = tuple(roots)
        path, self._state_file = recent_files.file_of(chosen), None

        def take() -> None:
            self.reader.set_roots(chosen)
            if path is not None:
                saved = recent_files.load(path, self._current().recent_files)
                self._tell(self._restore, path, saved)

        if at_once:
            take()
        else:
            self._thread.post(take)

    def opened(self, document: Document) -> None:
        """A document was opened, or its text came anew."""
        if (location := location_of(document.uri)) is not None:
            self.reader.opened(location, document.language, document.text)
            self._touch(location, document.language)

    def changed(self, change: Change) -> None:
        """A document was edited."""
        document = change.document
        if (location := location_of(document.uri)) is None:
            return
        self.reader.changed(location, document.text)
        self._touch(location, document.language)
        if self._current().edits and change.place is not None:
            line = change.place.line
            edit = Edit(
                location, document.path, document.language, change.before, document.text, line
            )
            self._edits.note(edit)

    def closed(self, uri: str) -> None:
        """A document was closed; it stays a recent file."""
        self._known.pop(uri, None)
        if (location := location_of(uri)) is not None:
            self.reader.closed(location)

    def viewed(self, uri: str, language: str = "") -> None:
        """A file was looked at or focused, open or not."""
        if (location := location_of(uri)) is not None:
            self._touch(location, language_of(location, language))

    def reconfigured(self) -> None:
        """Drop what was found under other settings."""
        self.reader.reconfigured()
        self._recency.resize(self._current().recent_files)
        self._known.clear()

    # What prompts ask

    def known(self, uri: str) -> tuple[Candidate, ...]:
        """What was found for a document when it was last gathered for."""
        return self._known.get(uri, ())

    def want(
        self, snapshot: Snapshot, tokens: int, then: Callable[[], None] = lambda: None
    ) -> None:
        """Gather for a place in the background; the newest wish replaces one that waits.

        Args:
            snapshot: the place.
            tokens: room for all pieces together.
            then: called once on the event loop, whatever happens: when `known` has the pieces, or
                those of the wish that replaced this one, when gathering failed, or at the end.
        """
        if not self._current().enabled or self._thread.closing:
            then()
            return
        task = self._plan(snapshot, tokens)
        work = self._waiters.after(
            lambda: self._tell(self._found, task, self._gather(task)), then, older=True
        )
        self._thread.replace(work)

    def gather(self, snapshot: Snapshot, tokens: int) -> tuple[Candidate, ...]:
        """Gather here and now, for a command line that has no editor to keep waiting."""
        found = self._gather(self._plan(snapshot, tokens))
        self._known[snapshot.uri] = found
        return found

    def ask(self, look: Callable[[], object], then: Callable[[], object]) -> None:
        """Do something that may wait for a disk, then, in any case, something on the event loop."""
        if self._thread.closing:
            then()
        else:
            self._thread.post(self._waiters.after(look, then))

    def as_dict(self) -> dict[str, Any]:
        """For `midfill/stats`: counts and reasons, never names."""
        return {
            "gathered": self.gathered,
            "recent_files": len(list(self._recency)),
            "skipped": {str(reason): count for reason, count in self.reader.skipped.items()},
            "faults": dict(self._gatherer.faults),
            "late": dict(self._gatherer.late),
        }

    def close(self) -> None:
        """Remember what was recent, call all who wait, and end."""
        self._disk.stop()
        self._thread.close()
        self._waiters.call_all()
        if self._state_file is not None:  # what was posted for this may not be done any more
            recent_files.save(self._state_file, self._recency.as_dict())

    # On the event loop

    def _plan(self, snapshot: Snapshot, tokens: int) -> _Task:
        recent = self._recency.files(snapshot.language)
        edits = self._edits.copy() if self._current().edits else None
        return _Task(snapshot, tokens, recent, edits)

    def _saving(self) -> Callable[[], None] | None:
        """What writes down what is recent now, None when that is no news."""
        path, saved = self._state_file, self._recency.as_dict()
        if not self._dirty or path is None:
            return None
        self._dirty = False
        return lambda: recent_files.save(path, saved)

    def _touch(self, location: str, language: str) -> None:
        self._dirty |= self._recency.touch(location, language)

    def _restore(self, path: Path, saved: Recency) -> None:
        """Put what was recent in an earlier session under what was accessed in this one."""
        for language, locations in self._recency.as_dict().items():
            for location in locations:
                saved.touch(location, language)
        self._recency, self._state_file = saved, path

    def _tell(self, function: Callable[..., object], *args: object) -> None:
        """Call something on the event loop; at once where there is none."""
        if self._loop is None:
            function(*args)
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(function, *args)

    def _found(self, task: _Task, found: tuple[Candidate, ...]) -> None:
        uri = task.snapshot.uri
        self._known.pop(uri, None)
        self._known[uri] = found
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._last = task
        locations = [*self._recency, *(candidate.location for candidate in found)]
        self._disk.follow(dict.fromkeys(locations))
        if (save := self._saving()) is not None:
            self._thread.post(save)

    def _news(self, gone: set[str], renamed: dict[str, str]) -> None:
        """Files changed on the disk: names are followed, and pieces of them gathered again."""
        for old, new in renamed.items():
            self._dirty |= self._recency.rename(old, new)
        for location in gone - renamed.keys():
            self._dirty |= self._recency.forget(location)
        last = self._last
        if last is not None and last.snapshot.uri in self._known and not self._thread.waits:
            self.want(last.snapshot, last.tokens)

    # On threads

    def _changed_on_disk(self, changed: set[str], renamed: dict[str, str]) -> None:
        self.reader.gate.forget()
        gone = {location for location in changed if not self.reader.is_file(location)}
        self._tell(self._news, gone, renamed)

    def _gather(self, task: _Task) -> tuple[Candidate, ...]:
        end = time.monotonic() + self._current().gather_ms / 1000
        snapshot = task.snapshot
        text = unix(str(snapshot.text))
        current = SourceFile(
            location=location_of(snapshot.uri) or snapshot.uri,
            path=snapshot.path,
            language=snapshot.language,
            text=text,
            stamp=(0, hash(text)),
        )
        wish = GatherRequest(
            current=current,
            line=snapshot.cursor.line,
            column=snapshot.cursor.column,
            recent=task.recent,
            tokens=task.tokens,
            libraries=self._current().libraries,
            edits=task.edits,
            places=Places.of(os.environ, os.path.expanduser("~")),  # noqa: PTH111 - never raises
        )

        def late() -> bool:
            return self._thread.closing or time.monotonic() > end

        found = tuple(self._gatherer.gather(wish, late=late))
        self.gathered += 1
        return found

    def _mask(self, text: str) -> str:
        return hidden(text) if self._current().mask_secrets else text
