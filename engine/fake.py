"""An engine without a model: answers from a queue and keeps a history, for tests.

engine = FakeEngine(["return a + b"])
...  # run the server on it
engine.history[0].max_new_tokens  # 64
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from typing import TYPE_CHECKING

from context.prompt.families import FAMILIES
from engine.api import EngineInfo, Generation, Request, StateAccount, StopReason, Token
from engine.errors import EngineClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from context.prompt.families import Family
    from engine.api import CancelToken
    from engine.errors import EngineLostError

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
_CONTROL = 0x110000
"""Control tokens get ids behind all code points."""


class CharTokenizer:
    """One token a character: exact, reversible, and easy to count in a test."""

    def __init__(self, family: Family) -> None:
        """Number the control tokens of `family`."""
        names = sorted(family.control_tokens)
        self._control = {name: _CONTROL + place for place, name in enumerate(names)}

    def encode(self, text: str) -> list[int]:
        """Code points."""
        return [ord(char) for char in text]

    def decode(self, ids: Sequence[int]) -> str:
        """Characters; control tokens have no text."""
        return "".join(chr(i) for i in ids if i < _CONTROL)

    def control(self, token: str) -> int:
        """Id of a control token."""
        return self._control[token]


class FakeEngine:
    """Answers each generation with the next text of a queue, word by word.

    Attributes:
        answers: texts to come; an exception among them is raised in its turn. When the queue is
            empty the text `rest` is the answer.
        history: every request that generated something, in order.
        token_s: seconds per decoded token.
        read_s: seconds per token read.
    """

    def __init__(
        self,
        answers: Iterable[str | Exception] = (),
        *,
        rest: str = "",
        token_s: float = 0.0,
        read_s: float = 0.0,
        probability: float = 0.99,
        kv_bytes_per_token: int = 1000,
        budget_bytes: int = 10_000_000,
        name: str = "fake",
        device: str = "cpu",
        context_length: int = 0,
    ) -> None:
        """Set up the queue."""
        self.answers: deque[str | Exception] = deque(answers)
        self.rest = rest
        self.history: list[Request] = []
        self.token_s, self.read_s = token_s, read_s
        self._log_prob = math.log(probability)
        self._weight = kv_bytes_per_token
        self._budget = budget_bytes
        self._kept: set[tuple[int, ...]] = set()
        self._family = FAMILIES["qwen2.5-coder"]
        self._tokenizer = CharTokenizer(self._family)
        self.info = EngineInfo(name, device, context_length=context_length)
        self.closed = False

    @property
    def tokenizer(self) -> CharTokenizer:
        """One token a character."""
        return self._tokenizer

    @property
    def family(self) -> Family:
        """Qwen's."""
        return self._family

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Answer with the next text of the queue (see `engine.api.Engine.generate`)."""
        if self.closed:
            raise EngineClosedError("the engine is closed; start the server again")
        held = request.stable in self._kept
        read = len(request.live) + (0 if held else len(request.stable))
        if request.keep and request.stable:
            if self._held() + len(request.stable) * self._weight > self._budget:
                self._kept.clear()
            self._kept.add(request.stable)
        started = time.perf_counter()
        time.sleep(self.read_s * read)
        first = time.perf_counter()
        tokens: list[Token] = []
        reason = StopReason.LENGTH
        if request.max_new_tokens:
            self.history.append(request)
            answer = self.answers.popleft() if self.answers else self.rest
            if isinstance(answer, Exception):
                raise answer
            if request.alternatives > 1:
                texts = tuple(answer.split("|")[: request.alternatives])
                return Generation((), 0, StopReason.END, read, 0, 0.0, 0.0, texts)
            reason = self._decode(answer, request.max_new_tokens, tokens, on_token, cancel)
        return Generation(
            tokens=tuple(tokens),
            decoded=len(tokens),
            reason=reason,
            read_tokens=read,
            reused_tokens=len(request.stable) if held else 0,
            prefill_ms=(first - started) * 1000,
            decode_ms=(time.perf_counter() - first) * 1000,
        )

    def _decode(
        self,
        answer: str,
        limit: int,
        tokens: list[Token],
        on_token: Callable[[Token], bool],
        cancel: CancelToken,
    ) -> StopReason:
        for number, piece in enumerate(_PIECES.findall(answer)):
            time.sleep(self.token_s)
            tokens.append(Token(number, piece, self._log_prob))
            if on_token(tokens[-1]):
                return StopReason.STOPPED
            if cancel.cancelled:
                return StopReason.CANCELLED
            if len(tokens) >= limit:
                return StopReason.LENGTH
        return StopReason.END

    def holds(self, stable: tuple[int, ...]) -> bool:
        """Whether the state after these ids is kept."""
        return stable in self._kept

    def account(self) -> StateAccount:
        """Bytes of kept states against their budget."""
        return StateAccount(self._held(), self._budget, len(self._kept))

    def recycle(self) -> None:
        """Forget all kept states."""
        self._kept.clear()

    def close(self) -> None:
        """Further calls raise."""
        self.closed = True

    def on_lost(self, tell: Callable[[EngineLostError], None]) -> None:
        """Never: it lives and dies with this process."""

    def abort(self, *, hung: bool = False) -> None:
        """Nothing: what runs in this process cannot be interrupted."""

    def _held(self) -> int:
        return sum(len(stable) for stable in self._kept) * self._weight
