"""A session: one client's open documents and the loaded model."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from typing import TYPE_CHECKING

from context.prompt.maker import PromptMaker
from context.secrets.mask import masked
from engine.errors import ModelError
from lsp_server.completion import latency_budget
from lsp_server.completion.backoff import REST_S, Backoff
from lsp_server.completion.counters import Counters
from lsp_server.completion.pipeline import Pipeline
from lsp_server.completion.scheduler import Scheduler
from lsp_server.completion.trace import AnswerSource, Trace
from lsp_server.documents.mirror import Documents
from lsp_server.session import rates, status
from lsp_server.session.document_status import (
    Silence,
    Silences,
    StatusReason,
    settings_rule,
    snooze_rule,
)
from lsp_server.session.exclusions import Exclusions
from lsp_server.session.status import Status
from lsp_server.statistics.outcomes import OutcomeTracker
from lsp_server.workspace.context_provider import ContextProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from context.snapshot import Snapshot
    from engine.api import Engine
    from engine.calibration import Rates
    from engine.settings import EngineSettings
    from lsp_server.settings.model import Settings

_log = logging.getLogger(__name__)

LEAST_S = 1.0
"""Pause before a model that could not be loaded is tried again; it grows as in `backoff`."""


class Session:
    """One client's documents and the engine that answers for them."""

    def __init__(
        self,
        settings: Settings,
        make_engine: Callable[[], Engine],
        *,
        on_status: Callable[[Status], None] = lambda _: None,
        more_available: Callable[[Snapshot], None] = lambda _: None,
        calibrate: bool = True,
        rates: Rates | None = None,
    ) -> None:
        """Prepare; `load` brings the model. Must be made on the event loop.

        Args:
            settings: all settings.
            make_engine: loads an engine, on the engine's own thread.
            on_status: told of every change of state.
            more_available: told when a longer text than the answer is there.
            calibrate: warm a card up, and measure this machine's rates when none are remembered.
            rates: taken for this machine's; None for those remembered or measured.
        """
        self.settings = settings
        self.documents = Documents()
        self.context_provider = ContextProvider(lambda: self.settings.context)
        gate = self.context_provider.reader.gate
        self.exclusions = Exclusions(
            gate.verdict, lambda: gate.roots, self.documents.notebooks.holder
        )
        self.snoozed_until = 0.0
        """End of a snooze in seconds since the epoch, 0 for none."""
        rules = [
            snooze_rule(lambda: self.snoozed_until),
            settings_rule(lambda: self.settings.suggestions),
            self.exclusions.rule,
        ]
        self.silences = Silences(rules)
        self.stats = Counters()
        self.outcomes = OutcomeTracker(lambda: self.settings.statistics, self.documents.text_of)
        self.answer_ids = itertools.count(1)
        self.status = self._news = Status(
            "loading", "the model is being loaded", StatusReason.LOADING
        )
        self.rates: Rates | None = None
        self.pipeline: Pipeline | None = None
        self._engine_settings: EngineSettings | None = None
        self._on_status = on_status
        self._more_available = more_available
        self._calibrate = calibrate
        self._given_rates = rates
        self._waking: asyncio.Future[None] | None = None
        self._starts = Backoff()
        self._next_load: asyncio.TimerHandle | None = None
        self._make_engine = make_engine
        self._loading = asyncio.Lock()
        self._closed = False
        self.scheduler = self._new_scheduler()

    def engine_starts_with(self) -> Settings:
        """The settings for an engine that is started now."""
        self._engine_settings = self.settings.engine
        return self.settings

    async def load(self) -> None:
        """Load the model, learn the machine's rates, and begin to answer. Never raises.

        When it cannot be loaded for another reason than its files, it is tried again later.
        """
        async with self._loading:
            if self._closed or self.scheduler.engine is not None:
                return
            if error := await self._begin(self.scheduler):
                self._tell(status.of_error(error))
                if not isinstance(error, ModelError):
                    self._try_later()

    async def switch(self) -> None:
        """Load the model that is wanted now; the old one answers until it is ready. Never raises.

        When the new one cannot be loaded the old one stays, and the status says why.
        """
        async with self._loading:
            if self._closed:
                return
            old, new = self.scheduler, self._new_scheduler()
            error = await self._begin(new)
            (new if error else old).retire()
            if error is None:
                return
            problem = status.of_error(error)
            if old.engine is not None:
                words = f"{old.engine.info.name} stays: {problem.message}"
                problem = Status("ready", words, problem.reason)
            self._tell(problem)

    def _try_later(self) -> None:
        pause_s = self._starts.pause_s()
        wait_s = REST_S if pause_s is None else max(LEAST_S, pause_s)
        self._next_load = asyncio.get_running_loop().call_later(wait_s, self._wake, self.load)

    async def _begin(self, scheduler: Scheduler) -> Exception | None:
        """Start a scheduler's engine and let it answer from now on; what went wrong, or None."""
        started = time.perf_counter()
        try:
            engine = await scheduler.start()
            found = self._given_rates or await rates.learn(
                engine, scheduler, self._tell_loading, measure=self._calibrate
            )
        except Exception as error:  # noqa: BLE001 - the reason is shown and the server lives
            return error
        if self._closed:
            scheduler.retire()
            return None
        self.scheduler, self.rates = scheduler, found
        self.pipeline = Pipeline(
            lambda: self.settings,
            scheduler,
            self.prompt_maker(engine),
            found,
            self.stats,
            self._more_available,
            self.context_provider,
        )
        _log.info("%s ready after %.1f s", engine.info.name, time.perf_counter() - started)
        self._tell(self._ready(engine))
        return None

    def reconfigure(self, settings: Settings) -> None:
        """Apply settings from the next request on; the engine keeps those it was started with."""
        if settings == self.settings:
            return
        old, notices = self.settings, self._notices()
        self.settings = settings
        if settings.context != old.context:
            self.context_provider.reconfigured()
        self.outcomes.reconfigured()
        if self.pipeline is not None:
            self.pipeline.reconfigured(old)
            self.retune()
        if (now := self._notices()) != notices:
            _log.warning("%s", "; ".join(now) or "the settings are used as they are")
            self._tell(self._news)

    async def complete(
        self, snapshot: Snapshot | None, request_id: str = "", *, by_hand: bool = False
    ) -> tuple[str, Trace]:
        """The text to show at a snapshot, "" for none.

        Args:
            snapshot: the text and the cursor; None where there is no such document.
            request_id: for the trace.
            by_hand: whether the user asked by a key or a command.
        """
        trace = Trace(request_id, by_hand)
        pipeline = self.pipeline_for(snapshot.uri) if snapshot is not None else None
        unasked = self.settings.suggestions.mode == "on-demand" and not by_hand
        if snapshot is None or pipeline is None or unasked:
            trace.source = AnswerSource.NONE
            return "", trace
        suggestion = await pipeline.complete(snapshot, trace)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("answer %s", trace.as_dict())
        return suggestion.text, trace

    async def alternatives(self, snapshot: Snapshot) -> list[str]:
        """Different texts for a user who asked for suggestions, the likely first."""
        pipeline = self.pipeline_for(snapshot.uri)
        return [] if pipeline is None else await pipeline.alternatives.texts(snapshot)

    def pipeline_for(self, uri: str) -> Pipeline | None:
        """The pipeline, None while it must leave a document alone or is not there yet."""
        return None if self.silences.of(uri) else self.pipeline

    def silence(self, uri: str) -> Silence | None:
        """Why a document gets no suggestions now, None where it may get some."""
        document = self.documents.get(uri)
        if self.pipeline is None or self.scheduler.engine is None:
            return Silence(
                StatusReason(self.status.reason or StatusReason.FAILED), self.status.message
            )
        if document is None:
            return Silence(
                StatusReason.NOT_OPEN, "the editor has not opened this file in the server"
            )
        if document.out_of_sync:
            words = "the editor's changes do not fit the text known here; reopen the file"
            return Silence(StatusReason.OUT_OF_SYNC, words)
        return self.silences.of(uri)

    def prompt_maker(self, engine: Engine) -> PromptMaker:
        """Cuts prompts for an engine, as long as this machine reads quickly."""
        return PromptMaker(
            engine.tokenizer,
            engine.family,
            self.settings.prompt,
            latency_budget.max_prompt_tokens(self.settings, self.rates, engine.info.context_length),
            model=engine.info.name.partition(" ")[0],
            mask=masked if self.settings.context.mask_secrets else lambda text: text,
        )

    def report_refusal(self, what: str) -> None:
        """Report that something tried to reach the network and could not."""
        news = self._news
        words = f"{news.message}; refused: something tried to use the network ({what})"
        self.stats.faults[f"refused:{what}"] += 1
        self._tell(Status(news.state, words, news.reason))

    def close(self) -> bool:
        """Stop everything; False when the engine is still in a prefill, which cannot be stopped."""
        self._closed = True
        if self._next_load is not None:
            self._next_load.cancel()
        self.context_provider.close()
        self.outcomes.close()
        return self.scheduler.close()

    def _tell_loading(self, words: str) -> None:
        if self.pipeline is None:  # else another model answers meanwhile
            self._tell(Status("loading", words, StatusReason.LOADING))

    def retune(self) -> None:
        """Cut prompts for the settings and rates of now, once an engine is there."""
        engine = self.scheduler.engine
        if engine is not None and self.pipeline is not None and self.rates is not None:
            self.pipeline.retune(self.prompt_maker(engine), self.rates)

    def sleep(self) -> None:
        """Unload the model until somebody asks for a suggestion."""
        self.scheduler.sleep()
        if self.scheduler.engine is None:
            words = "the model was unloaded after a long rest; typing loads it again"
            self._tell(Status("ready", words, StatusReason.LOADING))

    def _new_scheduler(self) -> Scheduler:
        return Scheduler(self._make_engine, self.stats, self._fault, self._wake)

    def _wake(self, load: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
        self._waking = asyncio.ensure_future((load or self._load_again)())

    async def _load_again(self) -> None:
        async with self._loading:
            try:
                engine = await self.scheduler.start()
            except Exception as error:  # noqa: BLE001 - as when it was loaded first
                self._tell(status.of_error(error))
                return
        self.retune()
        self._tell(self._ready(engine))

    def _fault(self, message: str) -> None:
        self.retune()
        if self.scheduler.engine:
            self._tell(Status("ready", message, StatusReason.RESTARTED))
        else:
            self._tell(Status("error", message, StatusReason.FAILED))

    def _ready(self, engine: Engine) -> Status:
        return status.of_engine(engine, self.settings, self.rates)

    def _notices(self) -> list[str]:
        """What to tell of settings that do not do what they say."""
        started_with = self._engine_settings or self.settings.engine
        words = (
            status.waiting_for_restart(started_with, self.settings.engine),
            status.shortened(self.settings, self.scheduler.engine),
        )
        return [one for one in words if one]

    def _tell(self, news: Status) -> None:
        self._news = news
        words = "; ".join(filter(None, [news.message, *self._notices()]))
        self.status = Status(news.state, words, news.reason)
        self._on_status(self.status)
