"""The CTranslate2 engine, and the only module that imports it for inference."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import ctranslate2

from context.prompt.families import FAMILIES
from engine import memory
from engine.api import EngineInfo, Generation, Request, StateAccount, StopReason, Token
from engine.device.placement import ON_CPU
from engine.errors import DeviceError, EngineClosedError, EngineLoadError, GenerationError
from engine.healing import PLAIN, Race
from engine.models.manifest import Manifest
from engine.tokenizer import ModelTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from context.prompt.families import Family
    from engine.api import CancelToken
    from engine.device.cuda import Cuda
    from engine.device.placement import Placement
    from engine.errors import EngineLostError
    from engine.settings import EngineSettings

_log = logging.getLogger(__name__)

_LEAST_BUDGET = 16 * memory.MIB
"""Below, kept states are not what takes the memory."""

_LEAST_ALTERNATIVE = 0.02
"""A first token less probable than this begins no alternative worth a look."""

_HEALABLE = 2
"""Live tokens needed so that one is left when the last is dropped."""

_IDLE_WAIT_S = 1.0
"""How long `recycle` waits for CTranslate2's worker to finish counting the last batch as active."""


class Ct2Engine:
    """A CTranslate2 generator with kept prompt states under a byte budget.

    CTranslate2 keeps the decoder state after a static prompt in a map that only grows; unloading
    the model is the only way to clear it. So this class knows which prompts are kept, what they
    weigh, and unloads and loads again before the budget would be exceeded.
    """

    def __init__(
        self,
        folder: Path,
        settings: EngineSettings,
        place: Placement = ON_CPU,
        *,
        cuda: Cuda | None = None,
        note: str = "",
    ) -> None:
        """Load the model in `folder`; `engine.load.load` finds the place.

        Args:
            folder: a converted model.
            settings: threads and the share of memory for kept states.
            place: device and compute type.
            cuda: the device layer, when the place is a card.
            note: why the place is not a better one, for people.

        Raises:
            EngineLoadError: CTranslate2 refused it, with its reason.
            ConversionError: the folder has no readable manifest.
        """
        self._manifest = Manifest.read(folder)
        self._family = FAMILIES[self._manifest.family]
        self._place = place
        self._kept: set[tuple[int, ...]] = set()
        self._held_bytes = 0
        threads = memory.physical_threads(settings.threads)
        memory.keep_large_blocks()
        try:
            self._tokenizer = ModelTokenizer(folder / "tokenizer.json")
            self._model: Any = ctranslate2.Generator(
                str(folder),
                device=place.device,
                device_index=place.index,
                compute_type=place.compute_type,
                inter_threads=1,
                intra_threads=threads,
            )
        except Exception as error:
            raise EngineLoadError(
                f"{self._manifest.name} could not be loaded on {place.label}: {error}; "
                "run `midfill models verify`, then `midfill doctor`"
            ) from error
        self._stops = self._tokenizer.controls(self._family.stops)
        where = place.card or f"{place.label}x{threads}"
        name = f"{self._manifest.name} {self._model.compute_type} {where}"
        self.info = EngineInfo(name, place.label, note, self._manifest.context_length)
        free = memory.available_bytes() if cuda is None else _free_bytes(cuda, place.index)
        self._budget = memory.state_budget_bytes(free, settings.state_share, settings.state_max_mb)

    @property
    def tokenizer(self) -> ModelTokenizer:
        """The model's tokenizer."""
        return self._tokenizer

    @property
    def family(self) -> Family:
        """The model's prompt family."""
        return self._family

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Decode greedily after `stable` and `live` (see `engine.api.Engine.generate`)."""
        if self._model is None:
            raise EngineClosedError("the engine is closed; start the server again")
        if request.alternatives > 1:
            return self._alternatives(request, cancel)
        held = request.stable in self._kept
        keep = held or (request.keep and self._make_room(request.stable))
        forced = self._forced_text(request)
        rows = [request.live[:-1], request.live] if forced else [request.live]
        run = _Run(self._tokenizer, frozenset(self._stops), on_token, cancel, request, forced)
        spell = self._tokenizer.tokens
        try:
            self._model.generate_batch(
                [spell(row) for row in rows],
                static_prompt=spell(request.stable) or None,
                cache_static_prompt=keep,
                include_prompt_in_result=False,
                # one more for the row that decodes the dropped token again
                max_length=max(1, request.max_new_tokens) + len(rows) - 1,
                end_token=self._stops,
                return_scores=True,
                callback=run.step,
            )
        except Exception as error:
            if self._is_out_of_memory(error) and not run.tokens:
                return self._with_less(request, on_token, cancel)
            raise GenerationError(
                f"{self.info.name} failed after {len(run.tokens)} tokens: {error}; "
                "the engine restarts by itself"
            ) from error
        if keep and not held:
            self._kept.add(request.stable)
            self._held_bytes += self._weight(request.stable)
        if run.error is not None:
            raise GenerationError("reading a decoded token failed; it is a bug") from run.error
        stable = len(request.stable)
        return run.result(
            reused=stable if held else 0, read=len(request.live) + stable * (not held)
        )

    def _alternatives(self, request: Request, cancel: CancelToken) -> Generation:
        """Several answers from different first tokens, decoded as one batch."""
        forced = self._forced_text(request)
        live = request.live[:-1] if forced else request.live
        held = request.stable in self._kept
        spell, started = self._tokenizer.tokens, time.perf_counter()
        try:
            (result,) = self._model.generate_batch(
                [spell(live)],
                static_prompt=spell(request.stable) or None,
                cache_static_prompt=held,  # a kept state is used, and none is made for this
                include_prompt_in_result=False,
                # with alternatives, and only then, CTranslate2 counts the prompt as well
                max_length=len(request.stable) + len(live) + request.max_new_tokens,
                end_token=self._stops,
                return_alternatives=True,
                num_hypotheses=request.alternatives,
                min_alternative_expansion_prob=_LEAST_ALTERNATIVE,
                callback=lambda _: cancel.cancelled,
            )
        except Exception as error:
            if self._is_out_of_memory(error):  # nobody lives by a choice: there is none
                self._give_way()
                return Generation((), 0, StopReason.CANCELLED, 0, 0, 0.0, 0.0)
            raise GenerationError(
                f"{self.info.name} failed on alternatives: {error}; the engine restarts by itself"
            ) from error
        ids = [[token for token in one if token not in self._stops] for one in result.sequences_ids]
        texts = (self._tokenizer.decode(one) for one in ids)
        fitting = tuple(text[len(forced) :] for text in texts if text.startswith(forced))
        stable = len(request.stable)
        return Generation(
            tokens=(),
            decoded=sum(len(one) for one in ids),
            reason=StopReason.CANCELLED if cancel.cancelled else StopReason.END,
            read_tokens=len(live) + stable * (not held),
            reused_tokens=stable * held,
            prefill_ms=0.0,
            decode_ms=(time.perf_counter() - started) * 1000,
            texts=fitting,
        )

    def holds(self, stable: tuple[int, ...]) -> bool:
        """Whether the state after these ids is kept."""
        return stable in self._kept

    def account(self) -> StateAccount:
        """Bytes of kept states against their budget."""
        return StateAccount(self._held_bytes, self._budget, len(self._kept))

    def recycle(self) -> None:
        """Unload and load again, which is the only way to clear CTranslate2's state map."""
        if self._model is None:
            raise EngineClosedError("the engine is closed; start the server again")
        self._wait_until_idle()
        self._model.unload_model()
        self._kept.clear()
        self._held_bytes = 0
        memory.give_back()
        self._model.load_model()

    def close(self) -> None:
        """Unload. Must happen before the interpreter exits, or the process can abort."""
        if self._model is not None:
            self._wait_until_idle()
            self._model.unload_model()
            self._model = None

    def on_lost(self, tell: Callable[[EngineLostError], None]) -> None:
        """Never: it lives and dies with this process."""

    def abort(self, *, hung: bool = False) -> None:
        """Nothing: what runs in this process cannot be interrupted."""

    def _forced_text(self, request: Request) -> str:
        """Text of the last live token when it is to be healed, else ""."""
        if not request.heal or len(request.live) < _HEALABLE or not request.max_new_tokens:
            return ""
        text = self._tokenizer.decode(request.live[-1:])
        return "" if "\ufffd" in text else text  # a part of a character

    @staticmethod
    def _is_out_of_memory(error: Exception) -> bool:
        words = str(error).lower()
        return any(sign in words for sign in ("out of memory", "alloc_failed", "bad_alloc"))

    def _with_less(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Another program took the memory: one more try with half the budget."""
        if self._budget < _LEAST_BUDGET:
            raise GenerationError(
                f"{self.info.name} has no memory left; end other programs there, or set a smaller "
                "model"
            )
        self._give_way()
        return self.generate(request, on_token, cancel)

    def _give_way(self) -> None:
        self._budget //= 2
        _log.warning("out of memory; kept states get %d MiB from now on", self._budget >> 20)
        self.recycle()

    def _weight(self, stable: tuple[int, ...]) -> int:
        return int(len(stable) * self._manifest.kv_bytes_per_token * self._place.state_factor)

    def _make_room(self, stable: tuple[int, ...]) -> bool:
        """Whether the state of a new prompt may be kept; drops all others when it must."""
        weight = self._weight(stable)
        if not stable or weight > self._budget:
            return False
        if self._held_bytes + weight > self._budget:
            self.recycle()
        return True

    def _wait_until_idle(self) -> None:
        # `unload_model` silently does nothing while a batch counts as active, and the worker
        # counts it down a moment after the result is there
        end = time.monotonic() + _IDLE_WAIT_S
        while self._model.num_active_batches and time.monotonic() < end:
            time.sleep(0.001)


def _free_bytes(cuda: Cuda, index: int) -> int:
    """What a card has left once the weights are there; nothing is kept when it does not say."""
    try:
        return next((card.free_bytes for card in cuda.cards() if card.index == index), 0)
    except DeviceError:
        return 0


class _Run:
    """The tokens of one generation, collected on CTranslate2's worker thread."""

    def __init__(
        self,
        tokenizer: ModelTokenizer,
        stops: frozenset[int],
        on_token: Callable[[Token], bool],
        cancel: CancelToken,
        request: Request,
        forced: str,
    ) -> None:
        self.tokens: list[Token] = []
        self.error: Exception | None = None
        self._stops = stops
        self._streams = [tokenizer.stream(), tokenizer.stream()]
        self._on_token = on_token
        self._cancel = cancel
        self._limit = request.max_new_tokens
        self._race = Race(forced) if forced else None
        self._decoded = 0
        self._over = False
        self._reason = StopReason.END
        self._started = time.perf_counter()
        self._first = 0.0

    def step(self, result: Any) -> bool:
        """CTranslate2's callback; True stops a row. An exception here would be lost, so keep it."""
        try:
            return self._over or self._step(result)
        except Exception as error:  # noqa: BLE001 - raised again by `generate`
            self.error = error
            self._over = True
            return True

    def _step(self, result: Any) -> bool:
        self._first = self._first or time.perf_counter()
        if self._limit == 0:  # only the state was wanted
            self._reason = StopReason.LENGTH
            return True
        row, race = result.batch_id, self._race
        if race is not None and row == PLAIN and result.step == 0:
            # the dropped token being fed, which CTranslate2 reports when the other row is short
            return False
        self._decoded += 1
        if race is not None and race.winner not in (None, row):
            return True
        if result.token_id in self._stops:  # the callback sees the end token, the result does not
            if race is None or race.winner == row:
                self._over = True
                return True
            return self._take(race.lose(row), row)
        token = Token(result.token_id, self._streams[row].add(result.token_id), result.log_prob)
        return self._take([token] if race is None else race.add(row, token), row)

    def _take(self, tokens: list[Token], row: int) -> bool:
        """Hand tokens on; returns whether `row` shall stop."""
        for token in tokens:
            self.tokens.append(token)
            if self._on_token(token):
                self._reason = StopReason.STOPPED
            elif self._cancel.cancelled:
                self._reason = StopReason.CANCELLED
            elif len(self.tokens) >= self._limit:
                self._reason = StopReason.LENGTH
            else:
                continue
            self._over = True
            return True
        if self._cancel.cancelled:
            self._reason, self._over = StopReason.CANCELLED, True
            return True
        return self._race is not None and self._race.winner not in (None, row)

    def result(self, *, reused: int, read: int) -> Generation:
        """What came out; call it after the generation ended."""
        now = time.perf_counter()
        first = self._first or now
        return Generation(
            tokens=tuple(self.tokens),
            decoded=self._decoded,
            reason=self._reason,
            read_tokens=read,
            reused_tokens=reused,
            prefill_ms=(first - self._started) * 1000,
            decode_ms=(now - first) * 1000,
        )
