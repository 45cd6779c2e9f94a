"""The simulated screen of a task: the visible suggestion, and what is counted about it.

A shown text stays while the typed keys agree with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.bench.keystrokes.metrics import Counts

BLINK_MS: Final = 500
"""A text that is gone and comes back within this time blinks."""

Gone = Literal["accepted", "typed", "replaced", "mistyped", "moved", "end"]
"""Why a shown text goes away."""


class Screen:
    """What a user sees behind the cursor.

    Attributes:
        text: what is shown, "" for nothing.
        changed_at: when it last changed, in milliseconds, for the user's reaction.
    """

    def __init__(
        self,
        counts: Counts,
        min_show_ms: float,
        now: Callable[[], float],
        note: Callable[[str, float], None],
        on_change: Callable[[], None],
    ) -> None:
        """An empty screen.

        Args:
            counts: what happens is counted there.
            min_show_ms: how long a text must be visible to count as seen.
            now: milliseconds on the typist's clock.
            note: told what happened, and a number of characters.
            on_change: called when another text is shown, or the same one grew.
        """
        self.text = ""
        self.changed_at = 0.0
        self._counts = counts
        self._min_show_ms = min_show_ms
        self._now = now
        self._note = note
        self._on_change = on_change
        self._shown_at = 0.0  # when it became visible, for "seen"
        self._gone_text = ""
        self._gone_at = 0.0

    def show(self, text: str, waited_ms: float, rest: str) -> None:
        """Show a text; `rest` is what is still to be typed."""
        if self.text == text:
            return
        if self.text and text.startswith(self.text):
            self.extend(text)
            return
        if self.text:
            self._counts.flicker += 1
            self.hide("replaced", rest)
        if self._gone_text.endswith(text) and self._now() - self._gone_at < BLINK_MS:
            self._counts.blink += 1
        self.text = text
        self._shown_at = self.changed_at = self._now()
        self._counts.offers += 1
        self._counts.ghost_ms.append(waited_ms)
        self._note("show", len(text))
        if rest and text.startswith(rest.rstrip("\n")) and len(text.strip()) > len(rest.strip()):
            self._counts.overrun += 1
        self._on_change()

    def extend(self, text: str) -> None:
        """The shown text grows; no flicker, but the user has to read it again."""
        self.text = text
        self.changed_at = self._now()
        self._counts.grown += 1
        self._note("grow", len(text))
        self._on_change()

    def type(self, entered: str, rest: str) -> None:
        """Characters were typed; `rest` is what was to be typed before them."""
        if self.text.startswith(entered) and len(self.text) > len(entered):
            self.text = self.text[len(entered) :]
        elif self.text and entered.startswith(self.text):
            self.hide("typed", rest)
        else:
            self.hide("mistyped", rest)

    def hide(self, why: Gone, rest: str) -> None:
        """Take the shown text away; `rest` is what is to be typed where it stood.

        Accepted and typed-through texts are counted on their own. Any other that was visible long
        enough counts as seen, and as wrong if its first line is not what comes.
        """
        if not self.text:
            return
        if why == "typed":
            self._counts.typed_through += 1
        elif why != "accepted" and self._now() - self._shown_at >= self._min_show_ms:
            self._counts.seen += 1
            first = self.text.lstrip("\n").split("\n")[0].rstrip()
            if not rest.lstrip("\n").startswith(first):
                self._counts.seen_wrong += 1
                self._counts.wrong_chars += len(self.text)
        self._note(why, 0)
        self._gone_text, self._gone_at = self.text, self._now()
        self.text = ""
