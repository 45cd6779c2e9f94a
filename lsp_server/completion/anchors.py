"""Stable parts in use: which one a request gets, and when a new anchor is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server.completion import latency_budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from context.candidate import Candidate
    from context.prompt.maker import Prompt, PromptMaker, Stable
    from context.snapshot import Snapshot
    from engine.calibration import Rates
    from lsp_server.completion.scheduler import Scheduler
    from lsp_server.settings.model import Settings
    from lsp_server.workspace.context_provider import ContextProvider

_STABLES_PER_DOCUMENT = 4
_REFRESH_SHARE = 0.5
"""Part of the live limit from which a finished line is a good moment to move the anchor."""


class Anchors:
    """Keeps a few stable parts for each document, the newest first.

    A stable part in use never changes. A new one uses what is gathered by then, so
    nothing here waits for a disk.
    """

    def __init__(
        self,
        current: Callable[[], Settings],
        scheduler: Scheduler,
        prompts: PromptMaker,
        rates: Rates,
        context_provider: ContextProvider | None = None,
    ) -> None:
        """Begin with none.

        Args:
            current: gives the settings in force.
            scheduler: feeds the engine, which keeps the states.
            prompts: cuts prompts for that engine's model.
            rates: what the machine does with the model.
            context_provider: finds pieces of other files; None where there are none.
        """
        self._current = current
        self.prompts = prompts
        self.rates = rates
        self._scheduler = scheduler
        self._context_provider = context_provider
        self._stables: dict[str, list[Stable]] = {}
        self._rested: Snapshot | None = None

    @property
    def keep(self) -> bool:
        """Whether states after stable parts are kept; without a gain they are prefilled again.

        The prompts are the same either way, and so are the answers.
        """
        return latency_budget.keeps_states(self.rates)

    def prompt(self, snapshot: Snapshot) -> Prompt:
        """A prompt on a stable part in use where one fits, else with a new anchor."""
        engine = self._scheduler.engine
        newest: Prompt | None = None
        for stable in self._stables.get(snapshot.uri, ()):
            prompt = self.prompts.extend(stable, snapshot)
            if prompt is not None and engine is not None and engine.holds(stable.ids):
                return prompt
            newest = newest or prompt
        if newest is None:
            newest = self._new_prompt(snapshot)
            self._look_around(snapshot)  # for anchors to come
        return newest

    def preview(self, snapshot: Snapshot) -> Prompt:
        """The prompt that a new anchor here would get."""
        return self.prompts.make(snapshot, self._known(snapshot))

    def rest(self, snapshot: Snapshot) -> None:
        """Gather context and prefill ahead of a request, because the cursor came to rest."""
        self._rested = snapshot
        self._look_around(snapshot, lambda: self._warm(snapshot))

    def forget(self, uri: str) -> None:
        """Drop a document's stable parts."""
        self._stables.pop(uri, None)

    def clear(self) -> None:
        """Drop all stable parts."""
        self._stables.clear()

    def __iter__(self) -> Iterator[str]:
        """Documents with stable parts in use."""
        return iter(tuple(self._stables))

    def _new_prompt(self, snapshot: Snapshot) -> Prompt:
        """A prompt with a new anchor, whose stable part is in use from now on."""
        prompt = self.preview(snapshot)
        stables = self._stables.setdefault(snapshot.uri, [])
        stables.insert(0, prompt.stable)
        del stables[_STABLES_PER_DOCUMENT:]
        return prompt

    def _known(self, snapshot: Snapshot) -> Sequence[Candidate]:
        """Candidates gathered for a document, if prompts have room for them."""
        if self._context_provider is None or not self.prompts.context_tokens:
            return ()
        return self._context_provider.known(snapshot.uri)

    def _look_around(self, snapshot: Snapshot, then: Callable[[], None] = lambda: None) -> None:
        """Gather pieces of other files in the background, if prompts have room for them."""
        tokens = self.prompts.context_tokens
        if self._context_provider is None or not tokens:
            then()
        else:
            self._context_provider.want(snapshot, tokens, then)

    def _warm(self, snapshot: Snapshot) -> None:
        """Prefill the stable part that a request here would need."""
        engine = self._scheduler.engine
        if engine is None or snapshot is not self._rested:  # the cursor rests elsewhere by now
            return
        known = self._known(snapshot)
        for stable in self._stables.get(snapshot.uri, ()):
            prompt = self.prompts.extend(stable, snapshot)
            outdated = known and not stable.judged  # made before anything was found
            if (
                prompt is not None
                and not outdated
                and not self.prompts.is_long(prompt, _REFRESH_SHARE)
            ):
                break
        else:
            prompt = self._new_prompt(snapshot)
        stable = prompt.stable
        too_long = self.rates.prefill_ms(len(stable.ids)) > self._current().latency.warm_ms
        if self.keep and not engine.holds(stable.ids) and not too_long:
            self._scheduler.warm(stable.ids)
