"""Logging to stderr or a file, never with the user's text."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = ("debug", "info", "warning", "error")

_OWN = ("lsp_server", "engine", "context")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 5_000_000


class _OwnersFile(logging.handlers.RotatingFileHandler):
    """A rotated log that only its owner can read, every part of it."""

    def _open(self) -> Any:
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return super()._open()


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
        handler = _OwnersFile(file, maxBytes=_MAX_BYTES, backupCount=2, encoding="utf-8")
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
