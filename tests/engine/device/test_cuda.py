"""The real device layer on a machine without one, and doctor on machines with."""

from __future__ import annotations

import pytest

from engine.device import cuda
from engine.device.cuda import NvidiaCuda
from engine.errors import DeviceError
from lsp_server import doctor
from tests.engine.device.fakes import FakeCuda, card


def has_card() -> bool:
    """Whether the driver counts one."""
    try:
        return bool(NvidiaCuda().cards())
    except DeviceError:
        return True  # a driver at least


@pytest.mark.skipif(has_card(), reason="a driver is here")
def test_no_driver_means_no_cards() -> None:
    """And no error: most machines have none."""
    assert NvidiaCuda().cards() == ()


@pytest.mark.gpu
@pytest.mark.skipif(not has_card(), reason="no NVIDIA card here")
def test_a_real_card_says_its_name_and_memory() -> None:
    """The driver and NVML agree on which card is meant."""
    for found in NvidiaCuda().cards():
        assert found.name
        assert 0 < found.free_bytes <= found.total_bytes


def test_a_library_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA 13 alone is no substitute, and the message says what to install."""
    monkeypatch.setattr(cuda, "_open", lambda name: object() if name.endswith("13") else None)
    with pytest.raises(DeviceError, match=r"version 13 is there.*pip install nvidia-cublas-cu12"):
        NvidiaCuda().load_cublas()


def test_the_library_of_the_environment_comes_before_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Light first, then the library that needs it; by path, since no loader looks there."""
    opened: list[str] = []

    def open_it(name: str) -> object:
        opened.append(name)
        return object()

    monkeypatch.setattr(cuda, "_open", open_it)
    NvidiaCuda().load_cublas()
    assert [name.rpartition("/")[2] for name in opened] == ["libcublasLt.so.12", "libcublas.so.12"]
    assert all("/" in name for name in opened)


@pytest.mark.parametrize(
    ("layer", "lines"),
    [
        (FakeCuda(()), ["ok gpu none found"]),
        (FakeCuda(), ["ok gpu cuda:0 H100, 78.0 of 80.0 GiB free", "ok cublas version 12"]),
        (FakeCuda(cublas_error="libcublas.so.12 is missing"), ["ok gpu", "FAIL cublas libcublas"]),
        (FakeCuda(driver_error="the driver is too old"), ["FAIL gpu the driver is too old"]),
        (FakeCuda((card(capability=(3, 0)),)), ["FAIL gpu cuda:0", "ok cublas"]),
    ],
)
def test_doctor_says_what_each_machine_has_and_lacks(layer: FakeCuda, lines: list[str]) -> None:
    """One line a card, and one for the library where there is a card."""
    found = [
        f"{'ok' if finding.well else 'FAIL'} {finding.name} {finding.words}"
        for finding in doctor.cards(layer)
    ]
    assert len(found) == len(lines)
    for line, expected in zip(found, lines, strict=True):
        assert line.startswith(expected)
