"""A workspace in memory: what resolvers see of a disk, without one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from context.access.files import SourceFile
from context.languages import language_of

if TYPE_CHECKING:
    from context.access.files import Files
    from context.candidate import Candidate

ROOT = "/w"


class Tree:
    """Files by location; relative ones lie in the workspace `/w`."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = {
            path if path.startswith("/") else f"{ROOT}/{path}": text for path, text in texts.items()
        }
        self.folders: dict[str, set[str]] = {}
        for location in self.texts:
            parts = location.split("/")
            for depth in range(1, len(parts)):
                self.folders.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
        self.skipped: Counter[str] = Counter()

    def read(self, location: str) -> SourceFile | None:
        """See `Files.read`."""
        if location not in self.texts:
            return None
        text = self.texts[location]
        path = location.removeprefix(f"{ROOT}/")
        return SourceFile(location, path, language_of(path), text, (hash(text), len(text)))

    def read_config(self, location: str) -> str | None:
        """See `Files.read_config`."""
        return self.texts.get(location)

    def is_file(self, location: str) -> bool:
        """See `Files.is_file`."""
        return location in self.texts

    def is_folder(self, location: str) -> bool:
        """See `Files.is_folder`."""
        return location.rstrip("/") in self.folders

    def names(self, folder: str) -> tuple[str, ...]:
        """See `Files.names`."""
        return tuple(sorted(self.folders.get(folder.rstrip("/"), ())))

    def root_of(self, location: str) -> str | None:
        """See `Files.root_of`."""
        return ROOT if location.startswith(f"{ROOT}/") else None

    def skip(self, reason: str) -> None:
        """See `Files.skip`."""
        self.skipped[reason] += 1


class Source(Protocol):
    """One source of candidates."""

    def __call__(
        self, current: SourceFile, cursor_line: int, files: Files, *, column: int
    ) -> list[Candidate]:
        """The candidates."""
        ...


class Look(Protocol):
    """See `look`."""

    def __call__(self, source: Source, texts: dict[str, str]) -> dict[str, Candidate]:
        """The best candidate of each file by path."""
        ...
