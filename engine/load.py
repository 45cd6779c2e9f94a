"""Load a model where it runs fastest: the best card that passes the self-test, or the CPU."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Protocol

from engine.device import compile_cache, self_test
from engine.device.placement import CPU, Placement, options
from engine.errors import EngineError, EngineLoadError
from engine.models.manifest import Manifest
from engine.models.selection import choose
from engine.models.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.api import Engine
    from engine.device.cuda import Cuda
    from engine.models.model_folder import ModelFolder
    from engine.settings import EngineSettings

_log = logging.getLogger(__name__)

_STORED_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int16": 2}


def wanted(settings: EngineSettings, cuda: Cuda | None = None) -> ModelFolder:
    """The model that these settings ask for, see `engine.models.selection`.

    Raises:
        ModelError: it is not on this machine, or damaged.
    """

    def fits_a_card(manifest: Manifest) -> bool:
        from engine.device.cuda import NvidiaCuda

        layer = cuda or NvidiaCuda()
        weights = _weight_count(manifest)
        return bool(options(settings.device, settings.compute_type, weights, layer).places)

    return choose(Store(), settings.model, fits_a_card)


class Open(Protocol):
    """Opens a model at a place; the note says why it is not a better one."""

    def __call__(
        self,
        folder: Path,
        settings: EngineSettings,
        place: Placement,
        *,
        cuda: Cuda | None = None,
        note: str = "",
    ) -> Engine:
        """Raises EngineLoadError when it cannot."""
        ...


def load(
    folder: Path,
    settings: EngineSettings,
    *,
    memo: Path | None = None,
    cuda: Cuda | None = None,
    open_at: Open | None = None,
) -> Engine:
    """Try the cards with one real generation each, and fall back to the CPU.

    Args:
        folder: a converted model.
        settings: device, compute type and limits.
        memo: file that remembers the fastest compute type by card and model.
        cuda: the device layer.
        open_at: how to open a model at a place.

    Raises:
        EngineLoadError: not even the CPU can run it.
        ConversionError: the folder has no readable manifest.
    """
    opener = open_at or _ct2()
    manifest = Manifest.read(folder)
    reasons: list[str] = []
    if settings.device != CPU:
        from engine.device.cuda import NvidiaCuda

        if memo is not None:  # an engine host has it from its start, other processes from here
            os.environ.update(compile_cache.variables(os.environ, memo.parent))
        cuda = cuda or NvidiaCuda()
        weights = _weight_count(manifest)
        found = options(settings.device, settings.compute_type, weights, cuda)
        reasons += found.refusals
        if found.places and memo is not None:
            compile_cache.make_folder(os.environ, memo.parent)
        engine = _best(
            found.places,
            lambda place: opener(folder, settings, place, cuda=cuda),
            lambda place: f"{place.card} {manifest.name}",
            memo,
            reasons,
        )
        if engine is not None:
            _log.info("%s is proved", engine.info.name)
            return engine
    note = f"the CPU is used: {'; '.join(reasons)}" if reasons else ""
    if note:
        _log.warning("%s", note)
    chosen = settings.device == CPU and settings.compute_type != "auto"
    place = Placement(CPU, 0, settings.compute_type if chosen else "int8")
    return opener(folder, settings, place, note=note)


def _best(
    places: tuple[Placement, ...],
    open_here: Callable[[Placement], Engine],
    key: Callable[[Placement], str],
    memo: Path | None,
    reasons: list[str],
) -> Engine | None:
    """The fastest sane place of the first card that has one; one engine is in memory at a time."""
    for index in dict.fromkeys(place.index for place in places):
        here = [place for place in places if place.index == index]
        known = self_test.recall(memo, key(here[0]))
        # what won last time needs no race, only the proof that it still works
        for place in here:
            if place.compute_type == known and (found := _prove(place, open_here, reasons)):
                return found[0]
        times: dict[Placement, float] = {}
        for place in here:
            if found := _prove(place, open_here, reasons):
                found[0].close()
                times[place] = found[1]
        while times:
            winner = min(times, key=lambda place: times[place])
            if found := _prove(winner, open_here, reasons):
                self_test.remember(memo, key(winner), winner.compute_type)
                return found[0]
            del times[winner]  # it worked a moment ago; the card is losing its memory
    return None


def _prove(
    place: Placement, open_here: Callable[[Placement], Engine], reasons: list[str]
) -> tuple[Engine, float] | None:
    """An engine that works there and its milliseconds; None, with the reason told, if it fails."""
    where = f"{place.label} in {place.compute_type}"
    try:
        engine = open_here(place)
    except EngineLoadError as error:
        reasons.append(f"{where}: {error}")
        return None
    try:
        found = self_test.run(engine)
    except EngineError as error:
        reasons.append(f"{where}: {error}")
    else:
        if found.sane:
            return engine, found.ms
        reasons.append(f"{where}: it counts wrongly")
    engine.close()
    return None


def _ct2() -> Open:
    from engine.ct2 import Ct2Engine

    return Ct2Engine


def _weight_count(manifest: Manifest) -> int:
    stored = manifest.sizes.get("model.bin", 0)
    return stored // _STORED_BYTES.get(manifest.quantization, 1)
