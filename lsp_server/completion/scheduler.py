"""Order of work for the engine: one inference at a time, newest request of a document first."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from engine.errors import EngineClosedError, EngineError, reason
from lsp_server.completion.backoff import Backoff
from lsp_server.completion.worker import Worker, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Engine
    from engine.errors import EngineLostError
    from lsp_server.completion.counters import Counters
    from lsp_server.completion.inflight import InflightGeneration

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Scheduler:
    """Feeds one engine from its own thread.

    Order of work: the newest waiting flight, then the newest warm-up. Stale flights are dropped
    before their prefill; a running one ends within a token when its text diverges, when its
    document asks for something else, or, once it only works ahead, when anybody asks.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        stats: Counters,
        on_fault: Callable[[str], None] = lambda _: None,
        on_wanted: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `start` loads the engine.

        Args:
            make_engine: makes a loaded engine; called on the engine's thread, again after a fault.
            stats: counts what is done.
            on_fault: called on the event loop with a message for the user.
            on_wanted: called when an engine that `sleep` unloaded is needed again.
        """
        self._make_engine = make_engine
        self._stats = stats
        self._on_fault = on_fault
        self._on_wanted = on_wanted
        self._asleep = False
        self._loop = asyncio.get_running_loop()
        self._worker: Worker | None = None
        self._restarts = Backoff()
        self._next_start: asyncio.TimerHandle | None = None
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
        self._asleep = False
        self._worker = self._new_worker()
        return await self._worker.ready

    def sleep(self) -> None:
        """Unload the engine until the next request; does nothing while it works."""
        if self._worker is not None and self._worker.engine is not None and self._worker.idle:
            self._worker.abandon()
            self._worker, self._asleep = None, True

    def want(self) -> None:
        """Wake the engine ahead of a request."""
        if self._asleep:
            self._asleep = False
            self._on_wanted()

    def submit(self, flight: InflightGeneration) -> None:
        """Queue a flight; it replaces what its document has waiting or running."""
        self.last_used = time.monotonic()
        self.want()
        if self._worker is None or self._worker.engine is None:
            if self._restarts.rested():
                self._restarts.pause_s()  # one attempt; the next rest begins
                self._start_again()
            flight.finish(None, EngineClosedError("no engine is running; see `midfill doctor`"))
            return
        self._worker.submit(flight)

    def warm(self, stable: tuple[int, ...]) -> None:
        """Prefill a stable part when the engine is idle; the newest call wins."""
        if self._worker is not None and self._worker.engine is not None:
            self._worker.warm(stable)

    def flight_of(self, uri: str) -> InflightGeneration | None:
        """The document's generation: waiting, running, or the last that ended."""
        return self._worker.flights.get(uri) if self._worker else None

    def cancel(self, uri: str) -> None:
        """End the document's generation within one token."""
        flight = self.flight_of(uri)
        if flight is not None:
            flight.cancel.cancel()

    def forget(self, uri: str) -> None:
        """End and drop the generation of a document that was closed."""
        self.cancel(uri)
        if self._worker and (flight := self._worker.flights.pop(uri, None)) is not None:
            flight.on_end = None  # its text is not wanted any more

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
                self._loop.call_soon_threadsafe(settle, result, None, error)
            else:
                self._loop.call_soon_threadsafe(settle, result, value, None)

        self._worker.post(job, result)
        return await result

    @property
    def idle(self) -> bool:
        """Whether the engine has nothing to do."""
        return self._worker is None or self._worker.idle

    @property
    def resting(self) -> bool:
        """Whether the engine's thread waits for work and has delivered all its results."""
        return self._worker is None or self._worker.resting

    def retire(self) -> None:
        """End everything without waiting; the engine unloads after its current inference."""
        self._closed = True
        if self._next_start is not None:
            self._next_start.cancel()
        if self._worker is not None:
            self._worker.abandon()
            self._worker = None

    def close(self) -> bool:
        """Stop after the current token and unload; False when a prefill did not end in time."""
        self._closed = True
        if self._next_start is not None:
            self._next_start.cancel()
        ended = self._worker is None or self._worker.close()
        self._worker = None
        return ended

    def _new_worker(self) -> Worker:
        return Worker(
            self._make_engine, self._loop, self._stats, self._finished, self._hung, self._lost
        )

    def _finished(self, worker: Worker, error: EngineError | None) -> None:
        """On the event loop: note the end of a generation, and restart an engine that raised."""
        if worker is not self._worker:
            return  # given up before; its flights have ended
        if error is None:
            self._restarts.forgive()
            return
        self._stats.faults["engine-raised"] += 1
        _log.error("generation failed: %s", reason(error))
        self._replace(worker, "The engine failed in the middle of a generation and was restarted.")

    def _hung(self, worker: Worker) -> None:
        self._stats.faults["engine-hung"] += 1
        _log.error("a job of the engine took too long and was given up")
        self._replace(worker, "The engine stopped answering and was restarted.", hung=True)

    def _lost(self, worker: Worker, error: EngineLostError) -> None:
        if worker is not self._worker or self._closed:
            return
        self._stats.faults["engine-lost"] += 1
        _log.error("%s", error)
        self._replace(worker, "The engine's process ended and was restarted.")

    def _replace(self, worker: Worker, message: str, *, hung: bool = False) -> None:
        if worker is not self._worker or self._closed:
            return
        worker.abandon(hung=hung)
        self._worker = None
        pause_s = self._restarts.pause_s()
        if pause_s is None:
            self._stats.faults["engine-given-up"] += 1
            failures = self._restarts.failures
            self._on_fault(f"{message} It failed {failures} times; run `midfill doctor`.")
            return
        if pause_s:
            self._next_start = self._loop.call_later(pause_s, self._start_again)
        else:
            self._start_again()
        self._on_fault(message)

    def _start_again(self) -> None:
        self._next_start = None
        if self._closed or self._worker is not None:
            return
        worker = self._worker = self._new_worker()
        worker.ready.add_done_callback(lambda ready: self._restarted(worker, ready))

    def _restarted(self, worker: Worker, ready: asyncio.Future[Engine]) -> None:
        if ready.cancelled() or self._closed:
            return
        if error := ready.exception():
            self._replace(worker, f"The engine could not be started again: {reason(error)}.")
        else:
            self._on_fault("The engine failed, was started again and works.")
