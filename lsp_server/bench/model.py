"""`midfill bench model`: reading and decoding speed of the model on this machine.

Every figure is the median of `--repeats` runs in one process; the anchoring ratio compares runs
that alternate, so that a noisy machine disturbs both sides alike.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from engine.api import CancelToken, Request, Token
from engine.ct2 import Ct2Engine
from engine.device.cuda import NvidiaCuda
from engine.device.places import CPU, Place, options
from engine.errors import EngineLoadError
from engine.load import load, wanted
from engine.models.manifest import Manifest
from engine.settings import EngineSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from engine.api import Engine

_STABLE, _LIVE = 500, 10
_READ = (64, 128, 256, 512)
_CONTEXTS = (32, 256, 512)
_READ_FAST, _CONTEXTS_FAST = (1024, 2048, 4096), (1500,)
"""Lengths that are worth a measurement only where reading is fast."""
_FAST_S = 0.1
_DECODE = 16


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; the exit code is 0, and 2 when the options do not go together."""
    from lsp_server.bench import environment

    if bool(arguments.shape) != arguments.random_weights:
        sys.stderr.write("--shape and --random-weights go together\n")
        return 2
    results = []
    with tempfile.TemporaryDirectory(prefix="midfill-") as scratch:
        for engine, load_s in _engines(arguments, Path(scratch)):
            try:
                figures = _measure(engine, arguments.repeats)
            finally:
                engine.close()
            results.append({"engine": engine.name, "load_s": load_s, **figures})
            _print(results[-1], arguments.repeats)
    document = {
        "environment": environment.describe(),
        "repeats": arguments.repeats,
        "statistic": "median",
        "results": results,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return 0


def _engines(arguments: argparse.Namespace, scratch: Path) -> Iterator[tuple[Engine, float]]:
    """Engines to measure, one at a time, each with the seconds that loading took."""
    settings = EngineSettings(device=arguments.device, threads=arguments.threads)
    if arguments.shape:
        from lsp_server.bench import random_model

        random_model.write(arguments.shape, scratch)
        folder = scratch
    else:
        folder = wanted(settings).path
    if arguments.compute_types == "best" and not arguments.shape:
        started = time.perf_counter()
        yield load(folder, settings), time.perf_counter() - started
        return
    for place in _places(arguments, folder):
        started = time.perf_counter()
        try:
            engine = Ct2Engine(folder, settings, place, cuda=_cuda_of(place))
        except EngineLoadError as error:
            sys.stderr.write(f"{error}\n")
            continue
        yield engine, time.perf_counter() - started


def _places(arguments: argparse.Namespace, folder: Path) -> list[Place]:
    """Where to measure: all that fits on the best card, or the CPU."""
    stored = Manifest.read(folder).sizes["model.bin"]
    found = options(arguments.device, "auto", stored, NvidiaCuda())
    for refusal in found.refusals:
        sys.stderr.write(f"{refusal}\n")
    places = [place for place in found.places if place.index == found.places[0].index]
    places = places or [Place(compute_type=name) for name in ("int8", "float32")]
    if arguments.compute_types == "best":
        return places[:1]
    if arguments.compute_types == "all":
        return places
    names = arguments.compute_types.split(",")
    return [replace(places[0], compute_type=name) for name in names]


def _cuda_of(place: Place) -> NvidiaCuda | None:
    return None if place.device == CPU else NvidiaCuda()


def _measure(engine: Engine, repeats: int) -> dict[str, Any]:
    ids = _Ids(engine)
    fast = _read(engine, ids, _READ[-1]) < _FAST_S
    return {
        "prefill_tokens_s": {
            str(count): count / _median(repeats, partial(_read, engine, ids, count))
            for count in (*_READ, *_READ_FAST[: len(_READ_FAST) * fast])
        },
        "decode_ms": {
            str(count): _decode_ms(engine, ids, count, repeats)
            for count in (*_CONTEXTS, *_CONTEXTS_FAST[: len(_CONTEXTS_FAST) * fast])
        },
        "anchoring": _anchoring(engine, ids, repeats),
        "state_bytes_per_token": _state_bytes(engine),
        "resident_bytes": psutil.Process().memory_info().rss,
    }


class _Ids:
    """Token ids of ordinary code, never twice the same, so that no kept state is met by chance."""

    _CODE = "def place_{n}(order, stock):\n    return [item for item in order if item in stock]\n"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._number = 0

    def __call__(self, count: int) -> tuple[int, ...]:
        """`count` ids."""
        self._number += 1
        text = "".join(self._CODE.format(n=self._number * 1000 + n) for n in range(count // 10 + 2))
        return tuple(self._engine.tokenizer.encode(text)[:count])


def _first_token_s(engine: Engine, stable: tuple[int, ...], live: tuple[int, ...]) -> float:
    """Seconds until the first token is there."""
    stamps: list[float] = []

    def stamp(_: Token) -> bool:
        stamps.append(time.perf_counter())
        return True

    started = time.perf_counter()
    engine.generate(Request(stable, live, 1, keep=bool(stable)), stamp, CancelToken())
    return (stamps[0] if stamps else time.perf_counter()) - started


def _read(engine: Engine, ids: _Ids, count: int) -> float:
    return _first_token_s(engine, (), ids(count))


def _decode_ms(engine: Engine, ids: _Ids, context: int, repeats: int) -> float:
    steps: list[float] = []
    for _ in range(repeats):
        stamps: list[float] = []

        def stamp(_: Token, stamps: list[float] = stamps) -> bool:
            stamps.append(time.perf_counter())
            return False

        engine.generate(Request((), ids(context), _DECODE, keep=False), stamp, CancelToken())
        steps += [(after - before) * 1000 for before, after in pairwise(stamps)]
    return statistics.median(steps) if steps else float("nan")


def _anchoring(engine: Engine, ids: _Ids, repeats: int) -> dict[str, float]:
    """First token with a kept stable part against reading everything, in turn."""
    stable = ids(_STABLE)
    engine.generate(Request(stable, ids(1), 0), lambda _: True, CancelToken())
    warm, cold = [], []
    for _ in range(repeats):
        warm.append(_first_token_s(engine, stable, ids(_LIVE)))
        cold.append(_first_token_s(engine, (), ids(_STABLE + _LIVE)))
    ratios = [one / other for one, other in zip(warm, cold, strict=True)]
    return {
        "stable_tokens": _STABLE,
        "live_tokens": _LIVE,
        "kept_ms": statistics.median(warm) * 1000,
        "whole_ms": statistics.median(cold) * 1000,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def _state_bytes(engine: Engine) -> float:
    account = engine.account()
    return account.held_bytes / _STABLE if account.prompts == 1 else float("nan")


def _median(repeats: int, measure: Callable[[], float]) -> float:
    measure()  # the first run pays for fresh memory
    return statistics.median(measure() for _ in range(repeats))


def _print(figures: dict[str, Any], repeats: int) -> None:
    out = sys.stdout.write
    out(f"{figures['engine']}, loaded in {figures['load_s']:.1f} s, median of {repeats}\n")
    _row(out, "prefill, tokens/s", figures["prefill_tokens_s"], "{:.0f}")
    _row(out, "decode, ms/token", figures["decode_ms"], "{:.1f}")
    anchoring = figures["anchoring"]
    out(
        f"first token after {_STABLE} stable and {_LIVE} live tokens: "
        f"{anchoring['kept_ms']:.0f} ms with the kept state, "
        f"{anchoring['whole_ms']:.0f} ms without, ratio {anchoring['ratio']:.2f} "
        f"({anchoring['ratio_min']:.2f} to {anchoring['ratio_max']:.2f})\n"
    )
    out(f"state: {figures['state_bytes_per_token'] / 1000:.0f} kB a token; ")
    out(f"{figures['resident_bytes'] / 1e6:.0f} MB resident\n")


def _row(
    out: Callable[[str], object], name: str, values: dict[str, float], form: str
) -> Sequence[str]:
    cells = [f"{form.format(value)} at {length}" for length, value in values.items()]
    out(f"{name}: {', '.join(cells)}\n")
    return cells
