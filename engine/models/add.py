"""Add a model of the user's own: a file, a folder, or a hub repository."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import SourceError, StoreError
from engine.models.formats.parts import stem_of

if TYPE_CHECKING:
    from engine.models.model_folder import ModelFolder
    from engine.models.progress import Progress
    from engine.models.sources.hub import ModelSource
    from engine.models.store import Store

_PICKLE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What the user decided about a model; None leaves it to midfill.

    Attributes:
        name: in the store.
        family: name of its prompt family.
        quantization: of the weights on disk.
    """

    name: str | None = None
    family: str | None = None
    quantization: str | None = None


def add(store: Store, source: str, wishes: AddOptions, progress: Progress) -> ModelFolder:
    """Convert a model into the store.

    Args:
        store: where it goes.
        source: a path, or `OWNER/NAME[@REVISION][:FILE]` of the hub when no such path exists.
        wishes: what the user decided.
        progress: told about bytes and layers.

    Raises:
        ModelError: of the kind that says what went wrong; the store is as it was.
    """
    path = Path(source).expanduser()
    if path.exists():
        name = wishes.name or name_for(
            stem_of(path.name) if path.is_file() else path.resolve().name
        )
        with store.writing(name):
            _require_free(store, name)
            from engine.models.sources.hub import ModelSource

            return _convert(store, name, ModelSource(path, path.name), wishes, progress)
    from engine.models.sources import hub

    place = hub.parse(source)
    if place is None:
        raise SourceError(
            f"{source}: no such file or folder, and no hub repository (OWNER/NAME[@REVISION]"
            "[:FILE]); check the spelling"
        )
    name = wishes.name or name_for(
        stem_of(Path(place.file).name) or place.repository.partition("/")[2]
    )
    with store.writing(name):
        _require_free(store, name)
        downloads = store.downloads(name)
        try:
            downloads.mkdir(parents=True, exist_ok=True)
            material = hub.bring(place, downloads, progress)
            folder = _convert(store, name, material, wishes, progress)
            shutil.rmtree(downloads, ignore_errors=True)
        except OSError as error:
            raise store.unusable(error) from error
        return folder


def name_for(words: str) -> str:
    """A store name from a file's or folder's name: lower case, without what a name cannot have."""
    return re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-._")[:100] or "model"


def refuse_pickle(path: Path) -> None:
    """Make sure that a file is none that could run code when it is read.

    Raises:
        SourceError: it is a pickle, by its name or its first bytes.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if path.suffix.lower() in _PICKLE_SUFFIXES or start.startswith(_PICKLE_STARTS):
        raise SourceError(
            f"{path}: a pickle, which can run code when it is read; get the model as GGUF or "
            "safetensors"
        )


def _require_free(store: Store, name: str) -> None:
    if store.path(name).exists():
        raise StoreError(
            f"a model is called {name} already; choose another with --name, or "
            f"`midfill models remove {name}` first"
        )


def _convert(
    store: Store, name: str, material: ModelSource, wishes: AddOptions, progress: Progress
) -> ModelFolder:
    """Convert beside the store's models, then put the result in place in one step."""
    staged = store.staging(name)
    try:
        _fill(staged, name, material, wishes, progress)
        return store.install(name, staged)
    except OSError as error:
        if error.filename is not None and Path(error.filename).is_relative_to(material.path):
            raise SourceError(f"{error.filename}: {error.strerror}; make it readable") from error
        raise store.unusable(error) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _fill(
    staged: Path, name: str, material: ModelSource, wishes: AddOptions, progress: Progress
) -> None:
    # numpy, gguf and CTranslate2: not before they are needed
    from engine.models.convert.convert import QUANTIZATION, convert

    path = material.path
    if path.is_file():
        refuse_pickle(path)
    convert(
        path,
        staged,
        name=name,
        source=material.origin,
        progress=progress,
        family=wishes.family,
        quantization=wishes.quantization or QUANTIZATION,
    )
