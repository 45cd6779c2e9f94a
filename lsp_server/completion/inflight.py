"""One generation under way, and the requests that can use its text."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.api import CancelToken, StopReason
from lsp_server import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.maker import Prompt
    from engine.api import Generation, Token

_LOOK_S = 60.0
"""Seconds between checks for a missed end; no end should be missed."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text decoded so far beyond some place, with the log-probability of each of its tokens.

    Attributes:
        text: the text.
        marks: (end of token in `text`, natural log of its probability), in order.
        ended: whether nothing more will come.
        complete: whether it ended because the model or the stop rule said so, not a cut.
        bold: whether it was decoded for the bold mood, past what the sure one would show.
    """

    text: str
    marks: tuple[tuple[int, float], ...] = ()
    ended: bool = True
    complete: bool = True
    bold: bool = False

    def after(self, count: int) -> Decoded:
        """A copy without the first `count` characters."""
        marks = tuple((end - count, log_prob) for end, log_prob in self.marks if end > count)
        return replace(self, text=self.text[count:], marks=marks)


class InflightGeneration:
    """One generation from queue to end.

    The event loop owns it, except `on_token`, which runs on the engine's thread: that one only
    appends, compares, and wakes the loop.
    """

    def __init__(
        self,
        uri: str,
        prompt: Prompt,
        max_new_tokens: int,
        stop: Callable[[InflightGeneration], bool],
    ) -> None:
        """Prepare a generation.

        Args:
            uri: the document it is for.
            prompt: what the model reads.
            max_new_tokens: most tokens to decode.
            stop: looks at the flight after each token, on the engine's thread; True ends it.
        """
        self.uri = uri
        self.prompt = prompt
        self.max_new_tokens = max_new_tokens
        self.alternatives = 1
        """Answers wanted from it; more than one come at its end, and cannot be joined."""
        self.bold = False
        """Whether it goes on past what is sure, for a body."""
        self.keep = True
        """Whether the state after the stable part may be kept for later ones."""
        self.cancel = CancelToken()
        self.wanted = prompt.live_text
        """The newest text from anchor to cursor that this flight is still right for."""
        self.answered_at = 0
        """Number of tokens when a request was answered from it, 0 before; the rest is ahead."""
        self.cut = False
        """Set by a stop rule that ends it for another reason than that nothing more is shown."""
        self.on_end: Callable[[InflightGeneration], None] | None = None
        self.text = ""
        self.tokens: list[Token] = []
        self.generation: Generation | None = None
        self.error: Exception | None = None
        self.done = False
        self.queue_ms = 0.0
        """Milliseconds from here until the engine took it up."""
        self._made = clock.now()
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._grown = asyncio.Event()

    # On the engine's thread

    def begin(self) -> None:
        """Note that the engine starts on it now."""
        self.queue_ms = (clock.now() - self._made) * 1000
        self.cancel.spare = self.answered

    def on_token(self, token: Token) -> bool:
        """Take one token; True ends the generation: divergence, cancelling, or the stop rule."""
        self.tokens.append(token)
        self.text += token.text
        self.cancel.spare = self.answered
        stop = self.cancel.cancelled or not self._agrees_with(self.wanted) or self._stop(self)
        self._loop.call_soon_threadsafe(self._grown.set)
        return stop

    # On the event loop

    def beyond(self, live_text: str) -> Decoded | None:
        """The text generated beyond `live_text`, or None if the two diverge."""
        if not self._agrees_with(live_text):
            return None
        typed = len(live_text) - len(self.prompt.live_text)
        ended = self.done
        cancelled = self.cancel.cancelled or self.generation is None
        complete = ended and not cancelled and not self._cut_short()
        decoded = Decoded(self.text, tuple(self.marks()), ended, complete, self.bold)
        return decoded.after(max(0, typed))

    def agrees(self, live_text: str) -> bool:
        """Whether it can still generate text for `live_text`."""
        if self.alternatives > 1:
            return False
        ahead = len(live_text) >= len(self.prompt.live_text) + len(self.text)
        return self._agrees_with(live_text) and not (self.done and ahead)

    async def growth(self, timeout_s: float) -> bool:
        """Wait for the next token or the end; False when `timeout_s` passed first."""
        if self.done:
            return True
        self._grown.clear()
        try:
            # `wait_for` of Python 3.11 loses a cancellation that comes together with the token
            async with asyncio.timeout(max(0.0, timeout_s)):
                await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def next_line(self) -> None:
        """Wait until another line has begun, or for the end."""
        lines = self.text.count("\n")
        while not self.done and self.text.count("\n") == lines:
            await self.growth(_LOOK_S)

    async def over(self) -> None:
        """Wait until it ends, in whatever way."""
        while not self.done:
            await self.growth(_LOOK_S)

    def finish(self, generation: Generation | None, error: Exception | None = None) -> None:
        """Mark the end, with or without an error; a second call changes nothing."""
        if self.done:
            return
        self.generation, self.error = generation, error
        self.done = True
        self._grown.set()
        if self.on_end is not None:
            self.on_end(self)

    @property
    def answered(self) -> bool:
        """Whether a request was already answered from it, so that ending it loses nothing."""
        return self.answered_at > 0

    def marks(self) -> list[tuple[int, float]]:
        """(end in `text`, natural log of the probability) of each token, in order."""
        marks, end = [], 0
        for token in tuple(self.tokens):
            end += len(token.text)
            marks.append((end, token.log_prob))
        return marks

    def _cut_short(self) -> bool:
        """Whether a limit ended it, possibly inside a word."""
        limited = self.generation is not None and self.generation.reason is StopReason.LENGTH
        return limited or self.cut

    def _agrees_with(self, live_text: str) -> bool:
        start = self.prompt.live_text
        if not live_text.startswith(start):
            return False
        typed = live_text[len(start) :]
        return self.text.startswith(typed) or typed.startswith(self.text)
