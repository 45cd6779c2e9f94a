"""What a card reaches, asked of libraries that keep accounts and fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.device.cuda import NvidiaCuda
from engine.errors import DeviceError
from lsp_server.bench.model import card_limits
from tests.engine.device.fake_driver import FakeCard
from tests.engine.device.test_cuda import has_card

if TYPE_CHECKING:
    from lsp_server.bench.model.card_limits import CardLimits


def measure(card: FakeCard, compute_type: str = "bfloat16") -> CardLimits:
    """Of this card, driver and matrix library alike."""
    return card_limits.measure(0, compute_type, open_driver=lambda: card, open_cublas=lambda: card)


def test_rates_are_those_of_the_card() -> None:
    """A copy counts what is read and what is written; a product of n x n matrices 2 n^3."""
    card = FakeCard()
    found = measure(card)
    assert found.copy_bytes_s == pytest.approx(2e12, rel=1e-3)
    assert found.operations_s == pytest.approx(4e14, rel=1e-3)
    assert found.side == 8192
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("compute_type", "kind"),
    [
        ("int8", (3, 10, 72)),
        ("int8_bfloat16", (3, 10, 72)),
        ("bfloat16", (14, 14, 68)),
        ("float16", (2, 2, 64)),
        ("float32", (0, 0, 68)),
    ],
)
def test_matrices_are_of_the_compute_type(compute_type: str, kind: tuple[int, ...]) -> None:
    """Types of inputs and outputs, and what cuBLAS adds in."""
    card = FakeCard()
    measure(card, compute_type)
    assert set(card.kinds) == {kind}


@pytest.mark.parametrize("free", [8 << 30, 1 << 30, 256 << 20])
def test_a_quarter_of_the_free_memory_is_enough_and_all_is_given_back(free: int) -> None:
    """Smaller cards multiply smaller matrices."""
    card = FakeCard(free=free)
    found = measure(card)
    assert found.reasons == ()
    assert 0 < card.most <= free // 4
    assert (card.memory, card.taken) == ({}, [])


def test_a_full_card_is_a_reason() -> None:
    """And not a matrix of nothing."""
    found = measure(FakeCard(free=1 << 20))
    assert (found.copy_bytes_s, found.operations_s) == (None, None)
    assert len(found.reasons) == 2
    assert all("too little memory is free" in reason for reason in found.reasons)


DRIVER_CALLS = (
    "cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemGetInfo_v2",
)  # fmt: skip
SHARED_CALLS = (
    "cuMemAlloc_v2", "cuEventCreate", "cuEventRecord", "cuEventSynchronize", "cuEventElapsedTime",
)  # fmt: skip
COPY_CALLS = ("cuMemsetD8_v2", "cuMemcpyDtoDAsync_v2")
MATRIX_CALLS = ("cublasCreate_v2", "cuMemsetD32_v2", "cublasGemmEx")
NOTHING, COPY, MATRIX = (False, False), (True, False), (False, True)


@pytest.mark.parametrize(
    ("call", "left"),
    [
        *((call, NOTHING) for call in (*DRIVER_CALLS, *SHARED_CALLS)),
        *((call, MATRIX) for call in COPY_CALLS),
        *((call, COPY) for call in MATRIX_CALLS),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_a_failing_call_is_a_reason_and_leaks_nothing(
    call: str, left: tuple[bool, bool], gone: bool
) -> None:
    """Whether it returns an error or is not in the library; the other rate is still measured."""
    card = FakeCard(missing=frozenset({call})) if gone else FakeCard(errors={call: 719})
    found = measure(card)
    assert (found.copy_bytes_s is not None, found.operations_s is not None) == left
    assert all(call in reason and ("719" in reason) != gone for reason in found.reasons)
    assert len(found.reasons) == 2 - sum(left) or call in DRIVER_CALLS
    assert (card.memory, card.taken) == ({}, [])


@pytest.mark.parametrize(
    "call",
    ["cuMemFree_v2", "cuEventDestroy_v2", "cuCtxPopCurrent_v2", "cuDevicePrimaryCtxRelease_v2",
     "cublasDestroy_v2"],
)  # fmt: skip
def test_a_card_that_takes_nothing_back_still_has_its_rates(call: str) -> None:
    """They were measured before."""
    for card in (FakeCard(errors={call: 700}), FakeCard(missing=frozenset({call}))):
        assert measure(card).reasons == ()


def test_a_clock_that_stands_still_is_no_infinite_rate() -> None:
    """Zero milliseconds are a fault."""
    found = measure(FakeCard(copy_bytes_s=float("inf"), operations_s=float("inf")))
    assert (found.copy_bytes_s, found.operations_s) == (None, None)
    assert "the card's clock stood still" in found.reasons[0]


def test_without_the_matrix_library_the_copy_is_measured() -> None:
    """And the message says what to install."""

    def refuse() -> None:
        raise DeviceError("libcublas.so.12 is missing")

    found = card_limits.measure(0, "int8", open_driver=FakeCard, open_cublas=refuse)
    assert found.copy_bytes_s is not None
    assert found.reasons == ("matrix rate: libcublas.so.12 is missing",)


def test_an_unknown_compute_type_is_a_reason() -> None:
    """CTranslate2 has more than cuBLAS is asked for here."""
    assert measure(FakeCard(), "int16").reasons == (
        "matrix rate: no measurement of int16 is known",
    )


@pytest.mark.skipif(has_card(), reason="a driver is here")
def test_a_machine_without_a_driver_says_so() -> None:
    """The real libraries are asked, and are not there."""
    assert card_limits.measure(0, "int8").reasons == ("there is no NVIDIA driver",)


@pytest.mark.gpu
@pytest.mark.skipif(not has_card(), reason="no NVIDIA card here")
def test_a_real_card_has_rates() -> None:
    """Slower than any card is no card."""
    for card in NvidiaCuda().cards():
        found = card_limits.measure(card.index, "float32")
        assert found.reasons == ()
        assert (found.copy_bytes_s or 0) > 1e9
        assert (found.operations_s or 0) > 1e10
