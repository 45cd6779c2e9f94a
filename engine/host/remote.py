"""An engine in the host process, with the interface of a local one."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Final

from engine.api import EngineInfo, Generation, StateAccount, StopReason, Token
from engine.errors import (
    EngineClosedError,
    EngineError,
    EngineLoadError,
    EngineLostError,
    GenerationError,
    MidfillError,
)
from engine.host import channel, messages
from engine.host.messages import (
    Came,
    Cancelled,
    Done,
    Failed,
    News,
    Recycled,
    RequestMessage,
    TokenVerdict,
    VerdictMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.families import Family
    from context.prompt.tokenizer import Tokenizer
    from engine.api import CancelToken, Request
    from engine.host.connect import HostConnection
    from engine.host.messages import Frame

_log = logging.getLogger(__name__)

_HEALING: Final = "the engine restarts by itself"


class RemoteEngine:
    """Implements `engine.api.Engine` over a connection to the host.

    A thread reads what the host says; it calls `on_token` too. What is kept there is mirrored
    here, so that `holds` and `account` never wait.
    """

    def __init__(
        self,
        meeting: HostConnection,
        tokenizer: Tokenizer,
        family: Family,
        *,
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Wait until the host has loaded the model.

        Args:
            meeting: the connection.
            tokenizer: of the same model.
            family: of the same model.
            on_refusal: told when the host refused an attempt to reach the network; any thread.

        Raises:
            MidfillError: the model could not be loaded there, or the host ended.
        """
        self._meeting = meeting
        self._connection = meeting.connection
        self._tokenizer = tokenizer
        self._family = family
        self._on_refusal = on_refusal
        self._tell_lost: Callable[[EngineLostError], None] = lambda _: None
        self._states: dict[str, Any] = {}
        self._kept: frozenset[str] = frozenset()
        self._numbers = itertools.count(1)
        self._call: _Call | None = None
        self._gone = False
        self._closed = False
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._loaded: queue.SimpleQueue[MidfillError | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="host", daemon=True).start()
        if (error := self._loaded.get()) is not None:
            self.close()
            raise error

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._tokenizer

    @property
    def family(self) -> Family:
        """The model's prompt family."""
        return self._family

    @property
    def info(self) -> EngineInfo:
        """As the engine in the host says."""
        return EngineInfo(**self._states["info"])

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Decode in the host (see `engine.api.Engine.generate`)."""
        call = _Call(next(self._numbers), self._send, on_token, cancel)
        cancel.hook(lambda: self._send(Cancelled(call.number)))
        try:
            done = self._ask(call, RequestMessage(call.number, request, cancel.spare))
        finally:
            cancel.hook(None)
        return call.result(done)

    def holds(self, stable: tuple[int, ...]) -> bool:
        """Whether the state after these ids is kept, by the host's last word."""
        return messages.digest(stable) in self._kept

    def account(self) -> StateAccount:
        """Bytes of kept states against their budget, by the host's last word."""
        states = self._states
        return StateAccount(states["held"], states["budget"], states["prompts"])

    def recycle(self) -> None:
        """Ask the host to forget kept states; it does when no other server uses them just now."""
        call = _Call(next(self._numbers), self._send, lambda _: True, None)
        self._ask(call, Recycled(call.number))

    def close(self) -> None:
        """Leave the host, which ends by itself after its last server left."""
        self._closed = True
        self._hang_up()

    def on_lost(self, tell: Callable[[EngineLostError], None]) -> None:
        """Have `tell` called when the host is gone, unless it was left."""
        self._tell_lost = tell
        if self._gone and not self._closed:
            tell(self._death())

    def abort(self, *, hung: bool = False) -> None:
        """Leave the host at once, whatever runs; kill it when it is `hung`."""
        self._closed = True
        if hung:
            self._meeting.kill()
        self._hang_up()

    def _ask(self, call: _Call, frame: Frame) -> Generation:
        with self._lock:
            if self._closed:
                raise EngineClosedError("the engine is closed; start the server again")
            if self._gone:
                raise self._death()
            self._call = call
        self._send(frame)
        ended = call.ended.get()
        if isinstance(ended, Exception):
            raise ended
        return ended

    def _send(self, frame: Frame) -> None:
        """Send; a host that is gone is noticed by the thread that reads."""
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._connection.send_bytes(frame.pack())

    def _hang_up(self) -> None:
        if not self._gone:
            channel.hang_up(self._connection)

    # On the thread that reads

    def _read(self) -> None:
        try:
            while True:
                self._take(channel.receive(self._connection))
        except (EOFError, OSError):
            _log.debug("the connection to the engine host ended")
        except messages.WireError as error:
            _log.error("the engine host said something unreadable: %s", error)
        self._bury()

    def _take(self, frame: Frame) -> None:
        call = self._call
        match frame:
            case Came(number, count, token) if call is not None and number == call.number:
                call.take(count, token)
            case Done(number, generation) if call is not None and number == call.number:
                self._call = None
                call.ended.put(generation)
            case Failed(number, error) if call is not None and number == call.number:
                self._call = None
                call.ended.put(error)
            case News("states", facts):
                self._states = facts
                self._kept = frozenset(facts["kept"])
            case News("ready"):
                self._loaded.put(None)
            case News("failed", facts):
                self._loaded.put(messages.unpack_error(facts))
            case News("refused", facts):
                self._on_refusal(f"{facts['what']} in the engine host")

    def _bury(self) -> None:
        """The host is gone: end what waits for it, once."""
        with self._lock:
            self._gone = True
            call, self._call = self._call, None
        with self._sending:
            self._connection.close()
        if self._closed:
            error: EngineError = EngineClosedError("the engine was given up while it worked")
        else:
            error = self._death()
            self._tell_lost(error)
        self._loaded.put(EngineLoadError(f"{error}, while it was loading"))
        if call is not None:
            call.ended.put(error)

    def _death(self) -> EngineLostError:
        how = self._meeting.how_it_ended()
        return EngineLostError(f"the engine's process ended {how}".rstrip() + f"; {_HEALING}")


class _Call:
    """One request under way."""

    def __init__(
        self,
        number: int,
        send: Callable[[Frame], None],
        on_token: Callable[[Token], bool],
        cancel: CancelToken | None,
    ) -> None:
        self.number = number
        self.ended: queue.SimpleQueue[Generation | MidfillError] = queue.SimpleQueue()
        self._send = send
        self._on_token = on_token
        self._cancel = cancel
        self._tokens: list[Token] = []
        self._stopped = False
        self._error: Exception | None = None

    def take(self, count: int, token: Token) -> None:
        """Judge a token; what comes after a stop was decoded before the host heard of it."""
        if self._stopped:
            return
        self._tokens.append(token)
        try:
            self._stopped = self._on_token(token)
        except Exception as error:  # noqa: BLE001 - raised again by `result`
            self._stopped, self._error = True, error
        spare = self._cancel is not None and self._cancel.spare
        go_on = TokenVerdict.SPARE if spare else TokenVerdict.GO_ON
        self._send(
            VerdictMessage(self.number, count, TokenVerdict.STOP if self._stopped else go_on)
        )

    def result(self, done: Generation) -> Generation:
        """The generation with its tokens.

        Raises:
            GenerationError: `on_token` raised.
        """
        if self._error is not None:
            raise GenerationError("reading a decoded token failed; it is a bug") from self._error
        reason = StopReason.STOPPED if self._stopped else done.reason
        return dataclasses.replace(done, tokens=tuple(self._tokens), reason=reason)
