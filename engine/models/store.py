"""The model store: which models are installed, and how they get in and out.

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
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import platformdirs

from engine.errors import ConversionError, ModelMissingError, StoreError, UnknownModelError
from engine.models.catalogue import CATALOGUE
from engine.models.model_folder import quick_look, unreadable
from engine.user_paths import user_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.models.model_folder import ModelFolder

VARIABLE = "MIDFILL_DATA_DIR"
NAME = re.compile(
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9_-])?"
)
"""A folder's name on every system: on Windows some mean a device, and a last dot is lost."""
AUTO = "auto"
"""No model is called so: it is the setting that leaves the choice to midfill."""
_LONGEST_CHOICE = 200


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
        if not _is_name(name):
            raise UnknownModelError(
                f"{name!r} is no model name (lower case letters, digits, '.', '-' and '_', at most "
                "100, no '.' at the end, and not 'auto' or a device of Windows such as 'con'); "
                "`midfill models list` shows the names"
            )
        return self._models / name

    def downloads(self, name: str) -> Path:
        """Where a pull keeps what it has got so far."""
        return self.root / "downloads" / self.path(name).name

    def holds(self, name: str) -> bool:
        """Whether there is a folder of this name, whole or damaged.

        Raises:
            UnknownModelError: the name is no possible one.
            StoreError: this user may not look.
        """
        try:
            return stat.S_ISDIR(self.path(name).stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise unreadable(error, self._models) from error

    def names(self) -> list[str]:
        """Names of all model folders, damaged and unreadable ones too.

        Raises:
            StoreError: this user may not look into the store.
        """
        try:
            found = [item for item in self._models.iterdir() if _is_name(item.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise unreadable(error, self._models) from error
        return sorted(item.name for item in found if _may_be_folder(item))

    def installed(self) -> list[ModelFolder]:
        """All models that are ready to be used.

        Raises:
            StoreError: this user may not look into the store.
        """
        found = []
        for name in self.names():
            try:
                found.append(self.find(name))
            except (ModelMissingError, ConversionError, StoreError):
                continue
        return found

    def find(self, name: str) -> ModelFolder:
        """The model of this name, after a quick look that all its files can be read and are whole.

        Raises:
            UnknownModelError: neither the store nor the catalogue has the name.
            ModelMissingError: it is not on this machine, or incomplete.
            ConversionError: its manifest is damaged.
            StoreError: it is there and this user may not read it.
        """
        path = self.path(name)
        step = f"run `midfill models pull {name}`"
        if not self.holds(name):
            if name in CATALOGUE:
                raise ModelMissingError(f"model {name} is not in {self._models}; {step}")
            known = ", ".join(sorted({*CATALOGUE, *self.names()}))
            raise UnknownModelError(f"no model is called {name!r}; there are: {known}")
        return quick_look(path, step)

    @property
    def choice_file(self) -> Path:
        """The file that holds the choice; a running server watches it."""
        return self.root / "chosen"

    def chosen(self) -> str:
        """The model that the user chose with `use`; "" when none is, or the file is damaged.

        Raises:
            StoreError: there is a choice that this user may not read.
        """
        try:
            with self.choice_file.open(encoding="utf-8") as stream:
                name = stream.read(_LONGEST_CHOICE).strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return ""
        except OSError as error:
            raise unreadable(error, self.choice_file) from error
        return name if _is_name(name) else ""

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
                # to write, since Windows flushes no other handle
                with item.open("rb+") as stream:
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


def _is_name(name: str) -> bool:
    return NAME.fullmatch(name) is not None and name != AUTO


def _may_be_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nobody may know


def _aside(final: Path, kind: str) -> Path:
    # a name that begins with a dot is no model name, and a sibling is on the same file system
    return final.with_name(f".{final.name}.{kind}")
