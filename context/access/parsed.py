"""Small files, parsed once and again only after they changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from context.access.disk import UnreadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.access.disk import Disk

_Value = TypeVar("_Value")

_MOST_BYTES = 256 * 1024
_MOST_FILES = 4096

FRESH_S: Final = 1.0
"""How long a look at the disk is believed."""


class Parsed(Generic[_Value]):
    """The parsed files of one kind, by location."""

    def __init__(
        self,
        disk: Disk,
        parse: Callable[[str], _Value],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is read before it is requested.

        Args:
            disk: where the files are.
            parse: from the text of a file (UTF-8; other bytes as surrogate escapes) to its value.
            clock: seconds.
        """
        self._disk = disk
        self._parse = parse
        self._clock = clock
        self._known: dict[str, tuple[float, object, _Value | None]] = {}

    def get(self, location: str) -> _Value | None:
        """The parsed file; None if it is missing, larger than 256 KiB or unreadable."""
        now = self._clock()
        known = self._known.get(location)
        if known is not None and now - known[0] < FRESH_S:
            return known[2]
        entry = self._disk.entry(location)
        version = entry.version if entry is not None and entry.is_file else None
        if known is not None and known[1] == version:
            value = known[2]
        else:
            value = None if version is None else self._load(location)
        if len(self._known) >= _MOST_FILES:
            self._known.clear()
        self._known[location] = (now, version, value)
        return value

    def forget(self) -> None:
        """Read the disk again at the next question."""
        self._known.clear()

    def _load(self, location: str) -> _Value | None:
        try:
            data = self._disk.read(self._disk.resolved(location), _MOST_BYTES)[1]
        except UnreadError:
            return None
        return self._parse(data.decode("utf-8-sig", "surrogateescape"))
