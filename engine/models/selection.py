"""Which model runs: named by a setting, chosen with `use`, or the best here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import ConversionError, ModelMissingError
from engine.models.catalogue import CATALOGUE, DEFAULT, FOR_GPU
from engine.models.store import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.models.manifest import Manifest
    from engine.models.model_folder import ModelFolder
    from engine.models.store import Store


def choose(
    store: Store, setting: str, fits_a_card: Callable[[Manifest], bool] = lambda _: False
) -> ModelFolder:
    """The model to run.

    Args:
        store: the models of this machine.
        setting: `engine.model`: a name, or `auto`.
        fits_a_card: whether a usable GPU has room for a model; asked only when it matters.

    Raises:
        ModelMissingError: the wanted model is not on this machine, or there is none at all.
        UnknownModelError: nobody knows the name.
        ConversionError: its manifest is damaged.
        StoreError: it, the choice or the store is there and this user may not read it.
    """
    wanted = store.chosen() if setting == AUTO else setting
    if wanted:
        return store.find(wanted)
    ready = {folder.path.name: folder for folder in store.installed()}
    larger = ready.get(FOR_GPU)
    if larger is not None and fits_a_card(larger.manifest):
        return larger
    for name in (DEFAULT, *CATALOGUE, *ready):
        if name in ready:
            return ready[name]
    for name in store.names():  # one that may not be read is the reason, not one that is missing
        with suppress(ModelMissingError, ConversionError):
            store.find(name)
    return store.find(DEFAULT)  # raises, with the reason and the next step
