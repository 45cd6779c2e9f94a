"""Watches one file: told by the system where it can tell, else by looking every 2 s."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from lsp_server.background import begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = logging.getLogger(__name__)

POLL_S = 2.0
_SLOW_POLL_S = 30.0
"""Beside the system's own news, which end when the folder is replaced."""
_SETTLE_S = 0.1
"""Editors empty, write, rename and touch: they are left so much time to finish."""
_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})


class FileWatch:
    """Calls back, from a thread of its own, when the file may have changed."""

    def __init__(self, path: Path, on_change: Callable[[], None]) -> None:
        """Prepare; `start` begins.

        Args:
            path: the file; neither it nor its folder need be there.
            on_change: called on the watching thread, once at the start and after each change.
        """
        self._path = path
        self._on_change = on_change
        self._news = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to watch, in the background; never raises."""
        begin("midfill-watch", self._run)

    def stop(self) -> None:
        """End, in the background."""
        self._stopped.set()
        self._news.set()

    def _run(self) -> None:
        observer = self._observe()  # imports watchdog, so that nothing else waits for that
        pause_s = POLL_S if observer is None else _SLOW_POLL_S
        known = self._look()
        self._news.set()  # what changed before the watch began
        while not self._stopped.is_set():
            if self._news.wait(pause_s) or self._look() != known:
                self._stopped.wait(_SETTLE_S)
                self._news.clear()
                known = self._look()
                if not self._stopped.is_set():
                    self._on_change()
        if observer is not None:
            observer.stop()

    def _observe(self) -> Any:
        """A running observer of the file's folder, or None where the system offers no watches."""
        started = time.perf_counter()
        try:
            from watchdog.observers import Observer

            observer = Observer()
            observer.daemon = True
            observer.start()
        except Exception as error:  # noqa: BLE001 - any reason leads to polling
            _log.info("no watches (%s); looking every %.0f s", type(error).__name__, POLL_S)
            return None
        try:
            # a link's target changes in the target's folder
            for folder in {self._path.absolute().parent, self._path.resolve().parent}:
                handler: Any = _FileHandler(self._path, self._news.set)
                observer.schedule(handler, str(folder))
        except Exception as error:  # noqa: BLE001 - no folder, or no watches left
            _log.info("no watch (%s); looking every %.0f s", type(error).__name__, POLL_S)
            observer.stop()
            return None
        _log.debug("watching after %.0f ms", (time.perf_counter() - started) * 1000)
        return observer

    def _look(self) -> tuple[int, int, int] | None:
        """What tells one state of the file from the next, None when it is not there."""
        with contextlib.suppress(OSError, ValueError):
            found = self._path.stat()
            return found.st_mtime_ns, found.st_size, found.st_ino
        return None


class _FileHandler:
    """What watchdog calls with its events."""

    def __init__(self, path: Path, tell: Callable[[], None]) -> None:
        self._names = {path.name, path.resolve().name}
        self._tell = tell

    def dispatch(self, event: Any) -> None:
        """Tell of changes to the file; reading it is no change."""
        ends = {str(place).rpartition("/")[2].rpartition("\\")[2] for place in _places(event)}
        if event.event_type in _CHANGES and self._names & ends:
            self._tell()


def _places(event: Any) -> tuple[object, object]:
    return event.src_path, getattr(event, "dest_path", "")
