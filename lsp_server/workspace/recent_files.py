"""Recent files across restarts: one small state file per workspace, paths only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from context.sources.recency import Recency
from lsp_server import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_log = logging.getLogger(__name__)

_MOST_FILES = 100
"""Workspaces that are remembered."""
_MOST_BYTES = 1_000_000


def state_file(roots: Iterable[str]) -> Path | None:
    """Where a workspace's recency is kept; None outside of all workspaces."""
    names = sorted(set(roots))
    if not names:
        return None
    key = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return paths.state_dir() / "recent" / f"{key}.json"


def load(path: Path, most: int) -> Recency:
    """What was kept; a damaged file is started afresh."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return Recency(most)
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Recency(most)
    return Recency.from_dict(saved, most)


def save(path: Path, recent: Mapping[str, Sequence[str]]) -> None:
    """Keep what `Recency.as_dict` gave, readable by the user alone.

    A folder that cannot be written costs only the memory.
    """
    text = json.dumps(recent, indent=1)  # other than ASCII is escaped
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, draft = tempfile.mkstemp(prefix=".recent-", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            Path(draft).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise
        _prune(path.parent)
    except OSError as error:
        _log.warning("recent files could not be remembered: %s", error.strerror)


def _prune(folder: Path) -> None:
    """Forget the workspaces that were not used for longest."""
    files = list(folder.glob("*.json"))
    if len(files) <= _MOST_FILES:
        return
    for old in sorted(files, key=lambda file: file.stat().st_mtime)[:-_MOST_FILES]:
        with contextlib.suppress(OSError):
            old.unlink()
