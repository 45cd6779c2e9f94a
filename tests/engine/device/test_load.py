"""Loading: a real generation decides, and the CPU is always there."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.load import load
from engine.models.manifest import Manifest
from engine.settings import EngineSettings
from tests.engine.device.fakes import FakeCuda, Workshop, card

if TYPE_CHECKING:
    from pathlib import Path

    from engine.device.cuda import GpuCard

NAME = "tiny"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with a manifest; no engine here reads the weights."""
    place = tmp_path / NAME
    place.mkdir()
    Manifest(
        name=NAME,
        family="qwen2.5-coder",
        source="x.gguf",
        source_sha256="0",
        quantization="int8",
        layers=2,
        kv_bytes_per_token=1000,
        vocabulary=100,
        sizes={"model.bin": 500_000_000},
    ).write(place)
    return place


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading names a compile cache to the driver; not to the other tests' processes."""
    for name in ("CUDA_CACHE_PATH", "CUDA_CACHE_MAXSIZE", "CUDA_CACHE_DISABLE"):
        monkeypatch.setenv(name, "")


def test_without_a_card_the_cpu_is_used_in_silence(folder: Path) -> None:
    """Most machines."""
    workshop = Workshop()
    load(folder, EngineSettings(), cuda=FakeCuda(()), open_at=workshop)
    assert workshop.places == ["cpu int8"]
    assert workshop.notes == [""]


def test_every_type_is_tried_and_the_winner_is_remembered(folder: Path, tmp_path: Path) -> None:
    """The first start races; the second only proves."""
    memo = tmp_path / "state" / "devices.json"
    first = Workshop()
    engine = load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(), open_at=first)
    winner = engine.info.name.split()[-1]
    tried = [place.split()[-1] for place in first.places]
    assert tried[:-1] == ["bfloat16", "int8_bfloat16", "int8", "float32"]
    assert tried[-1] == winner
    assert [e.closed for e in first.opened] == [True] * 4 + [False]
    second = Workshop()
    load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(), open_at=second)
    assert second.places == [f"cuda:0 {winner}"]


def test_a_type_that_counts_wrongly_never_wins(folder: Path) -> None:
    """Speed is no excuse."""
    wrong = frozenset({"bfloat16", "int8_bfloat16", "int8"})
    engine = load(folder, EngineSettings(), cuda=FakeCuda(), open_at=Workshop(wrong=wrong))
    assert engine.info.name == "fake cuda:0 float32"


ALL = ("bfloat16", "int8_bfloat16", "int8", "float32")


@pytest.mark.parametrize(
    "workshop",
    [
        Workshop(load_errors={"cuda:0": "CUDA failed with error out of memory"}),
        Workshop(run_errors=dict.fromkeys(ALL, "an illegal memory access was encountered")),
        Workshop(load_errors={"int8": "no kernel image"}, wrong=frozenset(ALL)),
    ],
)
def test_a_card_that_fails_gives_way_to_the_cpu_with_every_reason(
    folder: Path, workshop: Workshop
) -> None:
    """Never a crash; the note says what happened."""
    engine = load(folder, EngineSettings(), cuda=FakeCuda(), open_at=workshop)
    assert engine.info.name == "fake cpu int8"
    assert workshop.notes[-1].startswith("the CPU is used: ")
    assert "cuda:0 in bfloat16" in workshop.notes[-1]
    assert all(e.closed for e in workshop.opened[:-1])


def test_the_second_card_stands_in_for_the_first(folder: Path) -> None:
    """A card in exclusive use by another program fails at its first generation."""
    cards = (card(), card(index=1, free_bytes=card().free_bytes - 1))
    workshop = Workshop(load_errors={"cuda:0": "all CUDA-capable devices are busy"})
    engine = load(folder, EngineSettings(), cuda=FakeCuda(cards), open_at=workshop)
    assert engine.info.name.startswith("fake cuda:1")


def test_a_card_that_was_removed_in_service_gives_way_when_the_engine_starts_again(
    folder: Path, tmp_path: Path
) -> None:
    """What won there is remembered, and does not keep the CPU from serving; nor for good."""
    memo, settings = tmp_path / "devices.json", EngineSettings(device="cuda")
    load(folder, settings, memo=memo, cuda=FakeCuda(), open_at=Workshop())
    for gone in (FakeCuda(()), FakeCuda(driver_error="the NVIDIA driver refused")):
        workshop = Workshop()
        assert load(folder, settings, memo=memo, cuda=gone, open_at=workshop).info.device == "cpu"
        assert workshop.notes[-1].startswith("the CPU is used: ")
    workshop = Workshop()
    load(folder, settings, memo=memo, cuda=FakeCuda(), open_at=workshop)
    assert len(workshop.places) == 1  # the card is back, and needs no race
    assert workshop.places[0].startswith("cuda:0")


def test_a_remembered_type_that_fails_is_raced_again(folder: Path, tmp_path: Path) -> None:
    """After a driver update, say."""
    memo = tmp_path / "devices.json"
    load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(), open_at=Workshop())
    memo.write_text(memo.read_text(encoding="utf-8").replace("float32", "int8"), encoding="utf-8")
    workshop = Workshop(load_errors=dict.fromkeys(ALL[:-1], "no kernel image"))
    engine = load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(), open_at=workshop)
    assert engine.info.name == "fake cuda:0 float32"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"H100 tiny": 3}'])
def test_a_damaged_memory_is_no_memory(folder: Path, tmp_path: Path, text: str) -> None:
    """It is raced again and written anew."""
    memo = tmp_path / "devices.json"
    memo.write_text(text, encoding="utf-8")
    workshop = Workshop()
    load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(), open_at=workshop)
    assert len(workshop.opened) == 5


def test_a_compute_type_for_the_card_is_not_forced_on_the_cpu(folder: Path) -> None:
    """The CPU has no float16; its own setting is obeyed when the CPU is what was asked for."""
    settings = EngineSettings(compute_type="float16")
    workshop = Workshop()
    load(folder, settings, cuda=FakeCuda(()), open_at=workshop)
    float32 = replace(settings, device="cpu", compute_type="float32")
    load(folder, float32, cuda=FakeCuda(), open_at=workshop)
    assert workshop.places == ["cpu int8", "cpu float32"]


class WatchfulCuda(FakeCuda):
    """Sees what the driver would find in the environment."""

    def cards(self) -> tuple[GpuCard, ...]:
        """As always, and remembers the cache."""
        self.asked.append(os.environ["CUDA_CACHE_PATH"])
        return super().cards()


def test_the_driver_finds_its_compile_cache_before_it_is_asked(
    folder: Path, tmp_path: Path
) -> None:
    """Where the engine lives in no process of its own; the folder is the owner's alone."""
    state = tmp_path / "state"
    watchful = WatchfulCuda()
    load(folder, EngineSettings(), memo=state / "m.json", cuda=watchful, open_at=Workshop())
    assert watchful.asked[0] == str(state / "cuda-cache")
    assert stat.S_IMODE((state / "cuda-cache").stat().st_mode) == 0o700


def test_without_a_card_no_cache_is_made(folder: Path, tmp_path: Path) -> None:
    """Nothing is left in the state folder of a machine that needs none."""
    memo = tmp_path / "state" / "m.json"
    load(folder, EngineSettings(), memo=memo, cuda=FakeCuda(()), open_at=Workshop())
    assert not (tmp_path / "state").exists()
