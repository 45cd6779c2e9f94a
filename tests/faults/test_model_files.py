"""The model's files go, shrink or change while a real server uses them."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.models.add import AddOptions, add
from engine.models.progress import Silent
from engine.models.store import Store
from tests.conftest import PATIENCE_S
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS: dict[str, Any] = {
    "engine": {"process": "own", "device": "cpu"},
    "latency": {"target_ms": 20_000},
    "suggestions": {"ahead": "off"},
}


@pytest.fixture
def folder(gguf_file: Path, tmp_path: Path) -> Path:
    """A store's only model: tiny, random and real."""
    return add(Store(tmp_path / "data"), str(gguf_file), AddOptions(), Silent()).path


@pytest.fixture
def wire(folder: Path) -> Iterator[Wire]:
    """A ready server with that model in a process of its own; it must end in order."""
    env = {**os.environ, "MIDFILL_DATA_DIR": str(folder.parents[1])}
    assert Store(folder.parents[1]).path("tiny") == folder
    with Wire(engine="", env=env) as made:
        made.initialize(initializationOptions=OPTIONS)
        made.ready().open("x = \n")
        yield made
        assert made.leave() == 0


def decodes(wire: Wire) -> bool:
    """Whether one more request reaches the model; it is answered in any case."""
    before = wire.stats()["decoded_tokens"]
    wire.edit((0, 4), (0, 99), "abcdefgh"[before % 8])
    wire.complete(0, 5)
    return bool(wire.stats()["decoded_tokens"] > before)


def crash(wire: Wire) -> None:
    """The engine's process dies, so that the files are needed again."""
    (host,) = psutil.Process(wire.process.pid).children()
    host.kill()


def until_told(wire: Wire, *words: str) -> str:
    """Wait for a status with these words."""
    found: dict[str, str] = wire.until(
        lambda: [
            status
            for status in wire.said("midfill/status")
            if all(word in status["message"] for word in words)
        ],
        f"a status with {words}",
    )[-1]
    return found["message"]


def test_a_model_deleted_while_it_serves_goes_on_serving(wire: Wire, folder: Path) -> None:
    """It is in memory; only the next start misses it, says so, and finds it when it is back."""
    aside = folder.parents[2] / "aside"
    folder.rename(aside)
    assert decodes(wire)
    assert wire.stats()["faults"] == {}
    crash(wire)
    message = until_told(wire, "could not be started again")
    assert "midfill models" in message
    assert wire.complete(0, 5) == []
    aside.rename(folder)
    until_told(wire, "works")
    assert decodes(wire)


def test_a_model_truncated_while_it_serves_goes_on_serving(wire: Wire, folder: Path) -> None:
    """The next start refuses what is left of it, with the command that checks it."""
    weights = (folder / "model.bin").read_bytes()
    os.truncate(folder / "model.bin", len(weights) // 2)
    assert decodes(wire)
    crash(wire)
    message = until_told(wire, "could not be started again")
    assert "midfill models" in message
    (folder / "model.bin").write_bytes(weights)
    until_told(wire, "works")
    assert decodes(wire)


def test_a_model_replaced_while_it_serves_is_used_from_the_next_start(
    wire: Wire, folder: Path
) -> None:
    """The old one answers until then; there is no mixture of the two."""
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    shutil.rmtree(folder)
    other.rename(folder)
    assert decodes(wire)
    crash(wire)
    until_told(wire, "works")
    end = time.monotonic() + PATIENCE_S
    while not decodes(wire):
        assert time.monotonic() < end, "the new model was never used"
    assert set(wire.stats()["faults"]) <= {"engine-lost"}
