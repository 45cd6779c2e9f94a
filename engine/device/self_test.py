"""Self-test: does a real generation work here, is it correct, and how fast is it?"""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.api import CancelToken, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.api import Engine, Token

_log = logging.getLogger(__name__)

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
    found = _read(path).get(key)
    return found if isinstance(found, str) else None


def remember(path: Path | None, key: str, compute_type: str) -> None:
    """Write the choice; a folder that cannot be written costs only the memory."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        draft.touch(0o600)
        draft.write_text(json.dumps({**_read(path), key: compute_type}, indent=2), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        _log.warning("the chosen compute type could not be remembered: %s", error.strerror)


def _read(path: Path | None) -> Mapping[str, object]:
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
