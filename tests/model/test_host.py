"""The real model in an engine host: a crash of native code, and what two servers share."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from engine.errors import ModelMissingError
from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from tests.e2e.wire import Wire

pytestmark = pytest.mark.model

ADD = "def add(a, b):\n    return \n\n\nprint(add(1, 2))\n"
LONG = "def quicksort(items):\n    "


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A runtime folder of the test's own."""
    try:
        Store().find(DEFAULT)
    except ModelMissingError as error:
        pytest.fail(f"run `midfill models pull` ({error})")
    return {**os.environ, "MIDFILL_RUNTIME_DIR": str(tmp_path / "run")}


def serve(env: dict[str, str]) -> Wire:
    """A real server that waits for whole answers."""
    wire = Wire("--target-ms", "20000", engine="", env=env)
    wire.initialize(
        initializationOptions={"suggestions": {"ahead": "off"}, "engine": {"linger_s": 0}}
    )
    return wire.ready()


def host(env: dict[str, str]) -> int:
    """Process id of the one host."""
    (card,) = Path(env["MIDFILL_RUNTIME_DIR"]).glob("*.json")
    return int(json.loads(card.read_text(encoding="utf-8"))["pid"])


def test_a_segmentation_fault_in_mid_generation_costs_one_answer(env: dict[str, str]) -> None:
    """The session goes on, and the model answers again by itself."""
    with serve(env) as wire:
        wire.open(LONG, "file:///space/long.py")
        lost = wire.want(1, 4, "file:///space/long.py")
        wire.stats()
        os.kill(host(env), signal.SIGSEGV)
        assert isinstance(wire.answer(lost)["items"], list)
        wire.until(
            lambda: any("works" in status["message"] for status in wire.said("midfill/status")),
            "a restart",
        )
        assert wire.stats()["faults"] == {"engine-lost": 1}
        wire.open(ADD)
        (item,) = wire.complete(1, 11)
        assert item["insertText"].startswith("    return a + b")
        assert wire.leave() == 0


def test_two_servers_use_one_model(env: dict[str, str]) -> None:
    """One host, whose kept states serve both; the servers themselves stay small."""
    with serve(env) as first, serve(env) as second:
        for wire in (first, second):
            wire.open(ADD)
            assert wire.complete(1, 11)[0]["insertText"].startswith("    return a + b")
        assert second.stats()["cached_prompt_tokens"] > 0
        model = psutil.Process(host(env)).memory_info().rss
        for wire in (first, second):
            assert psutil.Process(wire.process.pid).memory_info().rss < model / 3
        assert first.leave() == second.leave() == 0
