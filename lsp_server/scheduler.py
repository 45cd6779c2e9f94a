"""Who gets the engine: one inference at a time, and the newest request of a document wins."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from engine.api import CancelToken, Request
from engine.errors import EngineClosedError, EngineError, GenerationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Engine
    from lsp_server.flight import Flight
    from lsp_server.stats import Stats

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

HANG_S = 60.0
"""No single inference takes this long; one that does is given up, with its thread."""

MAX_RESTARTS = 3
"""Engine restarts without a good generation in between before the server stays silent."""


class Scheduler:
    """Feeds one engine from its own thread.

    Order of work: the newest waiting flight, then the newest warm-up. Stale flights are dropped
    before their prefill; a running one ends within a token when its text diverges, when its
    document asks for something else, or, once it only works ahead, when anybody asks.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        stats: Stats,
        on_fault: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare; `start` loads the engine.

        Args:
            make_engine: makes a loaded engine; called on the engine's thread, again after a hang.
            stats: counts what is done.
            on_fault: called on the event loop with a message for the user.
        """
        self._make_engine = make_engine
        self._stats = stats
        self._on_fault = on_fault
        self._loop = asyncio.get_running_loop()
        self._worker: _Worker | None = None
        self._restarts = 0
        self._closed = False
        self.last_used = time.monotonic()

    @property
    def engine(self) -> Engine | None:
        """The loaded engine, None until it is ready or when it was given up."""
        return self._worker.engine if self._worker else None

    async def start(self) -> Engine:
        """Load the engine on its thread.

        Raises:
            MidfillError: it could not be loaded.
        """
        worker = _Worker(self._make_engine, self._loop, self._stats, self._finished, self._hung)
        self._worker = worker
        return await worker.ready

    def submit(self, flight: Flight) -> None:
        """Queue a flight; it replaces what its document has waiting or running."""
        self.last_used = time.monotonic()
        if self._worker is None or self._worker.engine is None:
            flight.finish(None, EngineClosedError("no engine is running; see `midfill doctor`"))
            return
        self._worker.submit(flight)

    def warm(self, stable: tuple[int, ...]) -> None:
        """Read a stable part when the engine has nothing else to do; the newest one wins."""
        if self._worker is not None and self._worker.engine is not None:
            self._worker.warm(stable)

    def flight_of(self, uri: str) -> Flight | None:
        """The document's flight that is waiting, running or was the last to end."""
        return self._worker.flights.get(uri) if self._worker else None

    def cancel(self, uri: str) -> None:
        """End the document's flight, within one token."""
        flight = self.flight_of(uri)
        if flight is not None:
            flight.cancel.cancel()

    def forget(self, uri: str) -> None:
        """End the document's flight and drop it (the document was closed)."""
        self.cancel(uri)
        if self._worker and (flight := self._worker.flights.pop(uri, None)) is not None:
            flight.on_end = None  # nobody wants what it brought

    async def call(self, work: Callable[[Engine], _T]) -> _T:
        """Run something on the engine's thread, between inferences.

        Raises:
            EngineClosedError: no engine is running.
        """
        if self._worker is None or self._worker.engine is None:
            raise EngineClosedError("no engine is running; see `midfill doctor`")
        result: asyncio.Future[_T] = self._loop.create_future()

        def job(engine: Engine) -> None:
            try:
                value = work(engine)
            except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                self._loop.call_soon_threadsafe(_settle, result, None, error)
            else:
                self._loop.call_soon_threadsafe(_settle, result, value, None)

        self._worker.post(job, result)
        return await result

    @property
    def idle(self) -> bool:
        """Whether the engine has nothing to do."""
        return self._worker is None or self._worker.idle

    def retire(self) -> None:
        """End everything without waiting; the engine unloads when its inference has ended."""
        self._closed = True
        if self._worker is not None:
            self._worker.abandon()
            self._worker = None

    def close(self) -> bool:
        """Stop after the current token and unload; False when a prefill did not end in time."""
        self._closed = True
        ended = self._worker is None or self._worker.close()
        self._worker = None
        return ended

    def _finished(self, worker: _Worker, error: EngineError | None) -> None:
        """On the event loop: a flight ended; an engine that raised is brought back."""
        if worker is not self._worker:
            return  # given up before; its flights have ended
        if error is None:
            self._restarts = 0
            return
        self._stats.faults["engine-raised"] += 1
        _log.error("generation failed: %s", type(error).__name__)
        self._replace(worker, "The engine failed in the middle of a generation and was restarted.")

    def _hung(self, worker: _Worker) -> None:
        self._stats.faults["engine-hung"] += 1
        _log.error("an inference took more than %.0f s and was given up", HANG_S)
        self._replace(worker, "The engine stopped answering and was restarted.")

    def _replace(self, worker: _Worker, message: str) -> None:
        if worker is not self._worker or self._closed:
            return
        worker.abandon()
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            self._worker = None
            self._stats.faults["engine-given-up"] += 1
            self._on_fault(f"{message} It failed {self._restarts} times; run `midfill doctor`.")
            return
        self._worker = _Worker(
            self._make_engine, self._loop, self._stats, self._finished, self._hung
        )
        self._worker.ready.add_done_callback(self._restarted)
        self._on_fault(message)

    def _restarted(self, ready: asyncio.Future[Engine]) -> None:
        if ready.cancelled() or self._closed:
            return
        if error := ready.exception():
            self._on_fault(f"The engine could not be started again: {error}")
        else:
            self._on_fault("The engine failed, was started again and works.")


class _Worker:
    """One engine and its thread."""

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        loop: asyncio.AbstractEventLoop,
        stats: Stats,
        finished: Callable[[_Worker, EngineError | None], None],
        hung: Callable[[_Worker], None],
    ) -> None:
        self.engine: Engine | None = None
        self.ready: asyncio.Future[Engine] = loop.create_future()
        self.flights: dict[str, Flight] = {}
        self._waiting: dict[str, Flight] = {}
        self._warm: tuple[int, ...] | None = None
        self._posted: list[Callable[[Engine], None]] = []
        self._results: set[asyncio.Future[Any]] = set()
        self._running: Flight | None = None
        self._busy = True
        self._closing = False
        self._abandoned = False
        self._loop = loop
        self._stats = stats
        self._finished = finished
        self._hung = hung
        self._watch: asyncio.TimerHandle | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, args=(make_engine,), name="engine", daemon=True
        )
        self._thread.start()

    # From the event loop

    @property
    def idle(self) -> bool:
        with self._changed:
            return not (self._busy or self._waiting or self._warm or self._posted)

    def submit(self, flight: Flight) -> None:
        with self._changed:
            old = self._waiting.pop(flight.uri, None)
            if old is not None:
                old.cancel.cancel()
                old.finish(None)
            running = self._running
            if running is not None and (running.uri == flight.uri or running.answered):
                running.cancel.cancel()
            self._waiting[flight.uri] = flight
            self.flights[flight.uri] = flight
            self._changed.notify()

    def warm(self, stable: tuple[int, ...]) -> None:
        with self._changed:
            self._warm = stable
            self._changed.notify()

    def post(self, job: Callable[[Engine], None], result: asyncio.Future[Any]) -> None:
        self._results.add(result)
        result.add_done_callback(self._results.discard)
        with self._changed:
            self._posted.append(job)
            self._changed.notify()

    def abandon(self) -> None:
        """Forget this worker: its flights end, its thread ends by itself or never."""
        with self._changed:
            self._abandoned = self._closing = True
            self._changed.notify()
        if self._watch:
            self._watch.cancel()
        for flight in self.flights.values():
            if not flight.done:
                flight.cancel.cancel()
                flight.finish(None, EngineError("the engine was restarted"))
        self._refuse_posted()

    def close(self) -> bool:
        with self._changed:
            self._closing = True
            if self._running is not None:
                self._running.cancel.cancel()
            self._changed.notify()
        for flight in self._waiting.values():
            flight.finish(None)
        self._refuse_posted()
        self._thread.join(timeout=0.8)
        return not self._thread.is_alive()

    def _refuse_posted(self) -> None:
        """Tell those who wait for work on this engine that it will not be done."""
        for result in tuple(self._results):
            _settle(result, None, EngineClosedError("the engine was stopped or restarted"))

    # On the engine's thread

    def _run(self, make_engine: Callable[[], Engine]) -> None:
        try:
            engine = make_engine()
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who waits is told
            self._tell(_settle, self.ready, None, error)
            return
        self.engine = engine
        self._tell(_settle, self.ready, engine, None)
        try:
            while (job := self._next()) is not None:
                job(engine)
        finally:
            self.engine = None
            engine.close()

    def _next(self) -> Callable[[Engine], None] | None:
        with self._changed:
            self._running = None
            self._busy = False
            while not self._closing:
                job = self._choose()
                if job is not None:
                    self._busy = True
                    return job
                self._changed.wait()
            return None

    def _choose(self) -> Callable[[Engine], None] | None:
        while self._waiting:
            _, flight = self._waiting.popitem()  # newest first
            if flight.cancel.cancelled:
                self._tell(flight.finish, None)
                continue
            self._running = flight
            return lambda engine: self._fly(engine, flight)
        if self._posted:
            return self._posted.pop(0)
        if self._warm is not None:
            stable, self._warm = self._warm, None
            return lambda engine: self._read(engine, stable)
        return None

    def _fly(self, engine: Engine, flight: Flight) -> None:
        prompt = flight.prompt
        flight.begin()
        heal = not prompt.live_text.endswith("\n")
        request = Request(prompt.stable.ids, prompt.live, flight.max_new_tokens, heal=heal)
        self._tell(self._watch_job)
        try:
            generation = engine.generate(request, flight.on_token, flight.cancel)
        except Exception as error:  # noqa: BLE001 - the thread must live; any fault is counted
            self._tell(self._end, flight, _as_engine_error(error))
            return
        self._stats.count(generation, warm=False)
        with self._changed:  # from here on it cannot be cancelled, and the engine is free
            self._running, self._busy = None, False
        self._tell(flight.finish, generation)
        self._tell(self._end, flight, None)

    def _read(self, engine: Engine, stable: tuple[int, ...]) -> None:
        if engine.holds(stable):
            return
        self._tell(self._watch_job)
        try:
            # any one token behind it will do: the state after `stable` is what is kept
            request = Request(stable, (stable[0],), max_new_tokens=0)
            generation = engine.generate(request, lambda _: True, CancelToken())
            self._stats.count(generation, warm=True)
        except Exception as error:  # noqa: BLE001 - as above
            self._stats.faults["warm-up-failed"] += 1
            _log.warning("a warm-up failed: %s", type(error).__name__)
        self._tell(self._watch_off)

    def _tell(self, function: Callable[..., object], *args: object) -> None:
        """Call something on the event loop, unless that is gone."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop was closed while the engine was busy
            _log.debug("the event loop ended before the engine")

    # On the event loop, told by the engine's thread

    def _watch_job(self) -> None:
        self._watch_off()
        self._watch = self._loop.call_later(HANG_S, self._hung, self)

    def _watch_off(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def _end(self, flight: Flight, error: EngineError | None) -> None:
        self._watch_off()
        if error is not None:
            flight.finish(None, error)
        self._finished(self, error)


def _as_engine_error(error: Exception) -> EngineError:
    return error if isinstance(error, EngineError) else GenerationError(type(error).__name__)


def _settle(future: asyncio.Future[_T], value: _T | None, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)  # type: ignore[arg-type]  # one of the two is always given
