"""One engine and its thread: one inference at a time, the newest request first."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from engine.api import CancelToken, Request
from engine.errors import (
    EngineClosedError,
    EngineError,
    EngineLostError,
    GenerationError,
    reason,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from engine.api import Engine
    from lsp_server.completion.counters import Counters
    from lsp_server.completion.inflight import InflightGeneration

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

HANG_S = 60.0
"""No single job takes this long; one that does is given up, with its thread."""

CLOSE_S = 0.5
"""How long the engine may take to unload when the server ends."""


class Worker:
    """One engine and its thread, from loading to its end."""

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        loop: asyncio.AbstractEventLoop,
        stats: Counters,
        finished: Callable[[Worker, EngineError | None], None],
        hung: Callable[[Worker], None],
        lost: Callable[[Worker, EngineLostError], None],
    ) -> None:
        """Load the engine on a thread of its own; `ready` gets the result.

        Args:
            make_engine: makes a loaded engine, on the engine's thread.
            loop: the event loop, on which the functions below are called.
            stats: counts what is done.
            finished: called at the end of each generation, with the error that ended it.
            hung: called when a job takes longer than any job should.
            lost: called when the engine's process ended.
        """
        self.engine: Engine | None = None
        self.ready: asyncio.Future[Engine] = loop.create_future()
        self.flights: dict[str, InflightGeneration] = {}
        self._waiting: dict[str, InflightGeneration] = {}
        self._warm: tuple[int, ...] | None = None
        self._posted: list[Callable[[Engine], None]] = []
        self._results: set[asyncio.Future[Any]] = set()
        self._running: InflightGeneration | None = None
        self._busy = True
        self._resting = False
        self._closing = False
        self._loop = loop
        self._stats = stats
        self._finished = finished
        self._hung = hung
        self._lost = lost
        self._watch: asyncio.TimerHandle | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, args=(make_engine,), name="engine", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as error:
            self.ready.set_exception(error)

    # From the event loop

    @property
    def idle(self) -> bool:
        """Whether the engine has nothing to do."""
        with self._changed:
            return not (self._busy or self._waiting or self._warm or self._posted)

    @property
    def resting(self) -> bool:
        """Whether its thread waits for work and has delivered all its results."""
        return self._resting

    def submit(self, flight: InflightGeneration) -> None:
        """Queue a generation; it replaces its document's waiting or running one."""
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
            self._wake()

    def warm(self, stable: tuple[int, ...]) -> None:
        """Prefill a stable part when there is nothing else to do."""
        with self._changed:
            self._warm = stable
            self._wake()

    def post(self, job: Callable[[Engine], None], result: asyncio.Future[Any]) -> None:
        """Queue a job that will settle `result`, unless the engine stops first."""
        self._results.add(result)
        result.add_done_callback(self._results.discard)
        with self._changed:
            self._posted.append(job)
            self._wake()

    def abandon(self, *, hung: bool = False) -> None:
        """End all generations and, unless its code is `hung`, the thread."""
        with self._changed:
            self._closing = True
            self._wake()
        self._watch_off()
        if (engine := self.engine) is not None:
            engine.abort(hung=hung)
        for flight in self.flights.values():
            if not flight.done:
                flight.cancel.cancel()
                flight.finish(None, EngineError("the engine was restarted"))
        self._refuse_posted()

    def close(self) -> bool:
        """Stop after the current token and unload; False when native code did not end in time."""
        with self._changed:
            self._closing = True
            if self._running is not None:
                self._running.cancel.cancel()
            self._wake()
        for flight in self._waiting.values():
            flight.finish(None)
        self._refuse_posted()
        if (engine := self.engine) is not None:
            engine.abort()
        if self._thread.ident is not None:  # else it could not be started
            self._thread.join(timeout=CLOSE_S)
        return not self._thread.is_alive()

    def _wake(self) -> None:
        self._resting = False
        self._changed.notify()

    def _refuse_posted(self) -> None:
        """Fail all queued work on this engine."""
        for result in tuple(self._results):
            settle(result, None, EngineClosedError("the engine was stopped or restarted"))

    # On the engine's thread

    def _run(self, make_engine: Callable[[], Engine]) -> None:
        try:
            engine = make_engine()
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who waits is told
            self._tell(settle, self.ready, None, error)
            return
        self.engine = engine
        engine.on_lost(lambda error: self._tell(self._lost, self, error))
        self._tell(settle, self.ready, engine, None)
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
                self._resting = True
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
            job = self._posted.pop(0)
            return lambda engine: self._watched(job, engine)
        if self._warm is not None:
            stable, self._warm = self._warm, None
            return lambda engine: self._read(engine, stable)
        return None

    def _watched(self, job: Callable[[Engine], None], engine: Engine) -> None:
        self._tell(self._watch_job)
        job(engine)
        self._tell(self._watch_off)

    def _fly(self, engine: Engine, flight: InflightGeneration) -> None:
        prompt = flight.prompt
        flight.begin()
        heal = not prompt.live_text.endswith("\n")
        request = Request(
            prompt.stable.ids,
            prompt.live,
            flight.max_new_tokens,
            keep=flight.keep,
            heal=heal,
            alternatives=flight.alternatives,
        )
        self._tell(self._watch_job)
        try:
            generation = engine.generate(request, flight.on_token, flight.cancel)
            self._stats.count(generation, warm=False)
        except EngineLostError as error:  # told by `lost`
            self._tell(flight.finish, None, error)
            return
        except Exception as error:  # noqa: BLE001 - the thread must live; any fault is counted
            self._tell(self._end, flight, _as_engine_error(error))
            return
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
        except EngineLostError:
            return  # as above
        except Exception as error:  # noqa: BLE001 - as above
            self._stats.faults["warm-up-failed"] += 1
            _log.warning("a warm-up failed: %s", type(error).__name__)
        self._tell(self._watch_off)

    def _tell(self, function: Callable[..., object], *args: object) -> None:
        """Call something on the event loop, unless it is closed."""
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

    def _end(self, flight: InflightGeneration, error: EngineError | None) -> None:
        self._watch_off()
        if error is not None:
            flight.finish(None, error)
        self._finished(self, error)


def _as_engine_error(error: Exception) -> EngineError:
    return error if isinstance(error, EngineError) else GenerationError(reason(error))


def settle(future: asyncio.Future[_T], value: _T | None, error: BaseException | None) -> None:
    """Give a future its value or its error, unless it is done."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)  # type: ignore[arg-type]  # one of the two is always given
