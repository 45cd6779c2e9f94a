"""The request pipeline: from a snapshot to the text to show. `complete` is the whole story."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from typing import TYPE_CHECKING

from engine.errors import EngineError
from lsp_server.completion import latency_budget
from lsp_server.completion.alternatives import Alternatives
from lsp_server.completion.anchors import Anchors
from lsp_server.completion.cache import CompletionCache
from lsp_server.completion.inflight import Decoded, InflightGeneration
from lsp_server.completion.power import Power
from lsp_server.completion.presentation.constraints import TextConstraints, replaced_by
from lsp_server.completion.presentation.present import enough, present
from lsp_server.completion.presentation.repetition import closes
from lsp_server.completion.trace import AnswerSource, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.maker import Prompt, PromptMaker
    from context.snapshot import Snapshot
    from engine.calibration import Rates
    from lsp_server.completion.counters import Counters
    from lsp_server.completion.scheduler import Scheduler
    from lsp_server.settings.model import Settings
    from lsp_server.workspace.context_provider import ContextProvider

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer: the text to insert at the snapshot's cursor ("" for none), and its story."""

    text: str
    trace: Trace


class Pipeline:
    """Everything one request needs, in the order it needs it."""

    def __init__(
        self,
        settings: Settings,
        scheduler: Scheduler,
        prompts: PromptMaker,
        rates: Rates,
        stats: Counters,
        more_available: Callable[[Snapshot], None] = lambda _: None,
        context_provider: ContextProvider | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            settings: all settings.
            scheduler: feeds the engine, which is loaded.
            prompts: cuts prompts for that engine's model.
            rates: what the machine does with the model.
            stats: counts answers.
            more_available: called when a longer text than the answer is there for a snapshot.
            context_provider: finds pieces of other files; None where there are none.
        """
        self._settings = settings
        self._scheduler = scheduler
        self._rates = rates
        self._stats = stats
        self._more_available = more_available
        self._anchors = Anchors(settings, scheduler, prompts, rates, context_provider)
        self.alternatives = Alternatives(settings, scheduler, self._anchors)
        self._cache = CompletionCache()
        self._power = Power()
        self._shown: dict[str, str] = {}
        self._newest: dict[str, Trace] = {}
        self._followers: set[asyncio.Task[None]] = set()

    async def complete(self, snapshot: Snapshot, trace: Trace) -> Suggestion:
        """Answer one request; cancelling the task keeps the work for the next request."""
        shape = TextConstraints.of(snapshot)
        if shape.behind.inside_word:  # nothing that the model could say there would be right
            return Suggestion("", trace)
        with trace.stage("cache"):
            decoded = self._recall(snapshot, shape, trace)
        if decoded is None:
            joined = self._join(snapshot, trace)
            if joined is None and not await self._is_newest(snapshot, trace):
                return Suggestion("", trace)
            with trace.stage("select"):
                flight, live_text = joined or self._launch(snapshot, trace)
            with trace.stage("wait"):
                decoded = await self._await(flight, live_text, shape, trace)
            self._describe(flight, trace)
            self._follow(flight, live_text, snapshot)
        with trace.stage("postprocess"):
            text = self._offer(decoded, shape, trace)
        self._shown[snapshot.uri] = snapshot.line_before + text if text else ""
        trace.shown_chars = len(text)
        trace.total_ms = trace.elapsed_ms()
        self._stats.count_answer(trace)
        return Suggestion(text, trace)

    # The stages

    def _recall(self, snapshot: Snapshot, shape: TextConstraints, trace: Trace) -> Decoded | None:
        """What earlier generations left for this cursor."""
        decoded = self._cache.look_up(snapshot)
        if decoded is None or not decoded.text.strip():
            return None
        if not decoded.complete and not present(decoded, shape, self._settings.suggestions):
            return None  # it was cut short; the model would have more to say
        shown, line = self._shown.get(snapshot.uri, ""), snapshot.line_before
        left = shown[len(line) :] if shown.startswith(line) else ""
        if left and (decoded.text.startswith(left) or left.startswith(decoded.text)):
            trace.source = AnswerSource.TYPE_THROUGH
        elif shown and line.startswith(shown):
            trace.source = AnswerSource.AHEAD
        else:
            trace.source = AnswerSource.CACHE
        return decoded

    def _join(self, snapshot: Snapshot, trace: Trace) -> tuple[InflightGeneration, str] | None:
        """The generation under way, when what was typed since agrees with it."""
        flight = self._scheduler.flight_of(snapshot.uri)
        if flight is None or flight.cancel.cancelled:
            return None
        live_text = flight.prompt.stable.window.live_text(snapshot)
        if live_text is None or not flight.agrees(live_text):
            return None
        flight.wanted = live_text
        trace.source = AnswerSource.IN_FLIGHT
        return flight, live_text

    async def _is_newest(self, snapshot: Snapshot, trace: Trace) -> bool:
        """Wait the debounce; False when another request for the document came meanwhile."""
        self._newest[snapshot.uri] = trace
        pause_ms = latency_budget.debounce_ms(self._settings, self._rates)
        if pause_ms > 0:
            with trace.stage("debounce"):
                await asyncio.sleep(pause_ms / 1000)
        return self._newest.get(snapshot.uri) is trace

    def _launch(self, snapshot: Snapshot, trace: Trace) -> tuple[InflightGeneration, str]:
        """A new generation, on a kept stable part where one fits."""
        prompt = self._anchors.prompt(snapshot)
        engine = self._scheduler.engine
        warm = engine is not None and engine.holds(prompt.stable.ids)
        trace.source = AnswerSource.WARM if warm else AnswerSource.COLD
        settings = self._settings.suggestions
        shape = TextConstraints.of(snapshot)

        def stop(flight: InflightGeneration) -> bool:
            marks = flight.marks()
            if enough(flight.text, marks, shape, settings):
                return True
            answered = flight.answered_at
            flight.cut = answered > 0 and len(marks) >= answered + settings.ahead_tokens
            return flight.cut

        most = latency_budget.max_new_tokens(self._settings, self._rates)
        flight = InflightGeneration(snapshot.uri, prompt, most, stop)
        flight.keep = self._anchors.keep
        flight.on_end = functools.partial(self._remember, self._cache, snapshot)
        self._scheduler.submit(flight)
        return flight, prompt.live_text

    async def _await(
        self, flight: InflightGeneration, live_text: str, shape: TextConstraints, trace: Trace
    ) -> Decoded:
        """Wait until the flight has what can be shown, or the target passes with a part of it."""
        latency = self._settings.latency
        while not flight.done:
            left_ms = latency.target_ms - trace.elapsed_ms()
            if left_ms <= 0:
                decoded = flight.beyond(live_text)
                if decoded is None or self._offer(decoded, shape, trace):
                    break
                left_ms = latency.deadline_ms - trace.elapsed_ms()
                if left_ms <= 0:
                    flight.cancel.cancel()
                    break
            await flight.growth(left_ms / 1000)
        if isinstance(flight.error, EngineError):
            _log.info("a request ended with nothing: %s", type(flight.error).__name__)
        flight.answered_at = flight.answered_at or max(1, len(flight.tokens))
        return flight.beyond(live_text) or Decoded("")

    def _offer(self, decoded: Decoded, shape: TextConstraints, trace: Trace) -> str:
        """The text to show, "" when it is too short to be worth a look, unless it is on screen."""
        text = present(decoded, shape, self._settings.suggestions)
        short = shape.new_keys(text) < self._settings.suggestions.min_chars
        short = short and not (closes(text) and text.strip().isalpha())  # `fi` ends a block
        return "" if short and trace.source is not AnswerSource.TYPE_THROUGH else text

    def _follow(self, flight: InflightGeneration, live_text: str, snapshot: Snapshot) -> None:
        """When the flight has ended: tell of text beyond the answer, then prepare what follows."""

        async def wait() -> None:
            await flight.over()
            if flight.cancel.cancelled or flight.error or flight.wanted != live_text:
                return
            # as a request would be answered now: what is too short to offer is no news
            decoded = flight.beyond(live_text) or Decoded("")
            whole = self._offer(decoded, TextConstraints.of(snapshot), Trace())
            if not whole:
                return
            if snapshot.line_before + whole != self._shown.get(snapshot.uri, ""):
                self._more_available(snapshot)
            if self._power.allows(self._settings.suggestions.ahead):
                await self._prepare(snapshot, whole)

        task = asyncio.create_task(wait())
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)

    async def _prepare(self, snapshot: Snapshot, text: str) -> None:
        """While nothing else wants the engine: what would follow an accept, then other texts."""
        accepted = snapshot.with_inserted(text, replaced_by(snapshot, text))
        if self._scheduler.idle and self._cache.look_up(accepted) is None:
            flight, _ = self._launch(accepted, Trace())
            flight.answered_at = 1
            await flight.over()
            if flight.cancel.cancelled:
                return
        if self._scheduler.idle and latency_budget.chooses_ahead(self._settings, self._rates):
            self.alternatives.prepare(snapshot)

    # Around requests

    def changed(self, snapshot: Snapshot, *, line_finished: bool) -> None:
        """The text changed and the cursor stands behind the change: divert or end the flight."""
        flight = self._scheduler.flight_of(snapshot.uri)
        if flight is not None and not flight.done:
            live_text = flight.prompt.stable.window.live_text(snapshot)
            if live_text is not None and flight.agrees(live_text):
                flight.wanted = live_text
            elif live_text is None or not flight.prompt.live_text.startswith(live_text):
                flight.cancel.cancel()
        if line_finished:
            self.rest(snapshot)

    def rest(self, snapshot: Snapshot) -> None:
        """The cursor came to rest: look around, and read what a request here would need."""
        self._scheduler.want()
        self._anchors.rest(snapshot)

    def preview(self, snapshot: Snapshot) -> Prompt:
        """The prompt that a new anchor here would get, for people."""
        return self._anchors.preview(snapshot)

    def retune(self, prompts: PromptMaker, rates: Rates) -> None:
        """Cut prompts for rates that were learnt anew; kept stable parts stay in use."""
        self._anchors.prompts = prompts
        self._anchors.rates = self._rates = rates

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings from the next request on; texts made under the old ones are dropped.

        Prompts change with the maker that `retune` brings.
        """
        old, self._settings = self._settings, settings
        self._anchors.settings = self.alternatives.settings = settings
        if settings == dataclasses.replace(old, engine=settings.engine, latency=settings.latency):
            return
        for uri in self._anchors:
            self._scheduler.cancel(uri)
        self._cache = CompletionCache()
        self.alternatives.clear()
        if (settings.prompt, settings.context) != (old.prompt, old.context):
            self._anchors.clear()

    def closed(self, uri: str) -> None:
        """A document was closed: end and forget what was made for it."""
        self._scheduler.forget(uri)
        self._cache.forget(uri)
        self.alternatives.forget(uri)
        self._anchors.forget(uri)
        self._shown.pop(uri, None)
        self._newest.pop(uri, None)

    @staticmethod
    def _remember(cache: CompletionCache, snapshot: Snapshot, flight: InflightGeneration) -> None:
        decoded = flight.beyond(flight.prompt.live_text)
        if decoded is not None and flight.error is None:
            cache.remember(snapshot, decoded)

    @staticmethod
    def _describe(flight: InflightGeneration, trace: Trace) -> None:
        trace.decoded_tokens = len(flight.tokens)
        if flight.generation is not None:
            trace.read_tokens = flight.generation.read_tokens
            trace.reused_tokens = flight.generation.reused_tokens
            trace.stages["queue"] = flight.queue_ms
            trace.stages["prefill"] = flight.generation.prefill_ms
            trace.stages["decode"] = flight.generation.decode_ms
