"""An engine that keeps its answers on disk and never computes one twice."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from engine.api import Generation, StopReason, Token
from lsp_server.bench.engines.answer_cache import AnswerCache, key_of
from lsp_server.bench.engines.wrapper import PassingEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.api import CancelToken, Engine, Request, StateAccount

_FINAL = {StopReason.END, StopReason.LENGTH}


class RememberingEngine(PassingEngine):
    """Passes each new request on to another engine, and plays known answers back.

    An answer that was stopped early is enough when it is stopped as early again; otherwise the
    request is made anew. No states are kept: every task has a prompt of its own.

    Attributes:
        asked: how many requests the engine answered itself.
        decoded: the whole text of the newest answer, as the model wrote it.
        prompt_tokens: length of the newest prompt.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Answer from `engine`, and keep its answers in `folder`, one file for each model."""
        super().__init__(engine)
        # the number of threads is the machine's business, not the answer's
        name = engine.info.name.rpartition("x")[0] or engine.info.name
        self._memo = AnswerCache(folder / f"{name.strip().replace(' ', '_')}.jsonl")
        self.asked = 0
        self.decoded = ""
        self.prompt_tokens = 0

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Play back or ask (see `engine.api.Engine.generate`)."""
        if request.alternatives > 1:
            return self._engine.generate(request, on_token, cancel)
        key = key_of({"stable": request.stable, "live": request.live, "heal": request.heal})
        self.prompt_tokens = len(request.stable) + len(request.live)
        known = self._memo.get(key)
        played = _play(known, request.max_new_tokens, on_token) if known else (0, None)
        generation = played[1] or self._ask(key, request, played[0], on_token, cancel)
        self.decoded = generation.text
        return generation

    def _ask(
        self,
        key: str,
        request: Request,
        skip: int,
        on_token: Callable[[Token], bool],
        cancel: CancelToken,
    ) -> Generation:
        seen = 0

        def pass_on(token: Token) -> bool:
            nonlocal seen
            seen += 1
            return seen > skip and on_token(token)  # what was played back is known there

        self.asked += 1
        generation = self._engine.generate(
            dataclasses.replace(request, keep=False), pass_on, cancel
        )
        if generation.reason is not StopReason.CANCELLED:
            tokens = [(one.id, one.text, one.log_prob) for one in generation.tokens]
            limit = request.max_new_tokens
            self._memo.put(key, {"tokens": tokens, "reason": generation.reason, "limit": limit})
        return generation

    def holds(self, stable: tuple[int, ...]) -> bool:  # noqa: ARG002 -- nothing is kept
        """Never."""
        return False

    def account(self) -> StateAccount:
        """The model's."""
        return self._engine.account()

    def recycle(self) -> None:
        """Nothing to forget; known answers stay."""


def _play(
    known: dict[str, object], most: int, on_token: Callable[[Token], bool]
) -> tuple[int, Generation | None]:
    """Tokens handed on, and the generation, None when more is wanted than is known."""
    started = time.perf_counter()
    tokens: list[Token] = []
    rows = known["tokens"]
    assert isinstance(rows, list)  # noqa: S101 -- written by `_ask`
    reason = StopReason(str(known["reason"]))
    for index, text, log_prob in rows:
        tokens.append(Token(index, text, log_prob))
        if on_token(tokens[-1]):
            reason = StopReason.STOPPED
            break
        if len(tokens) >= most:
            reason = StopReason.LENGTH
            break
    else:
        if reason not in _FINAL or (reason is StopReason.LENGTH and most > len(tokens)):
            return len(tokens), None
    spent = (time.perf_counter() - started) * 1000
    return len(tokens), Generation(tuple(tokens), len(tokens), reason, 0, 0, 0.0, spent)
