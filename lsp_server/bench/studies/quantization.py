"""`midfill bench quantization`: cost of int8 in likelihood, gain of a trimmed projection.

Likelihoods are of the same text in the same windows, so differences are paired. Decoding takes
turns between two models in one process, so that a noisy machine disturbs both alike.
"""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from engine.errors import MidfillError
from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from lsp_server.bench.result_files import require_folder, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

AVX2 = {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
"""Takes VNNI and AMX from MKL and from oneDNN, whichever of them CTranslate2 uses here."""
_SIDES: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("float32", "all", {}),
    ("int8", "all", {}),
    ("int8", "AVX2", AVX2),
)
_LIMIT_S = 1800
_PROMPT, _DECODED, _ROUNDS = 160, 12, 8


class LikelihoodError(MidfillError):
    """A likelihood could not be computed."""


@dataclass(frozen=True, slots=True)
class LogitDifference:
    """A paired difference of means: the mean and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, a: Sequence[float], b: Sequence[float]) -> LogitDifference:
        """Of `b` from `a`, pair by pair; at least two pairs."""
        each = [y - x for x, y in zip(a, b, strict=True)]
        return cls(statistics.fmean(each), statistics.stdev(each) / math.sqrt(len(each)))


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; returns the exit code."""
    from lsp_server.bench import environment

    require_folder(arguments.json)

    store = Store()
    folder = store.find(arguments.model or DEFAULT).path
    results: dict[str, Any] = {"environment": environment.describe(), "likelihood": []}
    exact: dict[str, list[float]] = {}
    for kind, isa, variables in _SIDES:
        nats = likelihood(arguments.tasks, folder, kind, arguments.tokens, variables)
        exact = exact or nats
        for language, values in nats.items():
            change = LogitDifference.of(exact[language], values)
            row = {
                "compute_type": kind,
                "instructions": isa,
                "language": language,
                "tokens": len(values),
                "nats": statistics.fmean(values),
                "change": change.mean,
                "error": change.error,
            }
            results["likelihood"].append(row)
            sys.stdout.write(
                f"{kind:8} {isa:5} {language:12} {len(values):6} tokens  {row['nats']:.4f} nats  "
                f"{change.mean:+.4f} +-{change.error:.4f}\n"
            )
    if arguments.against:
        other = store.find(arguments.against).path
        results["decoding"] = decoding(folder, other, arguments.loads)
        sys.stdout.write(
            "{ms:.1f} ms a token against {other_ms:.1f}: ratio {ratio:.3f} +-{error:.3f}, reading "
            "{reading:.3f}, {loads} loads\n".format(**results["decoding"])
        )
    sys.stdout.write(f"load {results['environment']['load']} before, {environment.load()} after\n")
    if arguments.json:
        write(arguments.json, json.dumps(results, indent=2) + "\n")
    return 0


def likelihood(
    tasks: Path, folder: Path, kind: str, tokens: int, variables: dict[str, str]
) -> dict[str, list[float]]:
    """Nats by language (`lsp_server.bench.studies.likelihood`), in a process with these variables.

    Raises:
        LikelihoodError: the process failed, with its last words.
    """
    command = [sys.executable, "-P", "-m", "lsp_server.bench.studies.likelihood"]
    done = subprocess.run(
        [*command, str(tasks), str(folder), kind, str(tokens)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LikelihoodError(f"{tasks}: no likelihood in {kind}: {last}; run `midfill doctor`")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def decoding(folder: Path, other: Path, loads: int) -> dict[str, float]:
    """Milliseconds a token of two models on the same prompts, and their ratio.

    Where a model happens to lie in memory decides some five percent, and it stays there until it is
    loaded again. So both are loaded many times, in alternating order, and what counts is the
    geometric mean of the ratios of the loads, with its standard error.
    """
    step: tuple[list[float], list[float]] = ([], [])
    ratios, reading = [], []
    for number in range(max(2, loads)):
        order = (0, 1) if number % 2 else (1, 0)
        found = _in_order((folder, other), order)
        for side in order:
            step[side].extend(found.step[side])
        ratios.append(math.log(found.ratio(found.step)))
        reading.append(math.log(found.ratio(found.read)))
    mean = statistics.fmean(ratios)
    error = statistics.stdev(ratios) / math.sqrt(len(ratios))
    return {
        "ms": statistics.median(step[0]),
        "other_ms": statistics.median(step[1]),
        "ratio": math.exp(mean),
        "error": error,
        "reading": math.exp(statistics.fmean(reading)),
        "loads": len(ratios),
    }


@dataclass(frozen=True, slots=True)
class _Load:
    """Milliseconds of both models by round: until the first token, and between the others."""

    read: tuple[list[float], list[float]]
    step: tuple[list[float], list[float]]

    def ratio(self, times: tuple[list[float], list[float]]) -> float:
        return statistics.median(a / b for a, b in zip(*times, strict=True))


def _in_order(folders: tuple[Path, Path], order: tuple[int, int]) -> _Load:
    """Load in this order, then take turns."""
    import ctranslate2

    from engine import memory
    from engine.tokenizer import ModelTokenizer

    words = " ".join(sorted(sys.modules))
    models = {}
    for side in order:
        tokenizer = ModelTokenizer(folders[side] / "tokenizer.json")
        tokens = tokenizer.tokens(tokenizer.encode(words))
        threads = memory.physical_threads(0)
        model = ctranslate2.Generator(
            str(folders[side]), device="cpu", compute_type="int8", intra_threads=threads
        )
        models[side] = model, tokens
        _decode(model, tokens[:_PROMPT])  # its first run is slower
    found = _Load(([], []), ([], []))
    draw = random.Random(0)  # noqa: S311
    for _ in range(_ROUNDS):
        start = draw.randrange(max(1, len(models[0][1]) - _PROMPT))
        for side in draw.sample((0, 1), 2):
            model, tokens = models[side]
            first, each = _decode(model, tokens[start : start + _PROMPT])
            found.read[side].append(first)
            found.step[side].append(each)
    return found


def _decode(model: Any, prompt: list[str]) -> tuple[float, float]:
    """Milliseconds until the first token, and the median of those between the next ones."""
    times = [time.perf_counter()]

    def step(_: object) -> bool:
        times.append(time.perf_counter())
        return False

    model.generate_batch(
        [prompt],
        max_length=_DECODED,
        min_length=_DECODED,
        include_prompt_in_result=False,
        callback=step,
    )
    first, *others = [(b - a) * 1000 for a, b in pairwise(times)]
    return first, statistics.median(others)
