"""Source files as the context engine sees them, and the interface to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that passed the gate.

    Attributes:
        location: absolute path with forward slashes (drive letters upper case); its identity.
        path: what a model is told: relative to its workspace folder, or the bare name.
        language: LSP language identifier.
        text: the whole text with LF endings and secrets masked; an open buffer wins over the disk.
        stamp: changes when the text does; a key for caches.
    """

    location: str
    path: str
    language: str
    text: str
    stamp: tuple[int, int]


class Files(Protocol):
    """The disk as resolvers see it. Never raises: an inaccessible file does not exist.

    Locations are absolute paths with forward slashes. All answers pass the policy, are bounded in
    size and time, and may be cached for a moment.
    """

    def read(self, location: str) -> SourceFile | None:
        """The file, None when it is not there or the policy keeps it out."""
        ...

    def read_config(self, location: str) -> str | None:
        """The text of a project file (`tsconfig.json`, `go.mod`) to parse, never to show."""
        ...

    def is_file(self, location: str) -> bool:
        """Whether a regular file is there."""
        ...

    def is_folder(self, location: str) -> bool:
        """Whether a folder is there."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, sorted, at most some thousands; () when it cannot be read."""
        ...

    def root_of(self, location: str) -> str | None:
        """The workspace folder that holds a location, None outside of all."""
        ...

    def skip(self, reason: str) -> None:
        """Count something that was skipped, such as a project file that cannot be parsed."""
        ...


BROKEN_CONFIG = "broken project file"
"""Reason of a project file that cannot be parsed."""
