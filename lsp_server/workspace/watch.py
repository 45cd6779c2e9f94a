"""Watches a set of files: told by the system where it can tell, else by looking now and then."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from context.locations import folder_of
from lsp_server.background import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)

POLL_S = 3.0
_SLOW_POLL_S = 30.0
"""Beside the system's own news, which end when a folder is replaced."""
_SETTLE_S = 0.2
"""Editors empty, write, rename and touch, a branch switch changes many files: both may finish."""
MOST_FILES: Final = 400
_MOST_FOLDERS: Final = 100

_State = tuple[int, int, int] | None


class FileWatch:
    """Calls back, from a thread of its own, with the files that changed.

    Neither the files nor their folders need be there. Folders are watched one by one, never with
    what lies below them; of a link, the folder of its target is watched too.
    """

    def __init__(
        self,
        changed: Callable[[set[str], dict[str, str]], None],
        *,
        at_start: bool = False,
        watches: bool = True,
        poll_s: float = POLL_S,
    ) -> None:
        """Prepare; the thread begins with the first files.

        Args:
            changed: called on the watching thread with the locations whose file changed, came or
                went, and with those that got another name.
            at_start: whether a file counts as changed when the watch on it has begun, for who read
                it before that.
            watches: False does without the system's news.
            poll_s: seconds between looks where the system tells nothing.
        """
        self._changed = changed
        self._at_start = at_start
        self._watches = watches
        self._poll_s = poll_s
        self._lock = threading.Lock()
        self._wanted: tuple[str, ...] = ()
        self._real: dict[str, str] = {}  # where each one is without links
        self._renamed: dict[str, str] = {}
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, locations: Iterable[str]) -> None:
        """Watch these files from now on, and no others. Returns at once."""
        wanted = tuple(dict.fromkeys(locations))[:MOST_FILES]
        with self._lock:
            if wanted == self._wanted or self._stopped.is_set():
                return
            self._wanted = wanted
            if self._thread is None:
                self._thread = begin("midfill-watch", self._run)
        self._news.set()

    def stop(self) -> None:
        """End, in the background."""
        self._stopped.set()
        self._news.set()

    def _run(self) -> None:
        observer = self._observer() if self._watches else None
        folders: dict[str, Any] = {}
        known: dict[str, _State] = {}
        while not self._stopped.is_set():
            wanted = self._resolve()
            told = observer is not None and self._watch_folders(observer, folders, wanted)
            # behind the watch, or a change between the two would be nobody's news
            now = {location: _look(location) for location in wanted}
            with self._lock:
                renamed, self._renamed = self._renamed, {}
            # a copy made by renaming leaves another file in its place
            renamed = {old: new for old, new in renamed.items() if _look(old) is None}
            changed = {name for name, state in now.items() if known.get(name, state) != state}
            self._forget_targets(changed)
            if self._at_start:
                changed |= now.keys() - known.keys()
            known = now
            if changed or renamed:
                self._changed(changed, renamed)
            self._news.wait(_SLOW_POLL_S if told else self._poll_s)
            if not self._stopped.wait(_SETTLE_S):
                self._news.clear()
        if observer is not None:
            observer.stop()

    @staticmethod
    def _observer() -> Any:
        try:  # imported here, so that nothing else waits for it
            from watchdog.observers import Observer

            observer = Observer()
            observer.daemon = True
            observer.start()
        except Exception as error:  # noqa: BLE001 - any reason leads to polling
            _log.info("no watches (%s); looking every %.0f s", type(error).__name__, POLL_S)
            return None
        return observer

    def _resolve(self) -> dict[str, str]:
        """The wanted files, and where each of them is without links."""
        with self._lock:
            wanted, known = self._wanted, self._real
        real = {one: known[one] if one in known else _resolved(one) for one in wanted}
        with self._lock:
            self._real = real
        return real

    def _forget_targets(self, changed: set[str]) -> None:
        """Follow links anew: a file that changed may be a link that leads elsewhere now."""
        with self._lock:
            self._real = {one: real for one, real in self._real.items() if one not in changed}
        if changed:
            self._news.set()

    def _watch_folders(self, observer: Any, known: dict[str, Any], wanted: dict[str, str]) -> bool:
        """Watch the folders of the files; False when the system does not watch all of them."""
        folders = {folder_of(place) for place in (*wanted, *wanted.values())}
        for gone in set(known) - folders:
            with contextlib.suppress(Exception):
                observer.unschedule(known[gone])
            del known[gone]
        for folder in sorted(folders - set(known)):
            if len(known) >= _MOST_FOLDERS:
                return False
            try:
                handler: Any = _Handler(self)
                known[folder] = observer.schedule(handler, folder)
            except Exception as error:  # noqa: BLE001 - no folder, or no watches left
                _log.info("a folder is not watched: %s", type(error).__name__)
        return len(known) == len(folders)

    def told(self, kind: str, source: str, target: str) -> None:
        """An event of a watched folder, on the observer's thread."""
        if kind in {"opened", "closed_no_write"}:  # reading a file is no change
            return
        with self._lock:
            followed = not {source, target}.isdisjoint((*self._wanted, *self._real.values()))
            if kind == "moved" and source in self._wanted and target:
                self._renamed[source] = target
        if followed:
            self._news.set()


class _Handler:
    """What watchdog calls with its events."""

    def __init__(self, watch: FileWatch) -> None:
        self._watch = watch

    def dispatch(self, event: Any) -> None:
        """Hand on what happened to which file."""
        source = str(event.src_path).replace(os.sep, "/")
        target = str(getattr(event, "dest_path", "") or "").replace(os.sep, "/")
        self._watch.told(str(event.event_type), source, target)


def _look(location: str) -> _State:
    """What tells one state of a file from the next, None when it is not there."""
    with contextlib.suppress(OSError, ValueError):
        found = Path(location).stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _resolved(location: str) -> str:
    with contextlib.suppress(
        OSError, ValueError, RuntimeError
    ):  # a loop of links, in 3.11 and 3.12
        return Path(location).resolve().as_posix()
    return location
