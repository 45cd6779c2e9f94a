"""`midfill models use` while a server runs, with two real models."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.models.catalogue import DEFAULT
from engine.models.manifest import Manifest
from engine.models.store import Store
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The default model under two names; the weights are those of the user's store."""
    real = Store().find(DEFAULT)
    store = Store(tmp_path / "data")
    for name in ("first", "second"):
        folder = store.path(name)
        folder.mkdir(parents=True)
        for file in real.manifest.files:
            (folder / file).symlink_to(real.path / file)
        replace(Manifest.read(real.path), name=name).write(folder)
    return store


def test_a_running_server_changes_its_model(store: Store) -> None:
    """`use` in another process: the same server answers with the other model, without restart."""
    env = {**os.environ, "MIDFILL_DATA_DIR": str(store.root)}

    def use(name: str) -> None:
        words = [sys.executable, "-m", "lsp_server", "models", "use", name]
        subprocess.run(words, env=env, check=True, timeout=60)

    def ready(wire: Wire, name: str) -> bool:
        told = wire.said("midfill/status")
        return any(it["state"] == "ready" and it["message"].startswith(name) for it in told)

    with Wire("--target-ms", "20000", engine="", env=env) as wire:
        wire.initialize(initializationOptions={"suggestions": {"ahead": "off"}})
        wire.ready()
        assert ready(wire, "first")
        wire.open("def add(a, b):\n    return \n")
        (before,) = wire.complete(1, 11)
        use("second")
        wire.until(lambda: ready(wire, "second"), "the second model")
        (after,) = wire.complete(1, 11)
        assert after["insertText"] == before["insertText"]
        assert wire.stats()["engine"].startswith("second")
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0
