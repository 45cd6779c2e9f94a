"""A model of the store: its folder, what it says of itself, and whether that is true."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ModelMissingError, StoreError
from engine.models.hashing import sha256_of
from engine.models.manifest import FILE_NAME, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this machine: its folder and what it says of itself."""

    path: Path
    manifest: Manifest

    @property
    def tokenizer(self) -> Path:
        """Its `tokenizer.json`."""
        return self.path / "tokenizer.json"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum((self.path / name).stat().st_size for name in (FILE_NAME, *self.manifest.files))

    def defects(self, watch: Callable[[int], None] | None = None) -> list[str]:
        """What is wrong with its files, by hash; empty when all is well.

        Args:
            watch: called with the number of bytes read so far.

        Raises:
            StoreError: this user may not read them, so nothing is known.
        """
        found = []
        before = 0

        def passed(done: int) -> None:
            if watch is not None:
                watch(before + done)

        try:
            for name, expected in self.manifest.files.items():
                path = self.path / name
                try:
                    actual = sha256_of(path, passed)
                    before += path.stat().st_size
                except FileNotFoundError as error:
                    found.append(f"{name}: {error.strerror}")
                    continue
                if actual != expected:
                    found.append(f"{name}: SHA-256 is {actual}, the manifest says {expected}")
            known = {FILE_NAME, *self.manifest.files}
            extra = sorted(item.name for item in self.path.iterdir() if item.name not in known)
        except OSError as error:
            raise unreadable(error, self.path) from error
        return [*found, *(f"{name}: not in the manifest" for name in extra)]


def quick_look(path: Path, step: str) -> ModelFolder:
    """The model in a folder, when all its files can be read and have their sizes.

    Args:
        path: the folder.
        step: what to do when something is missing, for the error.

    Raises:
        ModelMissingError: a file is missing or has another size.
        ConversionError: its manifest is missing or damaged.
        StoreError: this user may not read it.
    """
    manifest = Manifest.read(path)
    for file in manifest.files:
        try:
            with (path / file).open("rb") as stream:  # nothing else shows rights
                size = os.fstat(stream.fileno()).st_size
        except FileNotFoundError as error:
            raise ModelMissingError(f"{path / file}: {error.strerror}; {step}") from error
        except OSError as error:
            raise unreadable(error, path / file) from error
        expected = manifest.sizes.get(file, size)
        if size != expected:
            raise ModelMissingError(
                f"{path / file}: {size:,} bytes where {expected:,} are needed; {step}"
            )
    return ModelFolder(path, manifest)


def unreadable(error: OSError, place: Path) -> StoreError:
    """A StoreError for something that is there, or may be, and that nobody lets this user read."""
    return StoreError(
        f"{error.filename or place}: {error.strerror}; make it readable for this user, or set "
        "MIDFILL_DATA_DIR to another folder"
    )
