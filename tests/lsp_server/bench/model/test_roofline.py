"""Bounds and accounts of a model whose sizes can be counted by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from engine.device.placement import Placement
from engine.errors import ConversionError
from engine.models.architectures.decoder import DecoderShape
from lsp_server.bench.engines import random_model
from lsp_server.bench.model import step_account
from lsp_server.bench.model.roofline import (
    Costs,
    MachineLimits,
    SpeedPoint,
    decode_point,
    prefill_point,
)
from lsp_server.bench.model.sizes import ModelSizes, read_sizes
from lsp_server.bench.model.step_account import account, fit

if TYPE_CHECKING:
    from pathlib import Path

SIZES = ModelSizes(layers=2, layer_values=1_000_000, projection_values=500_000, state_values=1000)
LIMITS = MachineLimits(read_bytes_s=1e9, copy_bytes_s=2e9, operations_s=1e12)
INT8, HALF, FULL = (Placement("cuda", 0, kind) for kind in ("int8", "bfloat16", "float32"))


@pytest.mark.parametrize("tied", [True, False])
def test_sizes_are_read_from_the_model_itself(tmp_path: Path, *, tied: bool) -> None:
    """All matrices of the layers; the projection once, whether or not it is the embeddings."""
    shape = DecoderShape(layers=3, heads=4, kv_heads=2, width=64, inner=128, vocabulary=400)
    random_model.write_shape("known", shape, tmp_path, tied=tied)
    attention = 64 * (64 + 2 * 2 * 16) + 64 * 64
    assert read_sizes(tmp_path) == ModelSizes(
        layers=3,
        layer_values=3 * (attention + 3 * 64 * 128),
        projection_values=400 * 64,
        state_values=2 * 3 * 64,  # keys and values of all four heads
    )


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    """Not a traceback, and not sizes of nothing."""
    shape = DecoderShape(layers=1, heads=2, kv_heads=2, width=8, inner=8, vocabulary=400)
    random_model.write_shape("cut", shape, tmp_path)
    model = tmp_path / "model.bin"
    model.write_bytes(model.read_bytes()[:200])
    with pytest.raises(ConversionError, match=r"cut: model.bin could not be read"):
        read_sizes(tmp_path)


@pytest.mark.parametrize(
    ("place", "weights", "state"),
    [
        (INT8, 1_500_000, 4000),
        (HALF, 3_000_000, 2000),
        (FULL, 6_000_000, 4000),
        (Placement("cuda", 0, "int8_float16"), 1_500_000, 2000),
        (Placement(compute_type="int8"), 1_500_000, 4000),
    ],
)
def test_bytes_follow_the_compute_type(place: Placement, weights: int, state: int) -> None:
    """Weights and state are not of the same type."""
    costs = Costs.at(place, SIZES)
    assert (costs.step_weights, costs.state_bytes) == (weights, state)
    assert costs.step(100, batch=3).bytes_ == weights + 300 * state


def test_a_decoded_token_is_bounded_by_weights_and_state() -> None:
    """1.5 MB and 100 x 4 kB at 1 GB/s are 1.9 ms; 3.2 million operations are nothing."""
    found = decode_point(Costs.at(INT8, SIZES), LIMITS, 100, ms=3.8)
    assert found.memory_ms == pytest.approx(1.9)
    assert found.compute_ms == pytest.approx(0.0032)
    assert found.share == pytest.approx(0.5)
    assert found.bounded_by == "memory"


def test_a_prompt_is_read_in_one_pass_and_its_last_token_in_a_step() -> None:
    """1,000 tokens: 2 G operations and 1 G of attention at 1 T/s, then a step behind 1,001."""
    found = prefill_point(Costs.at(INT8, SIZES), LIMITS, 1001, ms=10.0)
    step_ms = 1.5 + 1001 * 0.004
    assert found.compute_ms == pytest.approx(3.0 + 0.003 + 0.002002)
    assert found.bound_ms == pytest.approx(3.0 + step_ms)
    assert found.memory_ms == pytest.approx(1.0 + step_ms)
    assert found.share == pytest.approx(found.bound_ms / 10)


def test_one_token_is_a_step_alone() -> None:
    """There is nothing to read before it."""
    costs = Costs.at(INT8, SIZES)
    assert prefill_point(costs, LIMITS, 1, 2.0) == decode_point(costs, LIMITS, 1, 2.0)


@pytest.mark.parametrize(
    ("memory", "compute", "ms", "expected"),
    [
        (6.0, 1.0, 10.0, "memory"),
        (1.0, 6.0, 10.0, "compute"),
        (4.9, 1.0, 10.0, "overhead"),
        (1.0, math.nan, 10.0, "-"),
    ],
)
def test_what_bounds_a_pass_is_what_explains_half_of_it(
    memory: float, compute: float, ms: float, expected: str
) -> None:
    """Below that, neither does; and an unknown limit bounds nothing."""
    bound = math.nan if math.isnan(compute) else max(memory, compute)
    assert SpeedPoint(1, ms, memory, compute, bound).bounded_by == expected


def test_a_limit_that_was_not_measured_leaves_the_share_open() -> None:
    """A card whose copy failed has no roofline, rather than that of compute alone."""
    broken = MachineLimits(operations_s=1e12, reasons=("copy rate: failed",))
    for point in (decode_point, prefill_point):
        found = point(Costs.at(HALF, SIZES), broken, 64, 5.0)
        assert math.isnan(found.share)
        assert found.bounded_by == "-"


def test_the_line_through_made_up_times_is_found() -> None:
    """Noise that cancels out changes nothing."""
    intercept, slope = fit({0: 10.0, 100: 12.1, 200: 13.8, 300: 16.1})
    assert intercept == pytest.approx(10.0)
    assert slope == pytest.approx(0.02)
    with pytest.raises(ValueError, match="two contexts"):
        fit({5: 1.0})


@pytest.mark.parametrize("batch", [1, 4])
def test_the_account_finds_what_was_put_in(batch: int) -> None:
    """2 ms of launches, weights at the bandwidth, and copies at half of it."""
    costs = Costs.at(INT8, SIZES)
    # for each token: 4 kB read and written at 2 GB/s, and read at 1 GB/s
    state_ms = batch * (8000 / 2e9 + 4000 / 1e9) * 1000
    times = {context: 2.0 + 1.5 + 2 * state_ms * context for context in (10, 100, 400)}
    found = account(costs, LIMITS, batch, times, 200)
    assert found.weights_ms == pytest.approx(1.5)
    assert found.state_ms == pytest.approx(200 * state_ms)
    assert found.growing_ms == pytest.approx(200 * state_ms)
    assert found.rest_ms == pytest.approx(2.0 + 200 * state_ms)
    assert found.fixed_ms == pytest.approx(3.5)
    assert found.slope_us == pytest.approx(2000 * state_ms)
    assert found.ms == pytest.approx(found.weights_ms + found.state_ms + found.rest_ms)


def test_steps_of_a_real_model_grow_with_the_rows(tmp_path: Path) -> None:
    """Every batch size and every context has its time, at the middle of its steps."""
    shape = DecoderShape(layers=2, heads=4, kv_heads=2, width=64, inner=128, vocabulary=400)
    random_model.write_shape("tiny", shape, tmp_path)
    found = dict(step_account.step_times(tmp_path, Placement(), 1, (8, 64), 1))
    assert list(found) == [1, 2, 4]
    assert all(list(times) == [16, 72] for times in found.values())
    assert all(ms > 0 for times in found.values() for ms in times.values())
