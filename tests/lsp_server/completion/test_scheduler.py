"""The scheduler with an engine on its thread: newest wins, faults cost one request."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from engine.errors import EngineClosedError, EngineLoadError, GenerationError, MidfillError
from engine.fake import FakeEngine
from lsp_server.completion import backoff, worker
from lsp_server.completion.counters import Counters
from lsp_server.completion.inflight import InflightGeneration
from lsp_server.completion.scheduler import Scheduler
from tests.conftest import PATIENCE_S, at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.api import CancelToken, Generation, Request, Token


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restarts follow at once."""
    monkeypatch.setattr(backoff, "BACK_OFF_S", (0.0, 0.0, 0.0))


class GatedEngine(FakeEngine):
    """A fake whose prefill and tokens wait until a test lets them go.

    Attributes:
        prefill: set while prefills may end.
        tokens: one permit for each token that may be decoded.
        reading: set when a prefill has begun.
    """

    def __init__(self, rest: str) -> None:
        super().__init__(rest=rest)
        self.prefill = threading.Event()
        self.tokens = threading.Semaphore(0)
        self.reading = threading.Event()

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Wait at the gates."""

        def gated(token: Token) -> bool:
            assert self.tokens.acquire(timeout=PATIENCE_S)
            return on_token(token)

        self.reading.set()
        assert self.prefill.wait(PATIENCE_S)
        return super().generate(request, gated, cancel)


class Bench:
    """A scheduler with everything that it makes and says."""

    def __init__(self, *engines: FakeEngine) -> None:
        self.engines = list(engines)
        self.made: list[FakeEngine] = []
        self.stats = Counters()
        self.told: list[str] = []
        self.scheduler = Scheduler(self._make, self.stats, self.told.append)

    def _make(self) -> FakeEngine:
        self.made.append(self.engines.pop(0))
        return self.made[-1]

    def fly(self, marked: str = "a‸", uri: str = "file:///a") -> InflightGeneration:
        """Submit a flight for a cursor."""
        engine = self.made[0]
        prompts = PromptMaker(engine.tokenizer, engine.family, PromptSettings(), 400)
        flight = InflightGeneration(uri, prompts.make(at(marked, uri=uri)), 64, lambda _: False)
        self.scheduler.submit(flight)
        return flight


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true; it is an error when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - conditions of another thread have no event
            await asyncio.sleep(0.002)


@pytest.fixture
async def benches() -> AsyncIterator[Callable[..., Bench]]:
    """Makes benches and closes them."""
    made: list[Bench] = []

    def make(*engines: FakeEngine) -> Bench:
        made.append(Bench(*engines))
        return made[-1]

    yield make
    for bench in made:
        for engine in bench.made:
            if isinstance(engine, GatedEngine):
                engine.prefill.set()
                engine.tokens.release(10_000)
        bench.scheduler.close()


async def test_a_flight_brings_the_engines_text(benches: Callable[..., Bench]) -> None:
    """From queue to end, and the work is counted."""
    bench = benches(FakeEngine(rest="return x"))
    await bench.scheduler.start()
    flight = bench.fly()
    await until(lambda: flight.done)
    assert flight.text == "return x"
    assert flight.error is None
    assert bench.stats.decoded_tokens == 3
    await until(lambda: bench.scheduler.idle)


async def test_the_newest_request_of_a_document_wins(benches: Callable[..., Bench]) -> None:
    """What waits is dropped before its prefill, what runs ends at once."""
    engine = GatedEngine("one two three")
    bench = benches(engine)
    await bench.scheduler.start()
    first = bench.fly("a‸")
    await until(engine.reading.is_set)
    second, third = bench.fly("ab‸"), bench.fly("abc‸")
    assert second.done
    assert second.cancel.cancelled
    engine.prefill.set()
    engine.tokens.release(100)
    await until(lambda: first.done and third.done)
    assert len(first.tokens) <= 1
    assert third.text == "one two three"
    assert [request.live[-1] for request in engine.history] == [ord("a"), ord("c")]


async def test_documents_do_not_cancel_each_other(benches: Callable[..., Bench]) -> None:
    """Each document has its own newest request; the one asked last is served first."""
    engine = GatedEngine("x y")
    bench = benches(engine)
    await bench.scheduler.start()
    flights = [bench.fly("a‸", "file:///1")]
    await until(engine.reading.is_set)
    flights += [bench.fly("b‸", "file:///2"), bench.fly("c‸", "file:///3")]
    engine.prefill.set()
    engine.tokens.release(100)
    await until(lambda: all(flight.done for flight in flights))
    assert [flight.text for flight in flights] == ["x y"] * 3
    assert [chr(request.live[-1]) for request in engine.history] == ["a", "c", "b"]


async def test_work_ahead_gives_way_to_anybody(benches: Callable[..., Bench]) -> None:
    """A flight that was answered only works ahead, so another document's request ends it."""
    engine = GatedEngine("one two three four")
    bench = benches(engine)
    await bench.scheduler.start()
    ahead = bench.fly("a‸", "file:///1")
    engine.prefill.set()
    engine.tokens.release(1)
    await until(lambda: ahead.tokens)
    ahead.answered_at = 1
    other = bench.fly("b‸", "file:///2")
    engine.tokens.release(100)
    await until(lambda: other.done)
    assert ahead.done
    assert len(ahead.tokens) <= 2
    assert other.text == "one two three four"


async def test_divergence_stops_decoding_within_one_token(benches: Callable[..., Bench]) -> None:
    """Typing something else costs one more token, not the whole answer."""
    engine = GatedEngine("one two three four five")
    bench = benches(engine)
    await bench.scheduler.start()
    flight = bench.fly("a‸")
    engine.prefill.set()
    engine.tokens.release(2)
    await until(lambda: len(flight.tokens) == 2)
    flight.wanted = "aone too"
    engine.tokens.release(100)
    await until(lambda: flight.done)
    assert len(flight.tokens) == 3
    assert bench.stats.decoded_tokens == 3


async def test_a_cancelled_flight_is_dropped_before_its_prefill(
    benches: Callable[..., Bench],
) -> None:
    """Text that changed while a request waited is never read."""
    engine = GatedEngine("x")
    bench = benches(engine)
    await bench.scheduler.start()
    bench.fly("a‸", "file:///1")
    await until(engine.reading.is_set)
    stale = bench.fly("b‸", "file:///2")
    bench.scheduler.cancel("file:///2")
    engine.prefill.set()
    engine.tokens.release(100)
    await until(lambda: stale.done and bench.scheduler.idle)
    assert len(engine.history) == 1


async def test_warming_comes_last_and_the_newest_wins(benches: Callable[..., Bench]) -> None:
    """Background reading waits for requests, and only the newest place is read."""
    engine = GatedEngine("x")
    bench = benches(engine)
    await bench.scheduler.start()
    bench.fly("a‸", "file:///1")
    await until(engine.reading.is_set)
    bench.scheduler.warm((1, 2, 3))
    bench.scheduler.warm((4, 5, 6))
    later = bench.fly("b‸", "file:///2")
    engine.prefill.set()
    engine.tokens.release(100)
    await until(lambda: bench.scheduler.idle)
    assert later.done
    assert engine.holds((4, 5, 6))
    assert not engine.holds((1, 2, 3))
    assert bench.stats.warmed_tokens == 4


@pytest.mark.parametrize("fault", [GenerationError("out of memory"), RuntimeError("a bug")])
async def test_an_engine_that_raises_is_replaced(
    benches: Callable[..., Bench], fault: Exception
) -> None:
    """The request ends with nothing, the fault is counted and told, and then all is well."""
    bench = benches(FakeEngine([fault]), FakeEngine(rest="fine"))
    await bench.scheduler.start()
    broken = bench.fly()
    await until(lambda: broken.done)
    assert isinstance(broken.error, MidfillError)
    assert broken.text == ""
    await until(lambda: len(bench.made) == 2)
    await until(lambda: bench.scheduler.engine is not None and len(bench.told) == 2)
    assert bench.stats.faults["engine-raised"] == 1
    assert "restarted" in bench.told[0]
    assert "works" in bench.told[1]
    await until(lambda: bench.made[0].closed)
    again = bench.fly()
    await until(lambda: again.done)
    assert again.text == "fine"


async def test_an_engine_that_always_raises_is_given_up(benches: Callable[..., Bench]) -> None:
    """After some restarts without one good answer the server stays silent and says why."""
    engines = [FakeEngine([GenerationError("no")]) for _ in range(10)]
    bench = benches(*engines)
    await bench.scheduler.start()
    for _ in range(len(backoff.BACK_OFF_S) + 1):
        await until(lambda: bench.scheduler.engine is not None)
        flight = bench.fly()
        await until(lambda flight=flight: flight.done)  # type: ignore[misc]  # bound at once
    await until(lambda: bench.stats.faults["engine-given-up"] == 1)
    assert "midfill doctor" in bench.told[-1]
    assert bench.scheduler.engine is None
    assert len(bench.made) == len(backoff.BACK_OFF_S) + 1
    last = bench.fly()
    assert last.done
    assert isinstance(last.error, EngineClosedError)


async def test_a_good_answer_forgives_earlier_faults(benches: Callable[..., Bench]) -> None:
    """Only restarts in a row count."""
    engines = [FakeEngine(["fine", GenerationError("no")]) for _ in range(10)]
    bench = benches(*engines)
    await bench.scheduler.start()
    for number in range(len(backoff.BACK_OFF_S) + 2):
        for _ in range(2):
            await until(lambda: bench.scheduler.engine is not None)
            flight = bench.fly()
            await until(lambda flight=flight: flight.done)  # type: ignore[misc]  # bound at once
        await until(lambda number=number: bench.stats.faults["engine-raised"] == number + 1)  # type: ignore[misc]  # bound at once
    assert bench.stats.faults["engine-given-up"] == 0


async def test_a_hanging_engine_is_replaced(
    benches: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inference that never ends loses its thread; the next request works."""
    monkeypatch.setattr(worker, "HANG_S", 0.05)
    hanging = GatedEngine("x")
    bench = benches(hanging, FakeEngine(rest="fine"))
    await bench.scheduler.start()
    lost = bench.fly()
    await until(lambda: lost.done)
    assert isinstance(lost.error, MidfillError)
    assert bench.stats.faults["engine-hung"] == 1
    await until(lambda: len(bench.made) == 2 and bench.scheduler.engine is not None)
    monkeypatch.setattr(worker, "HANG_S", 60.0)
    again = bench.fly()
    await until(lambda: again.done)
    assert again.text == "fine"
    hanging.prefill.set()
    hanging.tokens.release(10)
    await until(lambda: hanging.closed)
    assert bench.scheduler.engine is bench.made[1]


async def test_work_posted_to_an_engine_that_fails_is_refused(
    benches: Callable[..., Bench],
) -> None:
    """Nobody waits forever for an engine that is gone."""
    engine = GatedEngine("x")
    engine.answers.append(GenerationError("no"))
    bench = benches(engine, FakeEngine(rest="fine"))
    await bench.scheduler.start()
    bench.fly()
    await until(engine.reading.is_set)
    waiting = asyncio.create_task(bench.scheduler.call(lambda engine: engine.info.name))
    await asyncio.sleep(0)
    engine.prefill.set()
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(EngineClosedError):
            assert await waiting == "fake"  # it may come first


async def test_work_on_the_engines_thread_hands_back_values_and_errors(
    benches: Callable[..., Bench],
) -> None:
    """`call` runs between inferences."""
    bench = benches(FakeEngine())
    with pytest.raises(EngineClosedError):
        await bench.scheduler.call(lambda engine: engine.info.name)
    await bench.scheduler.start()
    assert await bench.scheduler.call(lambda engine: engine.info.name) == "fake"
    with pytest.raises(ZeroDivisionError):
        await bench.scheduler.call(lambda _: 1 // 0)


async def test_an_engine_that_cannot_be_loaded_says_why() -> None:
    """The one who starts it is told; requests end at once."""

    def make() -> FakeEngine:
        raise EngineLoadError("no such device")

    scheduler = Scheduler(make, Counters())
    with pytest.raises(EngineLoadError, match="no such device"):
        await scheduler.start()
    assert scheduler.engine is None
    scheduler.close()


async def test_closing_while_a_token_is_decoded_ends_soon(benches: Callable[..., Bench]) -> None:
    """The engine is unloaded on its own thread after the current token."""
    engine = FakeEngine(rest="word " * 1000, token_s=0.01)
    bench = benches(engine)
    await bench.scheduler.start()
    running = bench.fly("a‸", "file:///1")
    await until(lambda: running.tokens)
    waiting = bench.fly("b‸", "file:///2")
    bench.scheduler.close()
    assert engine.closed
    assert len(running.tokens) < 100
    assert waiting.done


async def test_ten_thousand_requests_in_a_row_leave_nothing_behind(
    benches: Callable[..., Bench],
) -> None:
    """Each is answered or dropped, and none is kept alive."""
    engine = FakeEngine(rest="x")
    bench = benches(engine)
    await bench.scheduler.start()
    flights = weakref.WeakSet[InflightGeneration]()
    left = 10_000
    last: InflightGeneration | None = None
    for number in range(10_000):
        flight = bench.fly("a‸", f"file:///{number % 5}")
        flights.add(flight)

        def ended(_: InflightGeneration) -> None:
            nonlocal left
            left -= 1

        if flight.done:
            left -= 1
        flight.on_end = ended
        last = flight
    await until(lambda: left <= 0 and bench.scheduler.idle)
    assert last is not None
    assert last.text == "x"
    del flight
    gc.collect()
    assert left == 0
    assert len(flights) <= 6
    assert not bench.stats.faults
    assert threading.active_count() < 20
