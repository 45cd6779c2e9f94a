"""Real hosts with fake engines, and what is left of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.host import connect
from engine.host.engine_spec import EngineSpec
from engine.host.remote import RemoteEngine
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.005)


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class Hosts:
    """Makes engines in hosts; `state` is their state folder, `plan` what they run."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.plan = EngineSpec(fake="one two three four five six", fake_token_s=0.02)
        self.engines: list[RemoteEngine] = []
        self.pids: set[int] = set()

    def shared(self, plan: EngineSpec | None = None, linger_s: float = 0.0) -> RemoteEngine:
        """An engine in the shared host."""
        return self._engine(connect.shared(plan or self.plan, self.state, linger_s), plan)

    def own(self, plan: EngineSpec | None = None) -> RemoteEngine:
        """An engine in a host of its own."""
        return self._engine(connect.own(plan or self.plan, self.state), plan)

    def pid(self, engine: RemoteEngine) -> int:
        """Process id of an engine's host."""
        return engine._meeting.card.pid

    def _engine(self, meeting: connect.HostConnection, plan: EngineSpec | None) -> RemoteEngine:
        self.pids.add(meeting.card.pid)
        engine = RemoteEngine(meeting, *(plan or self.plan).reading())
        self.engines.append(engine)
        return engine


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """Hosts in a runtime folder of the test's own; none outlives it."""
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path / "run"))
    made = Hosts(tmp_path / "state")
    yield made
    for engine in made.engines:
        engine.close()
    for pid in made.pids:
        until(lambda pid=pid: gone(pid), "the end of a host")  # type: ignore[misc]  # bound at once
