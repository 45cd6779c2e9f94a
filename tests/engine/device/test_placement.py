"""Which cards and compute types are tried, from facts alone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.device.cuda import GpuCard, Mode
from engine.device.placement import options
from tests.engine.device.fakes import ALL_TYPES, GIB, H100, FakeCuda, card

SMALL, LARGE = 500_000_000, 7_600_000_000
"""Weights of a 0.5B and of a 7B model."""


def test_a_cpu_setting_asks_no_driver() -> None:
    """Who wants the CPU pays nothing for a card."""
    cuda = FakeCuda()
    assert options("cpu", "auto", SMALL, cuda).places == ()
    assert cuda.asked == []


def test_a_new_card_tries_bfloat16_before_int8_and_never_float16() -> None:
    """Qwen2 can overflow in float16."""
    found = options("auto", "auto", SMALL, FakeCuda())
    assert [place.compute_type for place in found.places] == [
        "bfloat16",
        "int8_bfloat16",
        "int8",
        "float32",
    ]
    assert found.refusals == ()


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ((6, 1), ["int8", "float32"]),
        ((7, 5), ["float16", "int8_float16", "int8", "float32"]),
        ((12, 0), ["bfloat16", "float32"]),  # int8 is wrong on Blackwell
        ((5, 2), ["float32"]),
    ],
)
def test_compute_types_follow_the_capability(
    capability: tuple[int, int], expected: list[str]
) -> None:
    """Older cards lack the fast types."""
    found = options("auto", "auto", SMALL, FakeCuda((card(capability=capability),)))
    assert [place.compute_type for place in found.places] == expected


def test_types_that_do_not_fit_are_left_out() -> None:
    """A 7B model on an 8 GB card fits in int8 only when the card is empty enough."""
    found = options("auto", "auto", LARGE, FakeCuda((card(free_bytes=9 * GIB),)))
    assert [place.compute_type for place in found.places] == ["int8_bfloat16", "int8"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"free_bytes": GIB // 2}, "0.5 GiB free where"),
        ({"capability": (3, 5)}, "capability 3.5 is too old"),
        ({"mode": Mode.PROHIBITED}, "compute mode allows no programs"),
        ({"cuda": (11, 4), "driver": "470.1"}, "driver 470.1 runs CUDA 11.4 at most"),
    ],
)
def test_an_unfit_card_is_refused_with_its_reason(changes: dict[str, Any], words: str) -> None:
    """Too small or busy, too old, prohibited, or with an old driver."""
    found = options("auto", "auto", SMALL, FakeCuda((card(**changes),)))
    assert found.places == ()
    assert words in found.refusals[0]
    assert "H100" in found.refusals[0]


def test_no_card_is_news_only_to_those_who_asked_for_one() -> None:
    """`auto` on a laptop without a card is silent; `cuda` is not."""
    assert options("auto", "auto", SMALL, FakeCuda(())).refusals == ()
    assert "CUDA_VISIBLE_DEVICES" in options("cuda", "auto", SMALL, FakeCuda(())).refusals[0]
    assert "cuda:3" in options("cuda:3", "auto", SMALL, FakeCuda()).refusals[0]


def test_a_driver_that_refuses_is_told() -> None:
    """The driver's words reach the user."""
    found = options("auto", "auto", SMALL, FakeCuda(driver_error="the driver is too old"))
    assert found.refusals == ("the driver is too old",)


def test_a_missing_library_rules_all_cards_out_and_says_what_to_install() -> None:
    """Without cuBLAS nothing runs, and the first generation would be where it shows."""
    found = options("auto", "auto", SMALL, FakeCuda(cublas_error="libcublas.so.12 is missing"))
    assert found.places == ()
    assert found.refusals == ("libcublas.so.12 is missing",)


def test_of_two_cards_the_emptier_comes_first_and_a_number_chooses() -> None:
    """The other one stays as the second choice."""
    two = (card(free_bytes=2 * GIB), card(index=1, name="L4", free_bytes=20 * GIB))
    order = [place.index for place in options("auto", "bfloat16", SMALL, FakeCuda(two)).places]
    assert order == [1, 0]
    chosen = options("cuda:0", "auto", SMALL, FakeCuda(two)).places
    assert {place.index for place in chosen} == {0}


def test_a_set_compute_type_is_the_only_one() -> None:
    """And a card without it is refused with what it has."""
    found = options("auto", "int8_float16", SMALL, FakeCuda())
    assert [place.compute_type for place in found.places] == ["int8_float16"]
    lacking = FakeCuda(types=ALL_TYPES - {"int8_float16"})
    assert "no usable compute type" in options("auto", "int8_float16", SMALL, lacking).refusals[0]


def test_a_card_that_cannot_be_used_does_not_hide_another() -> None:
    """Each card is judged by itself."""
    old = GpuCard(1, "K80", (3, 7), 12 * GIB, 79 * GIB)
    found = options("auto", "bfloat16", SMALL, FakeCuda((H100, old)))
    assert [place.index for place in found.places] == [0]
    assert len(found.refusals) == 1
