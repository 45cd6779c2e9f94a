"""The disk: the only module here that touches one. Reads are bounded; no `OSError` escapes.

Every call may wait for the operating system as long as that likes (a network drive that hangs), so
all of this belongs on a worker thread, never on the event loop.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

MAX_NAMES: Final = 4096
"""Most names that are looked at in one folder; which ones, of more, is the system's choice."""

# absent on Windows, where nothing of the kind blocks or can be a link in the last part
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """The entry at a location on the disk.

    Attributes:
        mode: type and permission bits, as in `os.stat_result`.
        size: bytes.
        mtime_ns: time of the last change of the content.
        inode: number of the file on its device.
        device: number of the device.
        owner: user id; 0 on Windows.
    """

    mode: int
    size: int
    mtime_ns: int
    inode: int
    device: int
    owner: int

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: no folder, link, pipe, socket or device."""
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def version(self) -> tuple[int, int, int, int]:
        """A value that changes whenever the content may have changed."""
        return self.mtime_ns, self.size, self.inode, self.device


class UnreadError(Exception):
    """A file was not read; the message is the reason in a word or two, never a path."""


class Disk:
    """The real disk."""

    def user(self) -> int | None:
        """The id of the user that midfill runs as; None on Windows."""
        getuid = getattr(os, "getuid", None)
        return None if getuid is None else getuid()

    def home(self) -> str:
        """The user's home folder with forward slashes, "" when there is none."""
        home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises when there is none
        return "" if home == "~" else home.replace(os.sep, "/")

    def variable(self, name: str) -> str:
        """An environment variable, "" when it is not set."""
        return os.environ.get(name, "")

    def entry(self, location: str) -> FolderEntry | None:
        """The entry with links followed; None if there is none or access is denied."""
        try:
            return _entry(os.stat(location))  # noqa: PTH116 - a location is a text
        except (OSError, ValueError):
            return None

    def resolved(self, location: str) -> str:
        """The location with all links followed, or unchanged if that fails."""
        try:
            return os.path.realpath(location).replace(os.sep, "/")
        except (OSError, ValueError):
            return location

    def read(self, location: str, most: int) -> tuple[FolderEntry, bytes]:
        """All bytes of a regular file, as they were at one moment.

        Args:
            location: without links, since one in the last part is not followed.
            most: bytes; a larger file is not read.

        Raises:
            UnreadError: there is none, it may not be read, it is no regular file, it is too large,
                or it changed meanwhile.
        """
        try:
            handle = os.open(location, _FLAGS)
        except FileNotFoundError:
            raise UnreadError("gone") from None
        except (OSError, ValueError):
            raise UnreadError("unreadable") from None
        try:
            before = _entry(os.fstat(handle))
            if not before.is_file:
                raise UnreadError("not a file")
            if before.size > most:
                raise UnreadError("too large")
            data = _read_up_to(handle, most + 1)
            after = _entry(os.fstat(handle))
        except OSError:
            raise UnreadError("unreadable") from None
        finally:
            os.close(handle)
        if len(data) > most:
            raise UnreadError("too large")  # it grew, or is one of those that claim no size
        if before.version != after.version or len(data) != after.size:
            raise UnreadError("changed")
        return after, data

    def names(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, sorted, at most `MAX_NAMES`; () when it cannot be read."""
        try:
            with os.scandir(folder) as entries:
                return tuple(sorted(entry.name for entry in islice(entries, MAX_NAMES)))
        except (OSError, ValueError):
            return ()

    def ignores_case(self, folder: str) -> bool:
        """Whether a folder's file system treats `a.py` and `A.py` as the same file."""
        path = Path(folder)
        other = path.with_name(path.name.swapcase()) if path.name else path
        if other == path:
            return os.name == "nt"
        try:
            return path.samefile(other)
        except (OSError, ValueError):
            return False


def _read_up_to(handle: int, most: int) -> bytes:
    pieces = []
    while most > 0 and (piece := os.read(handle, most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _entry(found: os.stat_result) -> FolderEntry:
    return FolderEntry(
        mode=found.st_mode,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        inode=found.st_ino,
        device=found.st_dev,
        owner=found.st_uid,
    )
