"""Threads for work that nobody waits for."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from engine.errors import reason

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


def begin(name: str, run: Callable[[], None]) -> threading.Thread | None:
    """Start a thread that the process need not wait for; None where the system gives no more."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _log.warning("%s does not work: %s", name, reason(error))
        return None
    return thread


class Background:
    """Runs posted jobs in order, then the newest replaceable job.

    The thread starts with the first job. All methods return at once.
    """

    def __init__(self, name: str) -> None:
        """Prepare.

        Args:
            name: of the thread, and in the log.
        """
        self._name = name
        self._changed = threading.Condition()
        self._jobs: list[Callable[[], object]] = []
        self._newest: Callable[[], object] | None = None
        self._thread: threading.Thread | None = None
        self.closing = False

    @property
    def waits(self) -> bool:
        """Whether a job given to `replace` has not started yet."""
        return self._newest is not None

    def post(self, job: Callable[[], object]) -> None:
        """Queue a job behind all posted ones."""
        with self._changed:
            self._jobs.append(job)
            self._begin()

    def replace(self, job: Callable[[], object]) -> None:
        """Queue a job to run when nothing is posted; it replaces one that still waits."""
        with self._changed:
            self._newest = job
            self._begin()

    def close(self) -> None:
        """Stop after the current job."""
        with self._changed:
            self.closing = True
            self._changed.notify()

    def _begin(self) -> None:
        if self._thread is None and not self.closing:
            self._thread = begin(self._name, self._run)
        self._changed.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - the thread must live
                _log.error("%s: %s", self._name, reason(error))

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            self._changed.wait_for(lambda: self.closing or self._jobs or self._newest)
            if self.closing:
                return None
            if self._jobs:
                return self._jobs.pop(0)
            job, self._newest = self._newest, None
            return job
