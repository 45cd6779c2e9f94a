"""The request pipeline, from a snapshot to the text to show. Read `complete` first."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from typing import TYPE_CHECKING

from engine.errors import EngineError
from lsp_server.completion import latency_budget, mood
from lsp_server.completion.alternatives import Alternatives
from lsp_server.completion.anchors import Anchors
from lsp_server.completion.cache import CompletionCache
from lsp_server.completion.inflight import Decoded, InflightGeneration
from lsp_server.completion.offers import Offers
from lsp_server.completion.power import Power
from lsp_server.completion.presentation.constraints import TextConstraints, replaced_by
from lsp_server.completion.presentation.present import enough, present
from lsp_server.completion.trace import AnswerSource, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.maker import Prompt, PromptMaker
    from context.snapshot import Snapshot
    from engine.calibration import Rates
    from lsp_server.completion.counters import Counters
    from lsp_server.completion.scheduler import Scheduler
    from lsp_server.documents.mirror import Change
    from lsp_server.settings.model import Settings
    from lsp_server.workspace.context_provider import ContextProvider

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer: the text to insert at the snapshot's cursor ("" for none), and its trace."""

    text: str
    trace: Trace


class Pipeline:
    """Everything one request needs, in the order it needs it."""

    def __init__(
        self,
        current: Callable[[], Settings],
        scheduler: Scheduler,
        prompts: PromptMaker,
        rates: Rates,
        stats: Counters,
        more_available: Callable[[Snapshot], None] = lambda _: None,
        context_provider: ContextProvider | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            current: gives the settings in force.
            scheduler: feeds the engine, which is loaded.
            prompts: cuts prompts for that engine's model.
            rates: what the machine does with the model.
            stats: counts answers.
            more_available: called when a longer text than the answer is there for a snapshot.
            context_provider: finds pieces of other files; None where there are none.
        """
        self._current = current
        self._scheduler = scheduler
        self._rates = rates
        self._stats = stats
        self._more_available = more_available
        self._anchors = Anchors(current, scheduler, prompts, rates, context_provider)
        self.alternatives = Alternatives(current, scheduler, self._anchors)
        self._cache = CompletionCache()
        self._power = Power()
        self._offers = Offers(lambda: self._current().suggestions)
        self._newest: dict[str, Trace] = {}
        self._followers: set[asyncio.Task[None]] = set()

    async def complete(self, snapshot: Snapshot, trace: Trace) -> Suggestion:
        """Answer one request; cancelling the task keeps the work for the next request."""
        self._newest[snapshot.uri] = trace
        if not trace.by_hand and self._offers.manners.quiet(snapshot.uri):
            return Suggestion("", trace)
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
                decoded = await self._await(flight, live_text, shape, snapshot, trace)
                diverged = joined is not None and flight.beyond(live_text) is None
                if diverged and self._newest.get(snapshot.uri) is trace:
                    # what was typed into it turned out to be something else; an older request
                    # launches nothing, since that would end what the newest one waits for
                    flight, live_text = self._launch(snapshot, trace)
                    decoded = await self._await(flight, live_text, shape, snapshot, trace)
            self._describe(flight, trace)
            self._follow(flight, live_text, snapshot)
        with trace.stage("postprocess"):
            text = self._offers.text(decoded, shape, snapshot, trace)
        if not text and await self._rests(snapshot, trace):
            text = self._offers.text(decoded, shape, snapshot, trace)
        self._offers.show(snapshot, text, bold=trace.bold)
        trace.shown_chars = len(text)
        trace.total_ms = trace.elapsed_ms()
        self._stats.count_answer(trace)
        return Suggestion(text, trace)

    # The stages

    def _recall(self, snapshot: Snapshot, shape: TextConstraints, trace: Trace) -> Decoded | None:
        """Text for this cursor from earlier generations."""
        decoded = self._cache.look_up(snapshot)
        if decoded is None or not decoded.text.strip():
            return None
        if mood.invites_body(snapshot) and not decoded.bold:
            return None  # it stopped where the sure mood does
        settings = self._offers.mood(snapshot, trace)
        if not decoded.complete and not present(decoded, shape, settings):
            return None  # it was cut short; the model would have more to say
        trace.source = self._offers.source(decoded, snapshot)
        return decoded

    def _join(self, snapshot: Snapshot, trace: Trace) -> tuple[InflightGeneration, str] | None:
        """The generation under way, if the text typed since agrees with it."""
        flight = self._scheduler.flight_of(snapshot.uri)
        if flight is None or flight.cancel.cancelled:
            return None
        if mood.invites_body(snapshot) and not flight.bold:
            return None
        live_text = flight.prompt.stable.window.live_text(snapshot)
        if live_text is None or not flight.agrees(live_text):
            return None
        flight.wanted = live_text
        trace.source = AnswerSource.IN_FLIGHT
        return flight, live_text

    async def _is_newest(self, snapshot: Snapshot, trace: Trace) -> bool:
        """Wait for the debounce; False if a newer request for the document arrived."""
        pause_ms = latency_budget.debounce_ms(self._current(), self._rates)
        if pause_ms > 0:
            with trace.stage("debounce"):
                await asyncio.sleep(pause_ms / 1000)
        return self._newest.get(snapshot.uri) is trace

    def _launch(self, snapshot: Snapshot, trace: Trace) -> tuple[InflightGeneration, str]:
        """Start a new generation, on a kept stable part if one fits."""
        prompt = self._anchors.prompt(snapshot)
        engine = self._scheduler.engine
        warm = engine is not None and engine.holds(prompt.stable.ids)
        trace.source = AnswerSource.WARM if warm else AnswerSource.COLD
        bold = trace.by_hand or mood.invites_body(snapshot)
        settings = mood.bolder(self._current().suggestions) if bold else self._current().suggestions
        shape = TextConstraints.of(snapshot)

        def stop(flight: InflightGeneration) -> bool:
            marks = flight.marks()
            if enough(flight.text, marks, shape, settings):
                return True
            answered = flight.answered_at
            flight.cut = (
                not bold and answered > 0 and len(marks) >= answered + settings.ahead_tokens
            )
            return flight.cut

        most = latency_budget.max_new_tokens(self._current(), self._rates)
        if bold:
            most = settings.max_tokens
        flight = InflightGeneration(snapshot.uri, prompt, most, stop)
        flight.bold = bold
        flight.keep = self._anchors.keep
        flight.on_end = functools.partial(self._remember, self._cache, snapshot)
        self._scheduler.submit(flight)
        return flight, prompt.live_text

    async def _await(
        self,
        flight: InflightGeneration,
        live_text: str,
        shape: TextConstraints,
        snapshot: Snapshot,
        trace: Trace,
    ) -> Decoded:
        """Wait until the generation has enough to show, or the target passes with a part of it."""
        latency = self._current().latency
        while not flight.done:
            left_ms = latency.target_ms - trace.elapsed_ms()
            told = flight.answered_at > 0 and mood.invites_body(snapshot)
            if left_ms <= 0 or told:  # who was told of more sees it at once
                decoded = flight.beyond(live_text)
                if decoded is None or self._offers.text(decoded, shape, snapshot, trace):
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

    async def _rests(self, snapshot: Snapshot, trace: Trace) -> bool:
        """Wait until the cursor has rested where a body is wanted; False when it does not."""
        left_ms = self._offers.until_rest_ms(snapshot)
        if left_ms <= 0 or not mood.invites_body(snapshot):
            return False
        with trace.stage("rest"):
            await asyncio.sleep(left_ms / 1000)
        return self._newest.get(snapshot.uri) is trace

    def _follow(self, flight: InflightGeneration, live_text: str, snapshot: Snapshot) -> None:
        """Announce text beyond the answer, a body line by line; then work ahead."""

        async def wait() -> None:
            if mood.invites_body(snapshot):
                await asyncio.sleep(max(0.0, self._offers.until_rest_ms(snapshot)) / 1000)
            else:
                await flight.over()
            while (whole := self._tell(flight, live_text, snapshot)) is not None:
                if flight.done:
                    break
                await flight.next_line()
            if whole and self._power.allows(self._current().suggestions.ahead):
                await self._prepare(snapshot, whole)

        task = asyncio.create_task(wait())
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)

    def _tell(self, flight: InflightGeneration, live_text: str, snapshot: Snapshot) -> str | None:
        """Tell the client when more can be shown than is.

        Returns:
            The text that can be shown, None when nobody waits for it any more.
        """
        if flight.cancel.cancelled or flight.error or flight.wanted != live_text:
            return None
        # as a request would be answered now: what is too short to offer is no news
        decoded = flight.beyond(live_text) or Decoded("")
        whole = self._offers.text(decoded, TextConstraints.of(snapshot), snapshot, Trace())
        if whole and whole != self._offers.left(snapshot):
            self._more_available(snapshot)
        return whole

    async def _prepare(self, snapshot: Snapshot, text: str) -> None:
        """While the engine is idle, decode what would follow an accept, then alternatives."""
        accepted = snapshot.with_inserted(text, replaced_by(snapshot, text))
        if self._scheduler.idle and self._cache.look_up(accepted) is None:
            flight, _ = self._launch(accepted, Trace())
            flight.answered_at = 1
            await flight.over()
            if flight.cancel.cancelled:
                return
        if self._scheduler.idle and latency_budget.chooses_ahead(self._current(), self._rates):
            self.alternatives.prepare(snapshot)

    # Around requests

    def edited(self, change: Change) -> None:
        """A document was edited in any way."""
        self._offers.manners.edited(change)

    def changed(self, snapshot: Snapshot, *, line_finished: bool) -> None:
        """React to a change before the cursor: redirect or end the generation under way."""
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
        """Gather context and prefill ahead of a request, because the cursor came to rest."""
        self._scheduler.want()
        self._anchors.rest(snapshot)

    def preview(self, snapshot: Snapshot) -> Prompt:
        """The prompt that a new anchor here would get, for display."""
        return self._anchors.preview(snapshot)

    def retune(self, prompts: PromptMaker, rates: Rates) -> None:
        """Build prompts for newly measured rates; kept stable parts stay in use."""
        self._anchors.prompts = prompts
        self._anchors.rates = self._rates = rates

    def reconfigured(self, old: Settings) -> None:
        """Drop the texts that were made under other settings; requests follow those in force.

        Prompts change with the maker that `retune` brings.
        """
        settings = self._current()
        if settings == dataclasses.replace(old, engine=settings.engine, latency=settings.latency):
            return
        for uri in self._anchors:
            self._scheduler.cancel(uri)
        self._cache = CompletionCache()
        self.alternatives.clear()
        if (settings.prompt, settings.context) != (old.prompt, old.context):
            self._anchors.clear()

    def closed(self, uri: str) -> None:
        """End and forget everything for a document that was closed."""
        self._scheduler.forget(uri)
        self._cache.forget(uri)
        self.alternatives.forget(uri)
        self._anchors.forget(uri)
        self._offers.forget(uri)
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
