"""Self-test: does a real generation work here, is it correct, and how fast is it?"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import machine, state_file
from engine.api import CancelToken, Request

if TYPE_CHECKING:
    from pathlib import Path

    from engine.api import Engine, Token

_COUNT = 40
_EASY = ", ".join(str(number) for number in range(_COUNT)) + ","
_EXPECTED = f" {_COUNT}, {_COUNT + 1}, {_COUNT + 2}"
_READ_TOKENS, _DECODE_TOKENS = 512, 12


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a trial found.

    Attributes:
        sane: every probability was a number and the counting went on as it must.
        ms: milliseconds to read 512 tokens and decode 12, the better of two runs.
        said: what it decoded, for the message when it was wrong.
    """

    sane: bool
    ms: float
    said: str


def run(engine: Engine) -> SelfTest:
    """Let the engine count on, which every model of code does with great certainty, and time it."""
    tokens: list[Token] = []

    def collect(token: Token) -> bool:
        tokens.append(token)
        return False

    begin = engine.family.begin
    ids = [engine.tokenizer.control(begin)] if begin else []
    ids += engine.tokenizer.encode(_EASY)
    limit = len(_EXPECTED)  # a digit a token at worst
    engine.generate(Request((), tuple(ids), limit, keep=False), collect, CancelToken())
    said = "".join(token.text for token in tokens)
    sane = said.startswith(_EXPECTED) and all(math.isfinite(token.log_prob) for token in tokens)
    return SelfTest(sane, min(_time(engine, ids) for _ in range(2)), said)


def _time(engine: Engine, ids: list[int]) -> float:
    prompt = (ids * (_READ_TOKENS // len(ids) + 1))[:_READ_TOKENS]
    started = time.perf_counter()
    request = Request((), tuple(prompt), _DECODE_TOKENS, keep=False)
    engine.generate(request, lambda _: False, CancelToken())
    return (time.perf_counter() - started) * 1000


def recall(path: Path | None, key: str) -> str | None:
    """The compute type remembered under `key`, None when there is none or the file is damaged."""
    found = state_file.recall(path, _here(key)) if path else None
    return found if isinstance(found, str) else None


def remember(path: Path | None, key: str, compute_type: str) -> None:
    """Write the choice; a folder that cannot be written costs only the memory."""
    if path is not None:
        state_file.remember(path, _here(key), compute_type, "the chosen compute type")


def _here(key: str) -> str:
    return f"{key} on {machine.processor()}"
