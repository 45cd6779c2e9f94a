"""Workspace folders, and the name of a document in a prompt."""

from __future__ import annotations

import re
from urllib.parse import unquote

from context.locations import location_of, name_of, printable, relative, root_of
from context.words import well_formed


class Folders:
    """The workspace folders, by URI."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[str, str]] = {}  # URI -> absolute path, name

    @property
    def locations(self) -> list[str]:
        """The locations of the folders."""
        return [place for uri in self._folders if (place := location_of(uri)) is not None]

    def add(self, uri: str, name: str) -> None:
        """Add a folder, unless it is not on a disk."""
        path = _path_of(uri)
        if path is not None:
            self._folders[uri] = (path, printable(well_formed(name)) or name_of(path))

    def remove(self, uri: str) -> None:
        """Forget a folder."""
        self._folders.pop(uri, None)

    def name(self, uri: str) -> tuple[str, str]:
        """Path for the model, and name of the deepest workspace folder that holds the file."""
        path = _path_of(uri)
        if path is None:
            return _file_name(uri), ""
        names = dict(self._folders.values())
        folder = root_of(path, names)
        if folder is None:  # the rest of the path is private, from the model too
            return name_of(path), ""
        return relative(path, folder), names[folder]


def _path_of(uri: str) -> str | None:
    """The location of a `file:` URI as used in prompts, otherwise None."""
    location = location_of(uri)
    return None if location is None else printable(location)


def _file_name(uri: str) -> str:
    """The last part of a URI of another scheme, such as `untitled:` or a notebook cell's."""
    scheme, colon, rest = uri.partition(":")
    rest = rest if colon else scheme
    path = unquote(re.split(r"[?#]", rest, maxsplit=1)[0])
    return printable(well_formed(name_of(path.rstrip("/")))) or "untitled"
