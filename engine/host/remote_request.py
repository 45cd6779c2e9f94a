"""One request in the host: streams tokens and receives the server's verdicts."""

from __future__ import annotations

import math
import queue
import time
from typing import TYPE_CHECKING, Final

from engine.api import CancelToken
from engine.host.fair_queue import Rank
from engine.host.messages import Came, TokenVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Request, Token
    from engine.host.messages import Frame

PATIENCE_S: Final = 0.001
"""How long one request may wait for verdicts, all its tokens together.

A stop that comes in time spares the next token, which costs 20 to 60 ms on a CPU. A server that
cannot answer so quickly does not hold up the engine: from then on verdicts are heard a token late.
"""

_DOUBTFUL: Final = math.log(0.6)
"""Servers stop at the end of a line, or where the model is in doubt: other verdicts can wait."""


class RemoteRequest:
    """A generation for a server.

    `judge` and `cancel` are called on the thread that reads from the server, the rest on the
    engine's.
    """

    def __init__(
        self, number: int, request: Request, send: Callable[[Frame], None], *, spare: bool
    ) -> None:
        """Prepare: `send` brings a frame to the server, which counts this request as `number`."""
        self.number = number
        self.request = request
        self.cancel = CancelToken()
        self.cancel.spare = spare
        self._send = send
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._stopped = False
        self._count = 0
        self._patience_s = PATIENCE_S

    @property
    def rank(self) -> Rank:
        """How much it is waited for."""
        if not self.request.max_new_tokens:
            return Rank.WARM
        return Rank.SPARE if self.cancel.spare else Rank.WANTED

    def judge(self, count: int, verdict: TokenVerdict) -> None:
        """Take the server's verdict on token `count`."""
        self.cancel.spare = verdict is TokenVerdict.SPARE
        if verdict is TokenVerdict.STOP:
            self._stopped = True
        self._heard.put(count)

    def on_token(self, token: Token) -> bool:
        """Send a token; True when the server wants no more of them, as far as it was heard."""
        self._count += 1
        self._send(Came(self.number, self._count, token))
        if "\n" in token.text or token.log_prob < _DOUBTFUL:
            self._hear()
        return self._stopped

    def _hear(self) -> None:
        """Wait for the verdict on the last token, while patience lasts."""
        ends = time.perf_counter() + self._patience_s
        heard = 0
        while heard < self._count and not self._stopped:
            left = ends - time.perf_counter()
            try:
                heard = self._heard.get(timeout=left) if left > 0 else self._heard.get_nowait()
            except queue.Empty:
                break
        self._patience_s = max(0.0, ends - time.perf_counter())
