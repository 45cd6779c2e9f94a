"""An engine that answers like another one, at a chosen speed."""

from __future__ import annotations

import collections
import dataclasses
import threading
from typing import TYPE_CHECKING

from engine.api import Generation, StateAccount, StopReason
from lsp_server.bench.engines.wrapper import PassingEngine

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from engine.api import CancelToken, Engine, EngineInfo, Request, Token
    from engine.calibration import Rates

_STATES = 12
"""Kept prompts: about what a gibibyte holds of the 0.5B's."""
_STATE_MS = 12.0
"""Copying a kept state, or beginning a new one."""
_HEAL_STEPS = 1.4
"""What the first token costs more when two rows race for it."""


class PacedEngine(PassingEngine):
    """Lets simulated time pass for prefill and for each token, and no time for the real work.

    Prefill takes the rate's time for each token whose state is not kept, decoding its time for
    each token; the longer state's copying and machine noise are left out. It is called on
    the engine's thread, and while that waits for simulated time to pass, `waits` is true.
    """

    def __init__(self, engine: Engine, rates: Rates, loop: asyncio.AbstractEventLoop) -> None:
        """Answer like `engine`, at `rates`, on the clock of `loop`."""
        super().__init__(engine)
        self.waits = False
        self._rates = rates
        self._loop = loop
        self._kept: collections.OrderedDict[tuple[int, ...], None] = collections.OrderedDict()

    @property
    def info(self) -> EngineInfo:
        """The engine's, its name with the speed."""
        info, rates = self._engine.info, self._rates
        speed = f"at {rates.prefill_tokens_s:g}/s, {rates.decode_ms:g} ms"
        return dataclasses.replace(info, name=f"{info.name} {speed}")

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Answer (see `engine.api.Engine.generate`), token by token in simulated time."""
        started = self._loop.time()
        held = request.stable in self._kept
        stable = len(request.stable)
        read = len(request.live) + stable * (not held)
        self._pass(_STATE_MS + self._rates.prefill_ms(read))
        if held or request.keep:
            self._keep(request.stable)
        first = 0.0
        decoded = 0

        def paced(token: Token) -> bool:
            nonlocal first, decoded
            healing = _HEAL_STEPS * (request.heal and not decoded)
            self._pass(self._rates.decode_ms * (1 + healing))
            first = first or self._loop.time()
            decoded += 1
            return on_token(token) or cancel.cancelled

        if request.max_new_tokens:
            found = self._engine.generate(request, paced, cancel)
        else:
            found = Generation((), 0, StopReason.LENGTH, 0, 0, 0.0, 0.0)
        if request.alternatives > 1:  # side by side, and told at their end
            self._pass(self._rates.decode_ms * found.decoded / request.alternatives)
        elif found.reason is StopReason.END:
            self._pass(self._rates.decode_ms)  # the end is a token too
        if cancel.cancelled:
            found = dataclasses.replace(found, reason=StopReason.CANCELLED)
        now = self._loop.time()
        first = first or now
        return dataclasses.replace(
            found,
            decoded=decoded + (found.reason is StopReason.END),
            read_tokens=read,
            reused_tokens=stable * held,
            prefill_ms=(first - started) * 1000,
            decode_ms=(now - first) * 1000,
        )

    def _keep(self, stable: tuple[int, ...]) -> None:
        self._kept[stable] = None
        self._kept.move_to_end(stable)
        while len(self._kept) > _STATES:
            self._kept.popitem(last=False)

    def _pass(self, milliseconds: float) -> None:
        """Wait until so much simulated time has passed on the loop."""
        passed = threading.Event()

        def over() -> None:
            self.waits = False
            passed.set()

        self._loop.call_soon_threadsafe(self._loop.call_later, milliseconds / 1000, over)
        self.waits = True
        passed.wait()

    def holds(self, stable: tuple[int, ...]) -> bool:
        """Whether the state after these ids is kept."""
        return stable in self._kept

    def account(self) -> StateAccount:
        """Nothing that counts."""
        return StateAccount(0, 1, len(self._kept))

    def recycle(self) -> None:
        """Forget all kept states."""
        self._kept.clear()
