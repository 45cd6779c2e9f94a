"""Folders above a file, also above the workspace, where environments may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from context.locations import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files

ABOVE: Final = 4
"""Folders above the workspace that are looked at: it may be one package of a repository."""

_DEEPEST = 40


def upwards(location: str, files: Files) -> Iterator[str]:
    """Folders that hold a location, from the nearest to a few above the workspace."""
    root = files.root_of(location)
    folder, left = folder_of(location), ABOVE
    for _ in range(_DEEPEST):
        yield folder
        if root is None or len(folder) <= len(root):
            left -= 1
        above = folder_of(folder)
        if above == folder or left < 0:
            return
        folder = above
