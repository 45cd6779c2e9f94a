"""Logging to stderr or a file, never with the user's text."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEVELS = ("debug", "info", "warning", "error")

_OWN = ("lsp_server", "engine", "context")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 5_000_000
_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
"""Paths may hold bytes that are no letters."""


class _OwnersFile(logging.handlers.RotatingFileHandler):
    """A rotated log that only its owner can read, every part of it.

    Several servers may write to one: whoever finds that another has put the file aside goes on in
    the new one, so that none is put aside twice.
    """

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the library's name
        """Whether the file is full; first find the one that is in use."""
        if self._put_aside():
            self._open_again()
        return int(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Put the file aside, unless another process was quicker."""
        stream: Any = self.stream  # `shouldRollover` has opened it
        with _locked(stream.fileno()):
            if self._put_aside():
                self._open_again()
            else:
                super().doRollover()

    def _open_again(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = self._open()

    def _put_aside(self) -> bool:
        if self.stream is None:  # it could not be opened a moment ago
            return True
        try:
            return not os.path.samestat(os.stat(self.baseFilename), os.fstat(self.stream.fileno()))  # noqa: PTH116 - beside fstat
        except OSError:
            return True

    def _open(self) -> Any:
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return super()._open()


@contextlib.contextmanager
def _locked(file: int) -> Iterator[None]:
    """Hold other processes off from a file, also when it is closed meanwhile.

    Where locks are refused it is left to luck: the worst is that lines are lost.
    """
    same = os.dup(file)
    try:
        with contextlib.suppress(ImportError, OSError):  # Windows has no such module
            import fcntl

            fcntl.flock(same, fcntl.LOCK_EX)
        yield
    finally:
        os.close(same)


_told = False


def _lost(_: logging.LogRecord) -> None:
    """Report once that a line could not be written, without its values."""
    global _told  # noqa: PLW0603 - once a process
    if not _told:
        _told = True
        with contextlib.suppress(OSError):
            sys.stderr.write("midfill: the log cannot be written; lines are lost\n")


def set_up(level: str, file: Path | None) -> None:
    """Send midfill's own log lines to `file` (owner-only, rotated) or stderr.

    Only midfill's loggers are enabled. Those of its libraries write whole messages, which hold the
    user's text.

    Raises:
        OSError: the file cannot be written.
    """
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = _OwnersFile(file, maxBytes=_MAX_BYTES, backupCount=2, **_TEXT)
    handler.handleError = _lost  # type: ignore[assignment,method-assign]  # the stock one prints values
    handler.setFormatter(logging.Formatter(_FORMAT))
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.setLevel(level.upper())
        logger.propagate = False
        logger.handlers[:] = [handler]
    root = logging.getLogger()
    root.handlers[:] = [logging.NullHandler()]
    root.setLevel(logging.CRITICAL + 1)
