"""Alternatives at one position: decoded on request, or ahead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsp_server.completion import mood
from lsp_server.completion.inflight import Decoded, InflightGeneration
from lsp_server.completion.presentation.constraints import TextConstraints
from lsp_server.completion.presentation.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.snapshot import Snapshot
    from lsp_server.completion.anchors import Anchors
    from lsp_server.completion.scheduler import Scheduler
    from lsp_server.settings.model import Settings

MOST: Final = 3
"""Texts that a user can choose from."""

_TOKENS = 16
"""Each of them is short: several are decoded side by side while the user waits."""


class Alternatives:
    """The newest alternatives of each document, decoded or being decoded."""

    def __init__(
        self, current: Callable[[], Settings], scheduler: Scheduler, anchors: Anchors
    ) -> None:
        """Begin with none.

        Args:
            current: gives the settings in force.
            scheduler: feeds the engine.
            anchors: make the prompts.
        """
        self._current = current
        self._scheduler = scheduler
        self._anchors = anchors
        self._made: dict[str, tuple[Snapshot, InflightGeneration]] = {}

    async def texts(self, snapshot: Snapshot) -> list[str]:
        """Up to `MOST` different texts, most likely first, without a threshold."""
        deadline_s = self._current().latency.deadline_ms / 1000
        running = self._scheduler.flight_of(snapshot.uri)
        while running is not None and await running.growth(deadline_s) and not running.done:
            pass  # the answer itself comes first
        flight = self._known(snapshot) or self._launch(snapshot, wanted=True)
        flight.answered_at = 0  # a request waits for it now
        await flight.growth(deadline_s)  # its texts come all at once, at its end
        if not flight.done:
            flight.cancel.cancel()
        texts = flight.generation.texts if flight.generation else ()
        shape = TextConstraints.of(snapshot)
        settings = mood.bolder(self._current().suggestions)
        cut = [present(Decoded(text, complete=False), shape, settings) for text in texts]
        return [text for text in dict.fromkeys(cut) if text.strip()]

    def prepare(self, snapshot: Snapshot) -> None:
        """Decode alternatives ahead of a request; any other request interrupts this at once."""
        if self._known(snapshot) is None:
            self._launch(snapshot, wanted=False)

    def forget(self, uri: str) -> None:
        """Drop a document's alternatives."""
        self._made.pop(uri, None)

    def clear(self) -> None:
        """Drop all alternatives."""
        self._made.clear()

    def _known(self, snapshot: Snapshot) -> InflightGeneration | None:
        """The generation whose texts are for exactly this text and cursor."""
        made_for, flight = self._made.get(snapshot.uri, (None, None))
        if flight is None or made_for != snapshot or flight.cancel.cancelled:
            return None
        # one that others displaced in the engine host brought nothing
        useless = flight.done and not (flight.generation and flight.generation.texts)
        return None if useless else flight

    def _launch(self, snapshot: Snapshot, *, wanted: bool) -> InflightGeneration:
        flight = InflightGeneration(
            snapshot.uri, self._anchors.prompt(snapshot), _TOKENS, lambda _: False
        )
        flight.alternatives = MOST
        flight.keep = False  # a state that is there is used; none is made for this
        flight.answered_at = 0 if wanted else 1
        self._made[snapshot.uri] = snapshot, flight
        self._scheduler.submit(flight)
        return flight
