"""`midfill bench model`: speed of the model here, compared with the limits of the machine.

For each compute type: how fast it reads, decodes and completes a line (`model_speed`), the limits
of the device measured in the same run (`machine_limits`), what share of them is reached
(`roofline`), and where a decoding step's time goes (`step_account`).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from engine.ct2 import Ct2Engine
from engine.device.cuda import NvidiaCuda
from engine.device.placement import CPU, Placement, options
from engine.errors import DeviceError, EngineError, EngineLoadError
from engine.load import load, wanted
from engine.models.manifest import Manifest
from engine.settings import EngineSettings
from lsp_server.bench.model import machine_limits, step_account
from lsp_server.bench.model import speed as model_speed
from lsp_server.bench.model.roofline import Costs, decode_point, prefill_point
from lsp_server.bench.model.sizes import read_sizes
from lsp_server.bench.result_files import Format, require_folder, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from engine.api import Engine
    from engine.device.cuda import Cuda, GpuCard
    from lsp_server.bench.model.roofline import MachineLimits

FORMAT: Final = Format("model", 1, "midfill bench model --json")
TARGETS_MS: Final = {"data-centre card": {"p50_ms": 40, "p95_ms": 80}, "8 GB card": {"p50_ms": 120}}
"""For a single line by the 1.5B behind a prompt of 1,500 tokens."""
_STEP_CONTEXTS, _STEP_CONTEXTS_FAST = (32, 256, 512), (32, 512, 1500)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print.

    Returns 0; 1 when nothing could be measured, 2 when the options do not go together.
    """
    from lsp_server.bench import environment
    from lsp_server.bench.keystrokes import tables
    from lsp_server.bench.model import tables as model_tables

    for path in (arguments.json, arguments.html):
        require_folder(path)
    if bool(arguments.shape) != arguments.random_weights:
        sys.stderr.write("--shape and --random-weights go together\n")
        return 2
    if warning := environment.too_busy():
        tables.warn(warning)
    document: dict[str, Any] = {
        "environment": environment.describe(),
        "shape": arguments.shape or "",
        "repeats": arguments.repeats,
        "statistic": "median",
        "targets_ms": TARGETS_MS,
        "results": [],
        "failures": [],
    }
    with tempfile.TemporaryDirectory(prefix="midfill-") as scratch:
        bench = _Bench(arguments, Path(scratch))
        for place in bench.places():
            try:
                figures = bench.measure(place)
            except EngineError as error:
                document["failures"].append(f"{place.label} in {place.compute_type}: {error}")
                sys.stderr.write(document["failures"][-1] + "\n")
                continue
            document["results"].append(figures)
            model_tables.show(figures, arguments.repeats)
            _save(arguments, document)
    document["environment"]["load_at_end"] = environment.load()
    _save(arguments, document)
    return 0 if document["results"] else 1


def _save(arguments: argparse.Namespace, document: dict[str, Any]) -> None:
    from lsp_server.bench.keystrokes.results import plain
    from lsp_server.bench.model import report

    if arguments.json:
        FORMAT.save(arguments.json, plain(document))
    if arguments.html:
        write(arguments.html, report.page(document))


class _Bench:
    """One model, at all places that were asked for."""

    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        self._arguments = arguments
        self._scratch = scratch
        self._settings = EngineSettings(device=arguments.device, threads=arguments.threads)
        if arguments.shape:
            from lsp_server.bench.engines import random_model

            self._folder = scratch / "model"
            self._folder.mkdir()
            random_model.write(arguments.shape, self._folder)
        else:
            self._folder = wanted(self._settings).path
        self._sizes = read_sizes(self._folder)

    def places(self) -> list[Placement]:
        """Where to measure: all that fits on the best card, or the CPU."""
        names = self._arguments.compute_types
        if names == "best" and not self._arguments.shape:
            return [self._best()]
        stored = Manifest.read(self._folder).sizes["model.bin"]
        found = options(self._arguments.device, "auto", stored, NvidiaCuda())
        for refusal in found.refusals:
            sys.stderr.write(f"{refusal}\n")
        places = [place for place in found.places if place.index == found.places[0].index]
        places = places or [Placement(compute_type=name) for name in ("int8", "float32")]
        if names == "best":
            return places[:1]
        if names == "all":
            return places
        return [replace(places[0], compute_type=name) for name in names.split(",")]

    def _best(self) -> Placement:
        """The place that the server would choose, found as it finds it."""
        tried: list[Placement] = []

        def open_at(
            folder: Path,
            settings: EngineSettings,
            place: Placement,
            *,
            cuda: Cuda | None = None,
            note: str = "",
        ) -> Engine:
            tried.append(place)
            return Ct2Engine(folder, settings, place, cuda=cuda, note=note)

        load(self._folder, self._settings, open_at=open_at).close()
        return tried[-1]

    def measure(self, place: Placement) -> dict[str, Any]:
        """All figures at one place.

        Raises:
            EngineError: it could not be loaded, or failed in a generation.
        """
        repeats, cuda = self._arguments.repeats, _cuda_of(place)
        before = _card_of(cuda, place)
        started = time.perf_counter()
        engine = Ct2Engine(self._folder, self._settings, place, cuda=cuda)
        load_s = time.perf_counter() - started
        with _closing(engine):
            speed = model_speed.measure(
                engine, repeats, self._arguments.completions, lambda: _used_bytes(before, cuda)
            )
        limits = machine_limits.measure(place, self._arguments.threads, self._scratch)
        costs = Costs.at(place, self._sizes)
        steps, reasons = self._steps(place, speed["fast"])
        points = {
            "prefill": [prefill_point(costs, limits, *one) for one in speed["prefill_ms"].items()],
            "decode": [decode_point(costs, limits, *one) for one in speed["decode_ms"].items()],
        }
        return {
            "engine": engine.info.name,
            "device": asdict(place) | ({"driver": before.driver} if before else {}),
            "load_s": load_s,
            "limits": asdict(limits)
            | {"reasons": [*speed.pop("reasons"), *limits.reasons, *reasons]},
            "step_weight_bytes": costs.step_weights,
            **speed,
            **{name: [point.as_dict() for point in found] for name, found in points.items()},
            "steps_ms": steps,
            "account": self._account(costs, limits, steps),
        }

    def _steps(self, place: Placement, fast: bool) -> tuple[dict[int, dict[int, float]], list[str]]:
        """Times of a step by batch and context, and why there are no more."""
        contexts = _STEP_CONTEXTS_FAST if fast else _STEP_CONTEXTS
        found: dict[int, dict[int, float]] = {}
        threads, repeats = self._arguments.threads, self._arguments.repeats
        try:
            # what came before an error stays in
            found.update(step_account.step_times(self._folder, place, threads, contexts, repeats))
        except RuntimeError as error:
            return found, [f"steps of {len(found) + 1} or more batch sizes: {error}"]
        return found, []

    @staticmethod
    def _account(
        costs: Costs, limits: MachineLimits, steps: dict[int, dict[int, float]]
    ) -> list[dict[str, Any]]:
        return [
            step_account.account(costs, limits, batch, times, _STEP_CONTEXTS[-1]).as_dict()
            for batch, times in steps.items()
        ]


@contextmanager
def _closing(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.close()


def _cuda_of(place: Placement) -> NvidiaCuda | None:
    return None if place.device == CPU else NvidiaCuda()


def _card_of(cuda: Cuda | None, place: Placement) -> GpuCard | None:
    try:
        cards = cuda.cards() if cuda else ()
    except DeviceError as error:
        raise EngineLoadError(str(error)) from error
    return next((card for card in cards if card.index == place.index), None)


def _used_bytes(before: GpuCard | None, cuda: Cuda | None) -> int:
    """What is taken of the card since `before`, or memory of this process."""
    if before is None or cuda is None:
        return int(psutil.Process(os.getpid()).memory_info().rss)
    try:
        now = next((card for card in cuda.cards() if card.index == before.index), before)
    except DeviceError:  # the generation will say so
        return 0
    return before.free_bytes - now.free_bytes
