"""Split the time of a decoding step into weights, state, and the rest.

A step is taken to cost a fixed time and more for each token of context: t = fixed + slope *
context. Weights and state are counted at the bandwidth that was measured in the same run; the rest
is what launches, small kernels and waiting take, and what runs below that bandwidth.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from engine import memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.device.placement import Placement
    from lsp_server.bench.model.roofline import Costs, MachineLimits

BATCHES: Final = (1, 2, 4)
STEPS: Final = 16
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Account:
    """One batch size.

    Attributes:
        batch: rows decoded together.
        fixed_ms, slope_us: of the fitted line; the slope is for each token of context.
        context: where the parts below are of.
        ms: the fitted step there.
        weights_ms: reading all weights once.
        state_ms: reading the state to copy it, writing the copy, and reading that.
        rest_ms: all else.
        growing_ms: the part of the rest that grows with the context: attention, and copies that
            are slower than the bandwidth. What remains of it is launches, small kernels, waiting.
    """

    batch: int
    fixed_ms: float
    slope_us: float
    context: int
    ms: float
    weights_ms: float
    state_ms: float
    rest_ms: float
    growing_ms: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def fit(times: Mapping[int, float]) -> tuple[float, float]:
    """Intercept and slope of the least squares line through times by context.

    >>> fit({0: 10.0, 100: 12.0, 200: 14.0})
    (10.0, 0.02)
    """
    if len(times) < _ENOUGH:
        raise ValueError(f"a line needs two contexts, not {len(times)}")
    line = statistics.linear_regression(list(times), list(times.values()))
    return line.intercept, line.slope


def account(
    costs: Costs, limits: MachineLimits, batch: int, times: Mapping[int, float], context: int
) -> Account:
    """Split the fitted step at `context`.

    Args:
        costs: of the model in its compute type.
        limits: of the device.
        batch: rows decoded together.
        times: milliseconds of a step by context, at least two contexts.
        context: tokens before the step.
    """
    fixed, slope = fit(times)
    ms = fixed + slope * context
    weights = 1000 * costs.step_weights / limits.read_bytes_s
    # CTranslate2 concatenates: the old state is read and written into a new one, which is then
    # read by the attention
    state = batch * context * costs.state_bytes
    state_ms = 1000 * (2 * state / limits.copy_bytes_s + state / limits.read_bytes_s)
    return Account(
        batch,
        fixed,
        1000 * slope,
        context,
        ms,
        weights,
        state_ms,
        rest_ms=ms - weights - state_ms,
        growing_ms=slope * context - state_ms,
    )


def step_times(
    folder: Path, place: Placement, threads: int, contexts: Sequence[int], repeats: int
) -> Iterator[tuple[int, dict[int, float]]]:
    """Batch size, and median milliseconds of a decoding step by context, of CTranslate2 itself.

    The context of a time is that of the middle one of its `STEPS` steps. There is no engine around
    it: no token becomes text, and no end token ends a row.

    Raises:
        RuntimeError: CTranslate2 failed, for lack of memory for instance.
        ValueError: it knows no such compute type.
    """
    import ctranslate2

    generator = ctranslate2.Generator(
        str(folder),
        device=place.device,
        device_index=place.index,
        compute_type=place.compute_type,
        inter_threads=1,
        intra_threads=memory.physical_threads(threads),
    )
    for batch in BATCHES:
        times = {c + STEPS // 2: _step_ms(generator, c, repeats, batch) for c in contexts}
        yield batch, times


def _step_ms(generator: Any, context: int, repeats: int, batch: int) -> float:
    prompt = ["e"] * context  # a byte, which every vocabulary of ours has
    times: list[float] = []
    for _ in range(repeats):
        stamps: list[float] = []

        def stamp(result: Any, stamps: list[float] = stamps) -> bool:
            if result.batch_id == 0:
                stamps.append(time.perf_counter())
            return False

        generator.generate_batch(
            [prompt] * batch,
            include_prompt_in_result=False,
            max_length=STEPS + 1,
            min_length=STEPS + 1,
            return_scores=True,
            callback=stamp,
        )
        times += [(after - before) * 1000 for before, after in pairwise(stamps)]
    return statistics.median(times)
