"""The interface between the server and an engine."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.families import Family
    from context.prompt.tokenizer import Tokenizer
    from engine.errors import EngineLostError


class StopReason(StrEnum):
    """Why a generation ended."""

    END = "end"  # the model said so: an end or control token
    LENGTH = "length"  # `max_new_tokens` reached
    STOPPED = "stopped"  # the caller's `on_token` had enough
    CANCELLED = "cancelled"  # the cancel token was set


class CancelToken:
    """A one-way switch, set from any thread and checked once per decoded token.

    Attributes:
        spare: whether nobody waits for the rest, so that others who share the engine go first.
    """

    __slots__ = ("_event", "_hook", "spare")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._hook: Callable[[], None] | None = None
        self.spare = False

    def cancel(self) -> None:
        """Cancel. Prefill cannot be interrupted; decoding stops after one token."""
        self._event.set()
        if (hook := self._hook) is not None:
            hook()

    def hook(self, function: Callable[[], None] | None) -> None:
        """Call `function` when it is cancelled, on that thread; maybe twice, at once if it was."""
        self._hook = function
        if function is not None and self.cancelled:
            function()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    Attributes:
        stable: ids whose state may be kept and reused, (n,), possibly empty.
        live: ids read after `stable` every time, (m,), at least one.
        max_new_tokens: most tokens to decode; 0 only reads `stable` into the state cache.
        keep: whether the state after `stable` may be kept for later requests.
        heal: whether the last live token may be split otherwise, see `engine.healing`.
        alternatives: answers wanted in all; more than one are decoded side by side, from different
            first tokens, and come as `Generation.texts` without calls of `on_token`.
    """

    stable: tuple[int, ...]
    live: tuple[int, ...]
    max_new_tokens: int
    keep: bool = True
    heal: bool = False
    alternatives: int = 1


@dataclass(frozen=True, slots=True)
class Token:
    """One decoded token: id, the text it completes (maybe ""), natural log of its probability."""

    id: int
    text: str
    log_prob: float


@dataclass(frozen=True, slots=True)
class Generation:
    """The result of a generation, and its cost.

    Attributes:
        tokens: the decoded tokens in order, without the end token.
        decoded: how many tokens the model chose for it, end token and dropped ones included.
        reason: why it ended.
        read_tokens: prompt tokens read for it.
        reused_tokens: prompt tokens whose state was already there.
        prefill_ms: from start to the first token (or to the end when none came).
        decode_ms: from the first token to the end.
        texts: all answers, most probable first, when the request asked for alternatives.
    """

    tokens: tuple[Token, ...]
    decoded: int
    reason: StopReason
    read_tokens: int
    reused_tokens: int
    prefill_ms: float
    decode_ms: float
    texts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The decoded text."""
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class StateAccount:
    """Kept states: bytes held, bytes allowed, number of kept prompts."""

    held_bytes: int
    budget_bytes: int
    prompts: int


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is and where it runs.

    Attributes:
        name: model, compute type, device and threads in one short line, for status and logs.
        device: `cpu`, or one card such as `cuda:0`.
        note: why it does not run at a better place, for people; "" when there is nothing to say.
        context_length: most tokens of prompt and answer together; 0 where the model does not say.
    """

    name: str
    device: str = "cpu"
    note: str = ""
    context_length: int = 0


class Engine(Protocol):
    """A loaded model. Methods block and are called from one thread, the engine's own.

    `holds` and `account` only look, and may be called from any thread.
    """

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer (any thread)."""
        ...

    @property
    def family(self) -> Family:
        """The model's prompt family."""
        ...

    @property
    def info(self) -> EngineInfo:
        """What it is and where it runs (any thread)."""
        ...

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Decode greedily; `on_token` is called per token and returns True to stop.

        Raises:
            GenerationError: the model failed; the engine is still usable after `recycle`.
            EngineClosedError: after `close`.
        """
        ...

    def holds(self, stable: tuple[int, ...]) -> bool:
        """Whether the state after these ids is kept."""
        ...

    def account(self) -> StateAccount:
        """Bytes of kept states against their budget."""
        ...

    def recycle(self) -> None:
        """Forget all kept states and give their memory back. Takes about as long as a load."""
        ...

    def close(self) -> None:
        """Free everything. Further calls raise `EngineClosedError`."""
        ...

    def on_lost(self, tell: Callable[[EngineLostError], None]) -> None:
        """Have `tell` called, on any thread, when the process that the engine lives in ended.

        A generation under way raises the same error.
        """
        ...

    def abort(self, *, hung: bool = False) -> None:
        """Make running and later calls raise at once; from any thread, may be called again.

        Only an engine in another process can do that; one that is `hung` is killed. An engine in
        this process does nothing: native code cannot be interrupted.
        """
        ...
