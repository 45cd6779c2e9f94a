"""Small files between sessions: written whole or not at all, readable by their owner alone."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import reason

_log = logging.getLogger(__name__)


def write(path: Path, text: str) -> None:
    """Replace a file, or make it and its folder.

    Raises:
        OSError: it cannot be written; an older one is as it was, and no draft is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def save(path: Path, text: str, what: str) -> bool:
    """As `write`, for what only saves time; False, and a line in the log, when it is lost."""
    try:
        write(path, text)
    except OSError as error:
        words = "make the folder writable, or set MIDFILL_STATE_DIR to another"
        _log.warning("%s could not be remembered: %s; %s", what, reason(error), words)
        return False
    return True


def recall(path: Path, key: str) -> Any:
    """What a file of JSON holds under a key; None where it has no such key or is damaged."""
    return _read(path).get(key)


def remember(path: Path, key: str, value: object, what: str) -> None:
    """Put a value under a key; a folder that cannot be written costs only the memory."""
    save(path, json.dumps({**_read(path), key: value}, indent=2), what)


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
