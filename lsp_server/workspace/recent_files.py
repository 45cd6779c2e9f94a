"""Recent files across restarts: one small state file per workspace, paths only."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING

from context.sources.recency import Recency
from engine import state_file
from lsp_server import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_MOST_FILES = 100
"""Workspaces that are remembered."""
_MOST_BYTES = 1_000_000


def file_of(roots: Iterable[str]) -> Path | None:
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
    # other than ASCII is escaped
    if state_file.save(path, json.dumps(recent, indent=1), "recent files"):
        _prune(path.parent)


def _prune(folder: Path) -> None:
    """Forget the workspaces that were not used for longest."""
    files = list(folder.glob("*.json"))
    if len(files) <= _MOST_FILES:
        return
    for old in sorted(files, key=lambda file: file.stat().st_mtime)[:-_MOST_FILES]:
        with contextlib.suppress(OSError):
            old.unlink()
