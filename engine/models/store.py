"""The data directory: which models are on this machine, and how they get in and out of it.

    <data directory>/models/<name>/     a converted model with its manifest
    <data directory>/models/.<name>.*   a model on its way in or out, on the same file system
    <data directory>/downloads/<name>/  what an interrupted pull has got so far
    <data directory>/locks/<name>.lock  held by the process that writes
    <data directory>/chosen             name of the model that `midfill models use` chose

The server imports this module: nothing here may import numpy, gguf or anything with a network.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import platformdirs

from engine.errors import ConversionError, ModelMissingError, StoreError, UnknownModelError
from engine.models.catalogue import CATALOGUE
from engine.models.hashing import sha256_of
from engine.models.manifest import FILE_NAME, Manifest
from engine.user_paths import user_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VARIABLE = "MIDFILL_DATA_DIR"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
AUTO = "auto"
"""No model is called so: it is the setting that leaves the choice to midfill."""
_LONGEST_CHOICE = 200


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
        return sum(item.stat().st_size for item in self.path.iterdir())

    def defects(self, watch: Callable[[int], None] | None = None) -> list[str]:
        """What is wrong with its files, by hash; empty when all is well.

        Args:
            watch: called with the number of bytes read so far.
        """
        found = []
        before = 0

        def passed(done: int) -> None:
            if watch is not None:
                watch(before + done)

        for name, expected in self.manifest.files.items():
            path = self.path / name
            try:
                actual = sha256_of(path, passed)
                before += path.stat().st_size
            except OSError as error:
                found.append(f"{name}: {error.strerror}")
                continue
            if actual != expected:
                found.append(f"{name}: SHA-256 is {actual}, the manifest says {expected}")
        known = {FILE_NAME, *self.manifest.files}
        extra = sorted(item.name for item in self.path.iterdir() if item.name not in known)
        return [*found, *(f"{name}: not in the manifest" for name in extra)]


class Store:
    """The models of one data directory.

    Args:
        root: the data directory; by default `MIDFILL_DATA_DIR`, else the user's data directory.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or user_path(
            VARIABLE, lambda: platformdirs.user_data_dir("midfill", appauthor=False)
        )
        self._models = self.root / "models"

    def path(self, name: str) -> Path:
        """Where the model of this name is or would be.

        Raises:
            UnknownModelError: the name is no possible one.
        """
        if not NAME.fullmatch(name) or name == AUTO:
            raise UnknownModelError(
                f"{name!r} is no model name (lower case letters, digits, '.', '-' and '_', at most "
                "100, and not 'auto'); `midfill models list` shows the names"
            )
        return self._models / name

    def downloads(self, name: str) -> Path:
        """Where a pull keeps what it has got so far."""
        return self.root / "downloads" / self.path(name).name

    def names(self) -> list[str]:
        """Names of all model folders, damaged ones too."""
        try:
            folders = [item.name for item in self._models.iterdir() if item.is_dir()]
        except OSError:
            return []
        return sorted(name for name in folders if NAME.fullmatch(name))

    def installed(self) -> list[ModelFolder]:
        """All models that are ready to be used."""
        found = []
        for name in self.names():
            try:
                found.append(self.find(name))
            except (ModelMissingError, ConversionError):
                continue
        return found

    def find(self, name: str) -> ModelFolder:
        """The model of this name, after a quick look that all its files have their sizes.

        Raises:
            UnknownModelError: neither the store nor the catalogue has the name.
            ModelMissingError: it is not on this machine, or incomplete.
            ConversionError: its manifest is not readable.
        """
        path = self.path(name)
        step = f"run `midfill models pull {name}`"
        if not path.is_dir():
            if name in CATALOGUE:
                raise ModelMissingError(f"model {name} is not in {self._models}; {step}")
            known = ", ".join(sorted({*CATALOGUE, *self.names()}))
            raise UnknownModelError(f"no model is called {name!r}; there are: {known}")
        manifest = Manifest.read(path)
        for file in manifest.files:
            try:
                size = (path / file).stat().st_size
            except OSError as error:
                raise ModelMissingError(f"{path / file}: {error.strerror}; {step}") from error
            expected = manifest.sizes.get(file, size)
            if size != expected:
                raise ModelMissingError(
                    f"{path / file}: {size:,} bytes where {expected:,} are needed; {step}"
                )
        return ModelFolder(path, manifest)

    @property
    def choice_file(self) -> Path:
        """The file that holds the choice; a running server watches it."""
        return self.root / "chosen"

    def chosen(self) -> str:
        """The model that the user chose with `use`; "" when none is, or the file is damaged."""
        try:
            with self.choice_file.open(encoding="utf-8") as stream:
                name = stream.read(_LONGEST_CHOICE).strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return name if NAME.fullmatch(name) and name != AUTO else ""

    def use(self, name: str) -> ModelFolder:
        """Choose the model for all servers whose settings leave it to midfill.

        Raises:
            ModelError: it is not on this machine, or damaged.
            StoreError: the choice cannot be written; the one before still holds.
        """
        folder = self.find(name)
        draft = self.choice_file.with_name(f".chosen.{os.getpid()}")
        try:
            draft.write_text(f"{name}\n", encoding="utf-8")
            draft.replace(self.choice_file)
        except OSError as error:
            raise self.unusable(error) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return folder

    def forget_choice(self) -> None:
        """Take the choice of `use` back.

        Raises:
            StoreError: it cannot be deleted.
        """
        try:
            self.choice_file.unlink(missing_ok=True)
        except OSError as error:
            raise self.unusable(error) from error

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Be the only process that writes the model of this name; tidies up after interrupted ones.

        Raises:
            StoreError: another process is writing it, or the data directory cannot be written.
        """
        from filelock import FileLock, Timeout  # 30 ms that the server need not pay

        final = self.path(name)
        lock = self.root / "locks" / f"{name}.lock"
        try:
            for folder in (lock.parent, self._models):
                folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(lock, blocking=False)
            held.acquire()
        except Timeout as error:
            raise StoreError(
                f"another process is writing model {name} ({lock} is held); wait until it is done"
            ) from error
        except OSError as error:
            raise self.unusable(error) from error
        try:
            self._tidy(final)
            yield
        finally:
            held.release()

    def staging(self, name: str) -> Path:
        """A new empty folder to build a model in; call it inside `writing`.

        Raises:
            StoreError: it cannot be made.
        """
        folder = _aside(self.path(name), "new")
        try:
            folder.mkdir()
        except OSError as error:
            raise self.unusable(error) from error
        return folder

    def install(self, name: str, staged: Path) -> ModelFolder:
        """Put a finished folder in place in one step; call it inside `writing`.

        Raises:
            StoreError: it cannot be written; a model that was there before still is.
        """
        final = self.path(name)
        old = _aside(final, "old")
        try:
            for item in staged.iterdir():
                with item.open("rb") as stream:
                    os.fsync(stream.fileno())  # or a power cut leaves a right name on wrong bytes
            if final.exists():
                final.rename(old)
            staged.rename(final)
        except OSError as error:
            raise self.unusable(error) from error
        self._tidy(final)
        return self.find(name)

    def remove(self, name: str) -> None:
        """Delete a model and what a pull of it may have left, and the choice if it was chosen.

        Raises:
            UnknownModelError: the name is no possible one.
            StoreError: another process is writing it, or it cannot be deleted.
        """
        final = self.path(name)
        with self.writing(name):
            if self.chosen() == name:
                self.forget_choice()
            try:
                if final.exists():
                    # one step, so that no half of it is ever found
                    final.rename(_aside(final, "gone"))
                self._tidy(final)
                shutil.rmtree(self.downloads(name), ignore_errors=True)
            except OSError as error:
                raise self.unusable(error) from error

    def unusable(self, error: OSError) -> StoreError:
        """A StoreError for a file operation that failed in the data directory."""
        return StoreError(
            f"{error.filename or self.root}: {error.strerror}; make {self.root} writable with "
            f"space in it, or set {VARIABLE} to another folder"
        )

    def _tidy(self, final: Path) -> None:
        old = _aside(final, "old")
        if old.exists() and not final.exists():
            old.rename(final)  # interrupted between the two steps of `install`
        for kind in ("new", "old", "gone"):
            shutil.rmtree(_aside(final, kind), ignore_errors=True)


def _aside(final: Path, kind: str) -> Path:
    # a name that begins with a dot is no model name, and a sibling is on the same file system
    return final.with_name(f".{final.name}.{kind}")
