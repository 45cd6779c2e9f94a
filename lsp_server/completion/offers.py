"""What is offered of a decoded text: by mood, by manners, and by what is on screen already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server import clock
from lsp_server.completion import mood
from lsp_server.completion.manners import Manners
from lsp_server.completion.presentation.present import present
from lsp_server.completion.presentation.repetition import closes
from lsp_server.completion.shown import OnScreen
from lsp_server.completion.trace import AnswerSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.snapshot import Cursor, Snapshot
    from lsp_server.completion.inflight import Decoded
    from lsp_server.completion.presentation.constraints import TextConstraints
    from lsp_server.completion.trace import Trace
    from lsp_server.settings.model import SuggestionSettings


class Offers:
    """Decides what is shown, and remembers what is on screen in each document."""

    def __init__(self, settings: Callable[[], SuggestionSettings]) -> None:
        """Begin with empty screens.

        Args:
            settings: gives those in force.
        """
        self._settings = settings
        self.manners = Manners()
        self._shown: dict[str, OnScreen] = {}
        self._places: dict[str, tuple[tuple[int, Cursor], float]] = {}

    def text(
        self, decoded: Decoded, shape: TextConstraints, snapshot: Snapshot, trace: Trace
    ) -> str:
        """The text to show, "" for one that is not worth a look, unless it is on screen."""
        settings = self.mood(snapshot, trace)
        text = present(decoded, shape, settings)
        if trace.source is AnswerSource.TYPE_THROUGH:
            return text
        short = shape.new_keys(text) < settings.min_chars
        if short and not (closes(text) and text.strip().isalpha()):  # `fi` ends a block
            return ""
        if trace.by_hand:
            return text
        whole = decoded.ended or "\n" in decoded.text.lstrip()
        if (trace.bold and not whole) or self.manners.removed_here(snapshot, text):
            return ""
        return text

    def mood(self, snapshot: Snapshot, trace: Trace) -> SuggestionSettings:
        """Sure while keys come; bold at rest before a body, when asked, and for what is shown."""
        shown = self._shown.get(snapshot.uri)
        stays = shown is not None and shown.bold and bool(shown.left(snapshot))
        rests = self.until_rest_ms(snapshot) <= 0 and mood.invites_body(snapshot)
        trace.bold = trace.by_hand or rests or stays
        return mood.bolder(self._settings()) if trace.bold else self._settings()

    def until_rest_ms(self, snapshot: Snapshot) -> float:
        """Milliseconds until the cursor has rested here, from the first request for the place."""
        place = (snapshot.version, snapshot.cursor)
        known, since = self._places.get(snapshot.uri, (None, 0.0))
        if known != place:
            since = clock.now()
            self._places[snapshot.uri] = place, since
        return mood.REST_MS - (clock.now() - since) * 1000

    def source(self, decoded: Decoded, snapshot: Snapshot) -> AnswerSource:
        """Where a text that was known comes from, as its user sees it."""
        shown, left = self._shown.get(snapshot.uri), self.left(snapshot)
        if left and (decoded.text.startswith(left) or left.startswith(decoded.text)):
            return AnswerSource.TYPE_THROUGH
        if shown is not None and shown.passed(snapshot):
            return AnswerSource.AHEAD
        return AnswerSource.CACHE

    def show(self, snapshot: Snapshot, text: str, *, bold: bool) -> None:
        """Remember what is on screen from now on."""
        if text:
            self._shown[snapshot.uri] = OnScreen.of(snapshot, text, bold=bold)
        else:
            self._shown.pop(snapshot.uri, None)

    def left(self, snapshot: Snapshot) -> str:
        """What is on screen behind the cursor."""
        shown = self._shown.get(snapshot.uri)
        return shown.left(snapshot) if shown else ""

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self.manners.forget(uri)
        self._shown.pop(uri, None)
        self._places.pop(uri, None)
