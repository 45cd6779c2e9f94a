"""The real device layer on a machine without one, and doctor on machines with."""

from __future__ import annotations

import pytest

from engine.device import cuda
from engine.device.cuda import NvidiaCuda
from engine.device.placement import options
from engine.errors import DeviceError
from lsp_server.commands import doctor
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


class Driver:
    """A driver's library that answers `cuInit` with a code and counts its cards."""

    def __init__(self, code: int) -> None:
        self._code = code

    def cuInit(self, _: int) -> int:  # noqa: N802 - the driver's name
        """As the real one: 0 is success."""
        return self._code

    def cuDeviceGetCount(self, _: object) -> int:  # noqa: N802 - the driver's name
        """Success; the count stays zero."""
        return 0


@pytest.mark.parametrize("code", [0, 100, 101])
def test_a_driver_without_a_visible_card_means_no_cards(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA_VISIBLE_DEVICES that is empty, or names what is not there, hides them all."""
    monkeypatch.setattr(cuda, "_open", lambda _: Driver(code))
    assert NvidiaCuda().cards() == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (35, "too old for CUDA 12; install 525"),
        (803, "too old"),
        (804, "too old"),
        (999, r"refused \(CUDA error 999\); try `nvidia-smi`"),  # after a reset, say
    ],
)
def test_a_driver_that_refuses_says_why(
    code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the next step."""
    monkeypatch.setattr(cuda, "_open", lambda _: Driver(code))
    with pytest.raises(DeviceError, match=words):
        NvidiaCuda().cards()


def test_what_hides_the_cards_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By doctor, and to those who asked for a card."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    (found,) = doctor.cards(FakeCuda(()))
    assert (found.well, found.words) == (
        True,
        "none found, CUDA_VISIBLE_DEVICES is '7'; the CPU is used",
    )
    (refusal,) = options("cuda", "auto", 1, FakeCuda(())).refusals
    assert "CUDA_VISIBLE_DEVICES is '7'" in refusal
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert "is '" not in options("cuda", "auto", 1, FakeCuda(())).refusals[0]


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
