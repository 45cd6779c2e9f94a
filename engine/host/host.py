"""The engine host: one loaded model, its connected servers, and when it exits."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from engine.errors import EngineError, GenerationError, reason
from engine.host import messages
from engine.host.fair_queue import FairQueue, Rank
from engine.host.messages import Done, Failed, News, Recycled
from engine.host.remote_request import RemoteRequest
from engine.host.server_connection import ServerConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from engine.api import Engine

_log = logging.getLogger(__name__)

FIRST_GUEST_S: Final = 30.0
"""How long a host waits for the server that started it."""

QUIET_S: Final = 10.0
"""Kept states are given back only when no other server worked for so long."""

_CLOSE_S: Final = 0.5
"""How long the engine may take to unload at the end."""

_FAULTS: Final = 2
"""So many failures in a row, and the process gives up: its servers start another one."""


class Host:
    """Feeds one engine from the requests of all guests, one at a time."""

    def __init__(self, make_engine: Callable[[], Engine], secret: bytes, linger_s: float) -> None:
        """Prepare; `run` does everything.

        Args:
            make_engine: loads the engine, on the engine's thread.
            secret: what guests must know.
            linger_s: how long to stay after the last guest, in seconds.
        """
        self._make_engine = make_engine
        self._secret = secret
        self._linger_s = linger_s
        self._guests: list[ServerConnection] = []
        self._turns: FairQueue[
            ServerConnection, tuple[ServerConnection, RemoteRequest | Recycled]
        ] = FairQueue()
        self._running: tuple[ServerConnection, RemoteRequest] | None = None
        self._last_used: dict[ServerConnection, float] = {}
        self._stables: dict[str, tuple[int, ...]] = {}
        self._states: News | None = None
        self._loaded: News | None = None
        self._alone_since = time.monotonic() + FIRST_GUEST_S - linger_s
        self._ending = False
        self._faults = 0
        self._changed = threading.Condition()
        self._engine_thread = threading.Thread(target=self._work, name="engine", daemon=True)

    def admit(self, connection: Connection) -> None:
        """Take in a connection; any thread."""
        guest = ServerConnection(
            connection,
            joined=self._joined,
            asked=self._asked,
            cancelled=self._cancelled,
            left=self._left,
        )
        guest.start(self._secret)

    def run(self, may_leave: Callable[[], bool]) -> None:
        """Load the engine and serve until there is nobody left, or `end` is called.

        Args:
            may_leave: asked before leaving for want of guests; False stays for a while.
        """
        self._engine_thread.start()
        with self._changed:
            while not self._ending:
                left = self._time_left()
                if left is not None and left <= 0:
                    if may_leave():
                        break
                    self._alone_since = time.monotonic()
                    continue
                self._changed.wait(left)
            self._ending = True
            if self._running is not None:
                self._running[1].cancel.cancel()
            self._changed.notify_all()
        self._engine_thread.join(_CLOSE_S)

    def end(self) -> None:
        """Leave soon; any thread, also a signal handler of the main thread."""
        self._ending = True
        threading.Thread(target=self._wake, daemon=True).start()

    def refused(self, what: str) -> None:
        """Tell all guests that something here tried to reach the network."""
        threading.Thread(
            target=self._tell_all, args=(News("refused", {"what": what}),), daemon=True
        ).start()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _time_left(self) -> float | None:
        if self._guests:
            return None
        return self._alone_since + self._linger_s - time.monotonic()

    # On the guests' threads

    def _joined(self, guest: ServerConnection) -> None:
        with self._changed:
            self._guests.append(guest)
            news = [self._states, self._loaded]
            for one in news:
                if one is not None:
                    guest.send(one)
            self._changed.notify_all()

    def _asked(self, guest: ServerConnection, what: RemoteRequest | Recycled) -> None:
        with self._changed:
            rank = what.rank if isinstance(what, RemoteRequest) else Rank.WARM
            self._turns.add(guest, (guest, what), rank)
            running = self._running
            if rank is Rank.WANTED and running and running[1].rank is Rank.SPARE:
                running[1].cancel.cancel()
            self._changed.notify_all()

    def _cancelled(self, guest: ServerConnection, job: RemoteRequest) -> None:
        job.cancel.cancel()
        with self._changed:
            dropped = self._turns.withdraw_if(lambda waiting: waiting[1] is job)
        if dropped:
            guest.ended(job)
            guest.send(Done(job.number, messages.NOTHING))

    def _left(self, guest: ServerConnection) -> None:
        with self._changed:
            if guest in self._guests:
                self._guests.remove(guest)
                if not self._guests:
                    self._alone_since = time.monotonic()
            self._turns.forget(guest)
            self._last_used.pop(guest, None)
            self._changed.notify_all()

    # On the engine's thread

    def _work(self) -> None:
        try:
            engine = self._make_engine()
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            _log.error("the engine could not be loaded: %s", reason(error))
            self._linger_s = 0.0  # those who join are told too, nobody stays
            self._settle(News("failed", messages.pack_error(error)))
            self._wake()
            return
        try:
            self._push_states(engine)
            self._settle(News("ready", {}))
            while (job := self._next()) is not None:
                self._do(engine, *job)
        except Exception as error:  # noqa: BLE001 - a host without its engine must not live
            _log.error("the engine's thread failed: %s", reason(error))
        finally:
            self.end()  # whatever closing does: on a card that is gone it raises
            _close(engine)

    def _next(self) -> tuple[ServerConnection, RemoteRequest | Recycled] | None:
        with self._changed:
            self._running = None
            while not self._ending:
                taken = self._turns.take()
                if taken is not None:
                    if isinstance(taken[1], RemoteRequest):
                        self._running = (taken[0], taken[1])
                    return taken
                self._changed.wait()
            return None

    def _do(self, engine: Engine, guest: ServerConnection, what: RemoteRequest | Recycled) -> None:
        if isinstance(what, Recycled):
            self._recycle(engine, guest)
            self._push_states(engine)
            guest.send(Done(what.number, messages.NOTHING))
            return
        self._last_used[guest] = time.monotonic()
        stable = what.request.stable
        error: EngineError | None = None
        try:
            done = engine.generate(what.request, what.on_token, what.cancel)
        except Exception as raised:  # noqa: BLE001 - named to the guest, counted here
            words = f"{reason(raised)}; the engine restarts by itself"
            error = raised if isinstance(raised, EngineError) else GenerationError(words)
            _log.error("a generation failed: %s", reason(raised))
        if stable:
            self._stables[messages.digest(stable)] = stable
        guest.ended(what)
        if error is None:
            self._faults = 0
            self._push_states(engine)
            guest.send(Done(what.number, done))
            return
        guest.send(Failed(what.number, error))
        self._faults += 1
        if self._faults >= _FAULTS:
            raise error
        engine.recycle()
        self._push_states(engine)

    def _recycle(self, engine: Engine, guest: ServerConnection) -> None:
        """Give kept states back, unless they are another guest's work of just now."""
        now = time.monotonic()
        used = self._last_used.items()
        if all(other is guest or now - moment > QUIET_S for other, moment in used):
            engine.recycle()

    def _push_states(self, engine: Engine) -> None:
        """Tell the guests what is kept, so that they can look without asking."""
        self._stables = {
            key: stable for key, stable in self._stables.items() if engine.holds(stable)
        }
        account = engine.account()
        facts = {
            "info": dataclasses.asdict(engine.info),
            "held": account.held_bytes,
            "budget": account.budget_bytes,
            "prompts": account.prompts,
            "kept": sorted(self._stables),
        }
        if self._states is None or self._states.facts != facts:
            self._states = News("states", facts)
            self._tell_all(self._states)

    def _settle(self, news: News) -> None:
        self._loaded = news
        self._tell_all(news)

    def _tell_all(self, news: News) -> None:
        with self._changed:
            for guest in tuple(self._guests):
                guest.send(news)


def _close(engine: Engine) -> None:
    try:
        engine.close()
    except Exception as error:  # noqa: BLE001 - the process ends anyhow, and its log is read
        _log.error("the engine could not be unloaded: %s", reason(error))
