"""A session: loading, rates, states, what it tells."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine import calibration
from engine.errors import ModelMissingError
from engine.fake import FakeEngine
from lsp_server import paths
from lsp_server import session as module
from lsp_server.session import Session, Status
from lsp_server.settings import Settings
from lsp_server.trace import Source
from tests.conftest import PATIENCE_S, at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a state folder of its own."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path / "state"))


async def test_rates_are_measured_once_and_remembered() -> None:
    """The second start asks nothing of the engine before it is ready."""
    first = FakeEngine(rest="a b c")
    told: list[Status] = []
    session = Session(Settings(), lambda: first, on_status=told.append)
    await session.load()
    session.close()
    assert first.history
    assert [status.state for status in told] == ["loading", "ready"]
    assert calibration.recall(paths.state_dir() / "rates.json", "fake") == session.rates
    second = FakeEngine(rest="a b c")
    again = Session(Settings(), lambda: second)
    await again.load()
    again.close()
    assert not second.history
    assert again.rates == session.rates


async def test_before_loading_there_is_nothing_to_offer() -> None:
    """No model, no document: an empty text and a trace that says so."""
    session = Session(Settings(), FakeEngine)
    assert (await session.complete(at("x = ‸")))[0] == ""
    text, trace = await session.complete(None)
    assert (text, trace.source) == ("", Source.NONE)
    assert session.describe()["ready"] is False
    session.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelMissingError("run `midfill models pull`"), "midfill models pull"),
        (ZeroDivisionError("secret path"), "ZeroDivisionError"),
    ],
)
async def test_a_model_that_cannot_be_loaded_is_a_status(error: Exception, words: str) -> None:
    """`load` never raises, and unknown errors show their name only."""

    def fail() -> FakeEngine:
        raise error

    session = Session(Settings(), fail)
    await session.load()
    assert session.status.state == "error"
    assert words in session.status.message
    assert "secret" not in session.status.message
    assert (await session.complete(at("x = ‸")))[0] == ""
    session.close()


async def test_states_are_given_back_at_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the budget forces it in the middle of typing."""
    monkeypatch.setattr(module, "_IDLE_CHECK_S", 0.01)
    monkeypatch.setattr(module, "_IDLE_S", 0.02)
    engine = FakeEngine(rest="foo()", kv_bytes_per_token=1000, budget_bytes=45_000)
    session = Session(Settings(), lambda: engine, calibrate=False)
    await session.load()
    text, _ = await session.complete(at("import os\n\n\nx = ‸\n"))
    assert text == "foo()"
    async with asyncio.timeout(PATIENCE_S):
        while engine.account().prompts:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
    assert (await session.complete(at("import os\n\n\nx = q‸\n")))[0] == "foo()"
    session.close()


@pytest.mark.parametrize(("prefill", "decode", "reason"), [(300, 20, ""), (20, 90, "slow")])
async def test_a_slow_machine_is_named(prefill: float, decode: float, reason: str) -> None:
    """Ready all the same, with what can be expected and what helps."""
    engine = FakeEngine(rest="a b c")
    rates = calibration.Rates(prefill_tokens_s=prefill, decode_ms=decode)
    calibration.remember(paths.state_dir() / "rates.json", engine.name, rates)
    session = Session(Settings(), lambda: engine)
    await session.load()
    assert (session.status.state, session.status.reason) == ("ready", reason)
    assert ("about 1070 ms" in session.status.message) == bool(reason)
    session.close()
