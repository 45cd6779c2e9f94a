"""A session: loading, rates, states, what it tells."""

from __future__ import annotations

import asyncio
import errno
import threading
from typing import TYPE_CHECKING

import pytest

from context.settings import PromptSettings
from engine import calibration
from engine.api import Generation, StopReason
from engine.errors import EngineLoadError, ModelMissingError
from engine.fake import FakeEngine
from engine.settings import EngineSettings
from lsp_server import paths
from lsp_server.completion.trace import AnswerSource
from lsp_server.session import idle
from lsp_server.session import session as session_module
from lsp_server.session.report import describe
from lsp_server.session.session import Session
from lsp_server.session.status import Status
from lsp_server.settings.model import Settings
from tests.conftest import PATIENCE_S, at

if TYPE_CHECKING:
    from collections.abc import Callable
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


async def test_a_card_is_warmed_up_before_the_first_key_and_the_status_says_so() -> None:
    """At every start, since kernels are loaded by the process; a CPU has nothing to warm."""
    told: list[Status] = []
    for device in ("cuda:0", "cuda:0", "cpu"):
        engine = FakeEngine(rest="a b c", name=f"fake {device}", device=device)
        session = Session(Settings(), iter([engine]).__next__, on_status=told.append)
        await session.load()
        described = describe(session)
        session.close()
        assert described["device"] == device
        assert any(request.alternatives > 1 for request in engine.history) is (device != "cpu")
        assert session.status.state == "ready"
    warming = [status for status in told if "warming up cuda:0" in status.message]
    assert [status.state for status in warming] == ["loading"] * 2


async def test_before_loading_there_is_nothing_to_offer() -> None:
    """No model, no document: an empty text and a trace that says so."""
    session = Session(Settings(), FakeEngine)
    assert (await session.complete(at("x = ‸")))[0] == ""
    text, trace = await session.complete(None)
    assert (text, trace.source) == ("", AnswerSource.NONE)
    assert describe(session)["ready"] is False
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


async def test_prompt_and_answer_stay_within_what_the_model_reads() -> None:
    """However long the document and its lines, and whatever the setting says."""
    engine = FakeEngine(rest="foo()", context_length=1100)
    wanted = Settings(prompt=PromptSettings(max_tokens=4000))
    session = Session(wanted, lambda: engine, calibrate=False)
    await session.load()
    for length in (0, 100, 599, 700, 5000):
        above = "".join(f"name_{number} = {number}\n" for number in range(500))
        await session.complete(at(f"{above}{'x' * length}‸\n{above}"))
    assert len(engine.history) == 5
    sizes = [len(one.stable) + len(one.live) + one.max_new_tokens for one in engine.history]
    assert 600 < max(sizes) <= 1100
    assert "prompt.max_tokens 4000 is cut to 436" in session.status.message
    assert describe(session)["max_prompt_tokens"] == 436
    session.reconfigure(Settings(prompt=PromptSettings(max_tokens=436)))
    assert "cut" not in session.status.message
    session.reconfigure(wanted)
    assert "is cut to 436" in session.status.message
    session.close()


async def test_states_are_given_back_at_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the budget forces it in the middle of typing."""
    monkeypatch.setattr(idle, "CHECK_S", 0.01)
    monkeypatch.setattr(idle, "IDLE_S", 0.02)
    engine = FakeEngine(rest="foo()", kv_bytes_per_token=1000, budget_bytes=45_000)
    session = Session(Settings(), lambda: engine, calibrate=False)
    await session.load()
    resting = asyncio.create_task(idle.run(session))
    text, _ = await session.complete(at("import os\n\n\nx = ‸\n"))
    assert text == "foo()"
    async with asyncio.timeout(PATIENCE_S):
        while engine.account().prompts:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
    assert (await session.complete(at("import os\n\n\nx = q‸\n")))[0] == "foo()"
    resting.cancel()
    session.close()


async def test_a_model_that_nobody_asks_is_unloaded_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its memory is free after the rest; the first wish loads it, the next ones are answered."""
    monkeypatch.setattr(idle, "CHECK_S", 0.01)
    engines: list[FakeEngine] = []

    def make() -> FakeEngine:
        engines.append(FakeEngine(rest="foo()"))
        return engines[-1]

    settings = Settings(engine=EngineSettings(idle_min=0.001))
    session = Session(settings, make, calibrate=False)
    await session.load()
    resting = asyncio.create_task(idle.run(session))
    assert (await session.complete(at("x = ‸\n")))[0] == "foo()"
    async with asyncio.timeout(PATIENCE_S):
        while not engines[0].closed:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
        session.settings = Settings()  # or it falls asleep again while it is watched
        assert "unloaded" in session.status.message
        assert (await session.complete(at("x = q‸\n")))[0] == ""
        while session.scheduler.engine is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await session.complete(at("x = qq‸\n")))[0] == "foo()"
    assert len(engines) == 2
    assert session.status.state == "ready"
    resting.cancel()
    session.close()


@pytest.mark.parametrize(
    ("seen_s", "times", "learnt"),
    [
        (1000.0, 1, 1000.0),  # noise only slows
        (100.0, 1, 300.0),
        (100.0, 31, 300.0),
        (100.0, 32, 100.0),  # on battery by now, or the state came from a faster machine
        (290.0, 32, 300.0),
    ],
)
async def test_rates_are_corrected_both_ways(seen_s: float, times: int, learnt: float) -> None:
    """One quick reading is a proof, many slow ones are; decoding likewise; it is remembered."""
    engine = FakeEngine(rest="a b c")
    file = paths.state_dir() / "rates.json"
    calibration.remember(file, engine.info.name, calibration.Rates(300.0, decode_ms=20.0))
    session = Session(Settings(), lambda: engine)
    await session.load()
    reading = Generation((), 9, StopReason.END, 1000, 0, 1e6 / seen_s, 8 * 6000 / seen_s)
    for _ in range(times):
        session.stats.count(reading, warm=False)
    idle._learn_from_work(session, engine)
    assert session.rates is not None
    assert session.rates.prefill_tokens_s == pytest.approx(learnt)
    assert session.rates.decode_ms == pytest.approx(6000 / learnt)
    if learnt != 300:
        assert calibration.recall(file, engine.info.name) == session.rates
    session.close()


@pytest.mark.parametrize(("prefill", "decode", "reason"), [(300, 20, ""), (20, 90, "slow")])
async def test_a_slow_machine_is_named(prefill: float, decode: float, reason: str) -> None:
    """Ready all the same, with what can be expected and what helps."""
    engine = FakeEngine(rest="a b c")
    rates = calibration.Rates(prefill_tokens_s=prefill, decode_ms=decode)
    calibration.remember(paths.state_dir() / "rates.json", engine.info.name, rates)
    session = Session(Settings(), lambda: engine)
    await session.load()
    assert (session.status.state, session.status.reason) == ("ready", reason)
    assert ("about 1070 ms" in session.status.message) == bool(reason)
    session.close()


def one_after_the_other(*outcomes: FakeEngine | Exception) -> Callable[[], FakeEngine]:
    """Makes these engines, and fails with these errors, in this order."""
    left = iter(outcomes)

    def make() -> FakeEngine:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return make


async def closed(engine: FakeEngine) -> None:
    """Wait until an engine was unloaded, on its own thread."""
    async with asyncio.timeout(PATIENCE_S):
        while not engine.closed:  # noqa: ASYNC110 - no loop to tell
            await asyncio.sleep(0.01)


async def test_switch_keeps_the_old_model_until_the_new_one_is_ready() -> None:
    """While the new one is loaded the old one answers; then it is closed and the new one does."""
    old, new = FakeEngine(rest="old()\n", name="old"), FakeEngine(rest="new()\n", name="new")
    gate = threading.Event()
    engines = iter([old, new])

    def make() -> FakeEngine:
        engine = next(engines)
        if engine is new:
            assert gate.wait(PATIENCE_S)
        return engine

    session = Session(Settings(), make, calibrate=False)
    await session.load()
    switching = asyncio.create_task(session.switch())
    text, _ = await session.complete(at("x = ‸"))
    assert text.startswith("old()")
    gate.set()
    await switching
    assert session.status == Status("ready", "new")
    text, _ = await session.complete(at("x = ‸"))
    assert text.startswith("new()")
    await closed(old)
    session.close()


async def test_switch_to_a_model_that_fails_changes_nothing() -> None:
    """The status says that the old one stays, and why; a later switch can still succeed."""
    works = FakeEngine(rest="old()\n", name="old")
    missing = ModelMissingError("run `midfill models pull`")
    outcomes = (works, missing, FakeEngine(name="new"))

    session = Session(Settings(), one_after_the_other(*outcomes), calibrate=False)
    await session.load()
    await session.switch()
    assert session.status.state == "ready"
    assert session.status.message == "old stays: run `midfill models pull`"
    assert (await session.complete(at("x = ‸")))[0].startswith("old()")
    await session.switch()
    assert session.status == Status("ready", "new")
    session.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("can't start new thread"), "raise `ulimit -u`"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "raise `ulimit -u`"),
        (MemoryError(), "no memory is left"),
        (ZeroDivisionError("the user's text"), "ZeroDivisionError, which is a bug"),
        (EngineLoadError("the engine host ended by SIGKILL"), "by SIGKILL"),
    ],
)
async def test_a_model_that_could_not_be_loaded_is_tried_again(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status says why, in words and without any text, until the next attempt goes well."""
    monkeypatch.setattr(session_module, "LEAST_S", 0.0)
    told: list[Status] = []
    ready = asyncio.Event()

    def tell(status: Status) -> None:
        told.append(status)
        if status.state == "ready":
            ready.set()

    make = one_after_the_other(error, FakeEngine(name="works"))
    session = Session(Settings(), make, calibrate=False, on_status=tell)
    await session.load()
    await asyncio.wait_for(ready.wait(), PATIENCE_S)
    assert [words in status.message for status in told] == [True, False]
    assert "text" not in told[0].message
    session.close()


async def test_a_missing_model_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the disk is watched; nobody tries in vain."""
    monkeypatch.setattr(session_module, "LEAST_S", 0.0)
    session = Session(Settings(), one_after_the_other(ModelMissingError("none")), calibrate=False)
    await session.load()
    assert session._next_load is None
    session.close()


async def test_switch_heals_a_session_without_a_model() -> None:
    """A server that started without a model answers as soon as one is chosen."""
    outcomes = (ModelMissingError("none"), FakeEngine(rest="a b c"))

    session = Session(Settings(), one_after_the_other(*outcomes), calibrate=False)
    await session.load()
    assert session.status.state == "error"
    await session.switch()
    assert session.status.state == "ready"
    assert (await session.complete(at("x = ‸")))[0]
    session.close()


async def test_closing_in_the_middle_of_a_switch_leaves_no_engine() -> None:
    """The model that comes too late is unloaded again."""
    old, new = FakeEngine(), FakeEngine()
    gate = threading.Event()
    engines = iter([old, new])

    def make() -> FakeEngine:
        engine = next(engines)
        if engine is new:
            assert gate.wait(PATIENCE_S)
        return engine

    session = Session(Settings(), make, calibrate=False)
    await session.load()
    switching = asyncio.create_task(session.switch())
    await asyncio.sleep(0)
    session.close()
    gate.set()
    await switching
    await closed(old)
    await closed(new)
