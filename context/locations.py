"""Locations: one spelling of a file's path for every system, and its display name.

A location is an absolute path with forward slashes and without `.`, `..` or a trailing slash:
`/home/me/a.py`, `C:/Users/me/a.py` (drive letter in upper case), `//server/share/a.py`. It is
made the same way on every system, since a client may run on another one. Bytes of a path that are
not UTF-8 are surrogate escapes in it, as in Python's own paths, so that such files can be opened.
"""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from context.words import well_formed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TAIL = re.compile(r"[?#]")
_DRIVE = re.compile(r"/?([A-Za-z])[:|](?=[/\\]|$)")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_DEEPEST: Final = 40


def location_of(uri: str) -> str | None:
    """The location that a `file:` URI names, None for any other scheme and for a null character.

    >>> location_of("file:///c%3A/Users/me/a%20b.py")
    'C:/Users/me/a b.py'
    """
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "file":
        return None
    if rest.startswith("//"):
        host, _, rest = rest[2:].partition("/")
        rest = f"/{rest}" if host in {"", "localhost"} else f"//{host}/{rest}"
    path = unquote(rest, errors="surrogateescape")
    return None if "\0" in path else normal(path)


def names_of(uri: str) -> tuple[str, ...]:
    """Every path that a URI of any scheme shows, normal, to be judged by name; never raises.

    Editors show versions, remote and unsaved files and cells under schemes of their own, and most
    keep the file's path, which need not be on this machine or absolute. Git's views in VS Code add
    `.git` to it, and have the path itself in their query.

    >>> names_of("vscode-vfs://github/me/app/.env")
    ('/me/app/.env',)
    >>> names_of("untitled:.env")
    ('.env',)
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or len(scheme) == 1 or "/" in scheme:  # a bare path
        scheme, rest = "file", uri
    path = _TAIL.split(rest, maxsplit=1)[0]
    found = [path]
    if scheme.lower() == "file":
        found.append(rest)  # a client that does not encode `#` and `?` means letters of the name
    else:
        found += [path.removesuffix(".git"), *_paths_in(rest.partition("?")[2])]
    return tuple(dict.fromkeys(_shown_path(one) for one in found if one))


def _shown_path(path: str) -> str:
    """What stands behind the host, decoded."""
    if path.startswith("//"):
        path = "/" + path[2:].partition("/")[2].lstrip("/")
    return normal(unquote(path, errors="surrogateescape").replace("\0", ""))


def _paths_in(query: str) -> list[str]:
    """The `path` in a query that is JSON, still encoded."""
    try:
        told = json.loads(unquote(_TAIL.split(query, maxsplit=1)[0]))
    except (ValueError, RecursionError):
        return []
    path = told.get("path") if isinstance(told, dict) else None
    return [path.replace("%", "%25")] if isinstance(path, str) else []


def is_absolute(path: str) -> bool:
    """Whether a normal path says where a file is, and not only what it is called."""
    return path.startswith("/") or _DRIVE.match(path) is not None


def normal(path: str) -> str:
    """The location of an absolute path in any system's spelling.

    Backslashes separate only in paths that begin with a drive or two backslashes; elsewhere they
    are characters of a name.
    """
    drive = _DRIVE.match(path)
    if drive:
        rest = posixpath.normpath("/" + path[drive.end() :].replace("\\", "/").lstrip("/"))
        return f"{drive[1].upper()}:{rest}"
    if path.startswith("\\\\"):
        path = path.replace("\\", "/")
    return posixpath.normpath(path)


def name_of(location: str) -> str:
    """The last part: `a.py`."""
    return location.rpartition("/")[2]


def folder_of(location: str) -> str:
    """The folder that holds a location; of a top one, itself."""
    head = location.rpartition("/")[0]
    if not head or head.endswith(":"):
        return head + "/"
    return head if head != "/" else location  # `//server`


def is_inside(location: str, folder: str) -> bool:
    """Whether a location is a folder or lies somewhere below it."""
    return location == folder or location.startswith(folder.rstrip("/") + "/")


def relative(location: str, folder: str) -> str:
    """What follows a folder in a location that lies below it.

    >>> relative("/space/app/a.py", "/space")
    'app/a.py'
    """
    return location[len(folder.rstrip("/")) + 1 :]


def root_of(location: str, folders: Iterable[str]) -> str | None:
    """The deepest of some folders that holds a location, None when none does."""
    holders = [folder for folder in folders if is_inside(location, folder)]
    return max(holders, key=len, default=None)


def folded(location: str) -> str:
    """The spelling that all names of one file share where the file system ignores case."""
    return unicodedata.normalize("NFC", location).casefold()


def printable(name: str) -> str:
    """`name` on one line and well formed: a line break in it must not end a comment in a prompt."""
    return _CONTROL.sub(_REPLACEMENT, well_formed(name))


def stem_of(location: str) -> str:
    """The last part of a location up to its last dot: `a/b.test.ts` gives `b.test`."""
    name = name_of(location)
    return name.rpartition(".")[0] or name


def join(folder: str, *parts: str) -> str:
    """A location below `folder`, unless `parts` are absolute; `.` and `..` are followed.

    >>> join("/a/b", "../c", "./d.ts")
    '/a/c/d.ts'
    """
    if parts and parts[0].startswith("/"):
        folder = ""
    elif parts and parts[0][1:3] == ":/":
        folder, parts = parts[0][:2], (parts[0][3:], *parts[1:])
    found = folder.rstrip("/").split("/")
    for part in "/".join(parts).split("/"):
        if part == "..":
            if len(found) > 1:
                found.pop()
        elif part not in {"", "."}:
            found.append(part)
    joined = "/".join(found)
    return f"{joined}/" if joined == "" or joined.endswith(":") else joined


def ancestors(location: str, top: str | None) -> Iterator[str]:
    """Folders that hold a location, from the nearest to `top`; only the nearest without `top`."""
    folder = folder_of(location)
    yield folder
    top = top.rstrip("/") if top else None
    if top is None or not f"{folder}/".startswith(f"{top}/"):
        return
    for _ in range(_DEEPEST):
        if folder.rstrip("/") == top:
            return
        folder = folder_of(folder)
        yield folder
