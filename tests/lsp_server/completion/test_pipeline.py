"""The request pipeline over a fake engine: where answers come from, and what they cost."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from context.snapshot import Cursor
from engine import calibration
from engine.calibration import Rates
from engine.errors import GenerationError
from engine.fake import FakeEngine
from lsp_server import paths
from lsp_server.completion.trace import AnswerSource, Trace
from lsp_server.session.report import describe
from lsp_server.session.session import Session
from lsp_server.settings.model import LatencySettings, Settings, SuggestionSettings
from tests.conftest import PATIENCE_S, at, typed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from context.snapshot import Snapshot
    from engine.api import CancelToken, Generation, Request, Token
    from lsp_server.session.status import Status

NOT_AHEAD = SuggestionSettings(ahead="off")
PATIENT = Settings(
    latency=LatencySettings(target_ms=20_000, deadline_ms=25_000), suggestions=NOT_AHEAD
)
AHEAD = dataclasses.replace(PATIENT, suggestions=SuggestionSettings(ahead="on"))
LAPTOP, CARD = Rates(prefill_tokens_s=1000, decode_ms=25), Rates(50_000, 4)
HASTY = dataclasses.replace(PATIENT, latency=LatencySettings(target_ms=0, deadline_ms=25_000))


class Desk:
    """A loaded session and what it said."""

    def __init__(self, engine: FakeEngine, settings: Settings) -> None:
        self.engine = engine
        self.engines = [engine, FakeEngine(rest="fine()")]  # the second one after a fault
        self.statuses: list[Status] = []
        self.more: list[Snapshot] = []
        self.session = Session(
            settings,
            lambda: self.engines.pop(0),
            on_status=self.statuses.append,
            more_available=self.more.append,
            calibrate=False,
        )

    async def ask(self, snapshot: Snapshot) -> tuple[str, Trace]:
        """One request, as the server makes it."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.session.complete(snapshot)

    @property
    def runs(self) -> int:
        """How many generations there were."""
        return len(self.engine.history)


Desks = Callable[..., Awaitable[Desk]]


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true; it is an error when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - conditions of another thread have no event
            await asyncio.sleep(0.002)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates that a test invents are its own."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
async def desks() -> AsyncIterator[Desks]:
    """Makes loaded sessions and closes them."""
    made: list[Desk] = []

    async def make(
        engine: FakeEngine, settings: Settings = PATIENT, rates: Rates | None = None
    ) -> Desk:
        if rates is not None:
            calibration.remember(paths.state_dir() / "rates.json", engine.info.name, rates)
        made.append(Desk(engine, settings))
        await made[-1].session.load()
        return made[-1]

    yield make
    for desk in made:
        desk.session.close()


async def test_a_cold_request_is_answered_by_the_model(desks: Desks) -> None:
    """The first answer in a file costs a prefill, and its trace says so."""
    desk = await desks(FakeEngine(["return a + b"]))
    text, trace = await desk.ask(at("def add(a, b):\n    ‸\n"))
    assert text == "return a + b"
    assert trace.source is AnswerSource.COLD
    assert trace.reused_tokens == 0
    assert trace.decoded_tokens > 0
    assert trace.shown_chars == len(text)
    assert set(trace.stages) >= {"cache", "select", "wait", "postprocess", "prefill", "decode"}


async def test_typing_through_a_suggestion_costs_no_generation(desks: Desks) -> None:
    """Every key that agrees is answered with the rest, to the end of the suggestion."""
    desk = await desks(FakeEngine(["return a + b"]))
    snapshot = at("def add(a, b):\n    ‸\n")
    rest, _ = await desk.ask(snapshot)
    while len(rest) > 1:
        snapshot, rest = typed(snapshot, rest[0]), rest[1:]
        text, trace = await desk.ask(snapshot)
        assert text == rest
        assert trace.source is AnswerSource.TYPE_THROUGH
    assert desk.runs == 1


async def test_typing_over_the_editors_closer_costs_no_generation(desks: Desks) -> None:
    """The bracket that stands behind the cursor is typed over, and the rest stays on offer."""
    desk = await desks(FakeEngine(["self):\n        return 1"]))
    begin = at("class A:\n    def get(‸)\n")
    assert (await desk.ask(begin))[0] == "self):\n        return 1"
    text, trace = await desk.ask(typed(begin, "self"))
    assert text == "):\n        return 1"
    assert trace.source is AnswerSource.TYPE_THROUGH
    text, _ = await desk.ask(at("class A:\n    def get(self)‸\n"))
    assert text == ":\n        return 1"
    assert desk.runs == 1


async def test_inside_a_word_the_model_is_not_asked(desks: Desks) -> None:
    """Nothing that it could say would be right there."""
    desk = await desks(FakeEngine(rest="line()"))
    text, trace = await desk.ask(at("x = self.read‸line()\n"))
    assert (text, trace.source, desk.runs) == ("", AnswerSource.NONE, 0)


async def test_accepting_a_line_finds_the_next_one(desks: Desks) -> None:
    """The rest of a block is offered after an accepted first line."""
    desk = await desks(FakeEngine(["\n    x = 1\n    return x"]))
    begin = at("def f():‸\n")
    text, _ = await desk.ask(begin)
    assert text == "\n    x = 1\n    return x"
    text, trace = await desk.ask(typed(begin, "\n    x = 1"))
    assert text == "\n    return x"
    assert trace.source in {AnswerSource.TYPE_THROUGH, AnswerSource.CACHE, AnswerSource.AHEAD}
    assert desk.runs == 1


async def test_going_back_finds_the_suggestion_again(desks: Desks) -> None:
    """Backspace into a known text is a look-up."""
    desk = await desks(FakeEngine(["urn a"]))
    assert (await desk.ask(at("    ret‸\n")))[0] == "urn a"
    text, trace = await desk.ask(at("    r‸\n"))
    assert text == "eturn a"
    assert trace.source is not AnswerSource.COLD
    assert desk.runs == 1


async def test_another_key_asks_the_model_on_the_kept_state(desks: Desks) -> None:
    """What does not agree is generated anew, reading only the live text."""
    desk = await desks(FakeEngine(["foo()", "bar()"]))
    snapshot = at("import os\n\n\nx = ‸\n")
    await desk.ask(snapshot)
    text, trace = await desk.ask(typed(snapshot, "q"))
    assert text == "bar()"
    assert trace.source is AnswerSource.WARM
    assert trace.reused_tokens > 10 * trace.read_tokens / 4
    first, second = desk.engine.history
    assert first.stable == second.stable


async def test_a_new_suffix_needs_a_new_stable_part(desks: Desks) -> None:
    """Text behind the cursor is part of what was read."""
    desk = await desks(FakeEngine(["foo()", "bar()"]))
    await desk.ask(at("x = ‸\n\ny = 1\n"))
    _, trace = await desk.ask(at("x = ‸\n\ny = 2\n"))
    assert trace.source is AnswerSource.COLD
    assert desk.engine.history[0].stable != desk.engine.history[1].stable


class SteppedEngine(FakeEngine):
    """A fake that decodes a token for each permit."""

    def __init__(self, answers: list[str]) -> None:
        super().__init__(answers)
        self.permits = threading.Semaphore(0)

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Wait for a permit before each token."""
        permits = self.permits

        def stepped(token: Token) -> bool:
            while not permits.acquire(timeout=0.02):
                if cancel.cancelled:
                    break
            return on_token(token)

        return super().generate(request, stepped, cancel)


async def test_a_request_that_agrees_waits_for_the_flight(desks: Desks) -> None:
    """Typing while the model is at work starts nothing new, and gets the rest of the answer."""
    engine = SteppedEngine(["return a + b"])
    desk = await desks(engine)
    snapshot = at("    ‸\n")
    first = asyncio.create_task(desk.ask(snapshot))
    await until(lambda: engine.history)
    first.cancel()  # the editor cancels what the next key made stale
    following = typed(snapshot, "ret")
    assert desk.session.pipeline is not None
    desk.session.pipeline.changed(following, line_finished=False)
    second = asyncio.create_task(desk.ask(following))
    await asyncio.sleep(0)
    engine.permits.release(100)
    text, trace = await second
    assert text == "urn a + b"
    assert trace.source is AnswerSource.IN_FLIGHT
    assert desk.runs == 1


async def test_a_key_that_disagrees_ends_the_flight(desks: Desks) -> None:
    """Cancelled work stops within a token and the new request is served."""
    engine = SteppedEngine(["return a", "yield b"])
    desk = await desks(engine)
    snapshot = at("    ‸\n")
    first = asyncio.create_task(desk.ask(snapshot))
    await until(lambda: engine.history)
    flight = desk.session.scheduler.flight_of(snapshot.uri)
    assert flight is not None
    engine.permits.release(1)
    await until(lambda: flight.tokens)
    second = asyncio.create_task(desk.ask(typed(snapshot, "y")))
    await until(lambda: flight.done)
    assert len(flight.tokens) <= 2
    engine.permits.release(100)
    assert (await second)[0] == "yield b"
    await first


async def test_when_the_target_passes_a_part_is_shown_and_the_rest_is_told_of(
    desks: Desks,
) -> None:
    """A growing answer ends at a word border, and the longer text extends it."""
    engine = SteppedEngine(["return a + b"])
    desk = await desks(engine, HASTY)
    snapshot = at("    ‸\n")
    asking = asyncio.create_task(desk.ask(snapshot))
    engine.permits.release(4)
    text, _ = await asking
    assert text
    assert "return a + b".startswith(text)
    assert len(text) < len("return a + b")
    engine.permits.release(100)
    await until(lambda: desk.more)
    assert desk.more == [snapshot]
    again, trace = await desk.ask(snapshot)
    assert again == "return a + b"
    assert again.startswith(text)
    assert trace.source in {AnswerSource.TYPE_THROUGH, AnswerSource.CACHE, AnswerSource.IN_FLIGHT}
    assert desk.runs == 1


async def test_what_is_decoded_in_the_meantime_serves_the_typed_text(desks: Desks) -> None:
    """Work goes on after an answer, and a later key gets it without a new generation."""
    engine = SteppedEngine(["return alpha + beta"])
    desk = await desks(engine, HASTY)
    snapshot = at("    ‸\n")
    asking = asyncio.create_task(desk.ask(snapshot))
    engine.permits.release(3)
    text, _ = await asking
    assert text == "return"
    following = typed(snapshot, "return")
    engine.permits.release(100)
    await until(lambda: desk.session.scheduler.idle)
    assert (await desk.ask(following))[0] == " alpha + beta"
    assert desk.runs == 1


async def test_the_deadline_ends_a_request_with_nothing(desks: Desks) -> None:
    """An engine that brings nothing in time is told to stop."""
    engine = SteppedEngine(["return a"])
    short = dataclasses.replace(PATIENT, latency=LatencySettings(target_ms=1, deadline_ms=30))
    desk = await desks(engine, short)
    text, _ = await desk.ask(at("    ‸\n"))
    assert text == ""
    flight = desk.session.scheduler.flight_of("file:///space/app/main.py")
    assert flight is not None
    await until(lambda: flight.done)
    assert flight.cancel.cancelled


async def test_an_engine_that_raises_costs_one_empty_answer(desks: Desks) -> None:
    """The request ends with nothing, the fault is counted and told, the next one works."""
    desk = await desks(FakeEngine([GenerationError("out of memory")]))
    text, _ = await desk.ask(at("x = ‸\n"))
    assert text == ""
    await until(lambda: desk.statuses[-1].state == "ready" and len(desk.statuses) >= 3)
    assert describe(desk.session)["faults"] == {"engine-raised": 1}
    assert (await desk.ask(at("x = ‸\n")))[0] == "fine()"


async def test_a_closed_document_is_forgotten(desks: Desks) -> None:
    """Its flight ends, its texts and stable parts are dropped."""
    engine = SteppedEngine(["a b c d", "other()"])
    desk = await desks(engine)
    snapshot = at("x = ‸\n")
    asking = asyncio.create_task(desk.ask(snapshot))
    await until(lambda: engine.history)
    flight = desk.session.scheduler.flight_of(snapshot.uri)
    assert flight is not None
    assert desk.session.pipeline is not None
    desk.session.pipeline.closed(snapshot.uri)
    text, _ = await asking
    await until(lambda: flight.done)
    assert len(flight.tokens) <= 1
    assert text == ""
    assert desk.session.scheduler.flight_of(snapshot.uri) is None


async def test_resting_reads_the_stable_part_before_anybody_asks(desks: Desks) -> None:
    """The first request after a rest finds its state warm."""
    desk = await desks(FakeEngine(["foo()"]))
    snapshot = at("import os\n\n\nx = ‸\n")
    assert desk.session.pipeline is not None
    desk.session.pipeline.rest(snapshot)
    await until(lambda: desk.session.stats.warmed_tokens and desk.session.scheduler.idle)
    _, trace = await desk.ask(snapshot)
    assert trace.source is AnswerSource.WARM
    assert trace.reused_tokens > 0


async def test_a_prefill_that_would_take_too_long_is_not_done_in_the_background(
    desks: Desks,
) -> None:
    """None can be interrupted, so a long one would make a request wait."""
    settings = dataclasses.replace(PATIENT, latency=LatencySettings(warm_ms=0))
    desk = await desks(FakeEngine(["foo()"]), settings)
    await until(lambda: desk.session.scheduler.idle)
    assert desk.session.pipeline is not None
    desk.session.pipeline.rest(at("import os\n\n\nx = ‸\n"))
    assert desk.session.scheduler.idle
    assert desk.session.stats.warmed_tokens == 0


async def test_what_follows_an_accept_is_prepared(desks: Desks) -> None:
    """With work ahead on, the completion behind the shown one is there when it is asked for."""
    desk = await desks(FakeEngine(["x = 1", "\ny = 2"]), AHEAD, LAPTOP)
    snapshot = at("‸\n")
    text, _ = await desk.ask(snapshot)
    assert text == "x = 1"
    await until(lambda: desk.runs == 2 and desk.session.scheduler.idle)
    text, trace = await desk.ask(typed(snapshot, text))
    assert text == "\ny = 2"
    assert trace.source is AnswerSource.AHEAD
    assert desk.runs == 2


async def test_a_fast_device_has_a_choice_ready_before_anybody_asks(desks: Desks) -> None:
    """An explicit request after a rest costs no generation, however often it comes."""
    desk = await desks(FakeEngine(["x = 1", "\ny = 2", "x = 1 |y = 2 |z = 3 "]), AHEAD, CARD)
    snapshot = at("‸\n")
    assert (await desk.ask(snapshot))[0] == "x = 1"
    await until(lambda: desk.runs == 3 and desk.session.scheduler.idle)
    assert [request.alternatives for request in desk.engine.history] == [1, 1, 3]
    for _ in range(2):
        assert (await desk.ask(snapshot))[0].startswith("x = 1")
        assert await desk.session.alternatives(snapshot) == ["x = 1", "y = 2", "z = 3"]
    assert desk.runs == 3


async def test_a_choice_is_for_its_text_and_cursor_alone(desks: Desks) -> None:
    """One key later it is made anew; what was decoded for another text is never offered."""
    desk = await desks(
        FakeEngine(["x = 1", "\ny = 2", "a = 1 |b = 2 ", "c = 3 |d = 4 "]), AHEAD, CARD
    )
    snapshot = at("‸\n")
    await desk.ask(snapshot)
    await until(lambda: desk.runs == 3 and desk.session.scheduler.idle)
    assert await desk.session.alternatives(typed(snapshot, "x")) == ["c = 3", "d = 4"]
    assert desk.runs == 4


@pytest.mark.parametrize(
    ("rates", "ahead", "runs"), [(LAPTOP, "on", 2), (CARD, "off", 1), (LAPTOP, "off", 1)]
)
async def test_no_choice_is_decoded_ahead_on_a_slow_device_or_against_the_setting(
    desks: Desks, rates: Rates, ahead: str, runs: int
) -> None:
    """It is decoded when somebody asks, and remembered from then on."""
    settings = dataclasses.replace(AHEAD, suggestions=SuggestionSettings(ahead=ahead))
    answers = ["x = 1", "\ny = 2", "x = 1 |y = 2 "] if runs == 2 else ["x = 1", "x = 1 |y = 2 "]
    desk = await desks(FakeEngine(answers), settings, rates)
    snapshot = at("‸\n")
    await desk.ask(snapshot)
    pipeline = desk.session.pipeline
    assert pipeline is not None
    await until(lambda: not pipeline._followers and desk.session.scheduler.idle)
    assert all(request.alternatives == 1 for request in desk.engine.history)
    for _ in range(2):
        assert await desk.session.alternatives(snapshot) == ["x = 1", "y = 2"]
    assert desk.runs == runs + 1


class StubbornEngine(FakeEngine):
    """Ends a choice only when it is told to, as a slow batch would."""

    ended = 0

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Wait for the end of a choice."""
        generation = super().generate(request, on_token, cancel)
        if request.alternatives > 1:
            while not cancel.cancelled:
                time.sleep(0.001)
            self.ended += 1
        return generation


async def test_a_choice_made_ahead_gives_way_to_any_request(desks: Desks) -> None:
    """Of the same document or another one; nobody waits for what nobody asked for."""
    engine = StubbornEngine(["x = 1", "\ny = 2", "x = 1 |y = 2 ", "foo()"])
    desk = await desks(engine, AHEAD, CARD)
    await desk.ask(at("‸\n"))
    await until(lambda: desk.runs == 3)
    assert (await desk.ask(at("a = ‸\n", uri="file:///space/app/other.py")))[0] == "foo()"
    assert engine.ended == 1


async def test_a_key_ends_a_choice_made_ahead(desks: Desks) -> None:
    """Before its request comes."""
    engine = StubbornEngine(["x = 1", "\ny = 2", "x = 1 |y = 2 "])
    desk = await desks(engine, AHEAD, CARD)
    snapshot = at("‸\n")
    await desk.ask(snapshot)
    await until(lambda: desk.runs == 3)
    assert desk.session.pipeline is not None
    desk.session.pipeline.changed(typed(snapshot, "q"), line_finished=False)
    await until(lambda: engine.ended)


async def test_an_improbable_answer_is_not_shown(desks: Desks) -> None:
    """Silence is better than a guess."""
    desk = await desks(FakeEngine(["foo()"], probability=0.05))
    assert (await desk.ask(at("x = ‸\n")))[0] == ""
    assert math.isclose(desk.session.stats.decoded_tokens, 1)


async def test_the_text_of_a_request_is_frozen(desks: Desks) -> None:
    """A cursor that moved on does not change the answer of an earlier request."""
    engine = SteppedEngine(["one()", "two()"])
    desk = await desks(engine)
    first = at("a = ‸\nb = \n")
    asking = asyncio.create_task(desk.ask(first))
    await until(lambda: engine.history)
    second = asyncio.create_task(desk.ask(first.at(Cursor(1, 4))))
    engine.permits.release(100)
    assert (await second)[0] in {"two()", "one()"}
    text, trace = await asking
    assert trace.source is AnswerSource.COLD
    assert "one()".startswith(text)  # as far as it came before the second one


async def test_a_joined_generation_that_turns_elsewhere_is_followed_by_a_new_one(
    desks: Desks,
) -> None:
    """A key typed before the first token may differ from it; its request is answered anew."""
    engine = SteppedEngine(["foo()", "bar()"])
    desk = await desks(engine)
    begin = at("x = ‸\n")
    first = asyncio.create_task(desk.ask(begin))
    await until(lambda: engine.history)
    second = asyncio.create_task(desk.ask(typed(begin, "q")))
    await asyncio.sleep(0.05)
    engine.permits.release(100)
    text, _ = await second
    assert text == "bar()"
    first.cancel()
