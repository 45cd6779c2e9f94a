"""The driver's compile cache: midfill's own, unless the user decided otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.device.compile_cache import MAX_BYTES, variables

STATE = Path("state")
OWN = {"CUDA_CACHE_PATH": str(STATE / "cuda-cache"), "CUDA_CACHE_MAXSIZE": str(MAX_BYTES)}


@pytest.mark.parametrize(
    ("environ", "added"),
    [
        ({}, OWN),
        ({"CUDA_CACHE_PATH": "", "CUDA_CACHE_DISABLE": "0"}, OWN),
        ({"CUDA_CACHE_PATH": "x"}, {"CUDA_CACHE_MAXSIZE": str(MAX_BYTES)}),
        ({"CUDA_CACHE_MAXSIZE": "9"}, {"CUDA_CACHE_PATH": OWN["CUDA_CACHE_PATH"]}),
        ({"CUDA_CACHE_DISABLE": "1"}, {}),
    ],
)
def test_what_the_user_set_wins(environ: dict[str, str], added: dict[str, str]) -> None:
    """Each variable by itself; a cache that is switched off stays off."""
    assert variables(environ, STATE) == added


def test_the_size_is_one_that_the_driver_accepts() -> None:
    """More than 4 GiB would not be obeyed."""
    assert MAX_BYTES <= 2**32
