"""Warm up a card: run each kind of request once, so that no key waits for it.

On a card the first use of a kernel loads it, and on a chip newer than the library compiles it (see
`engine.device.compile_cache`); which kernel multiplies depends on the shapes. So the shapes of real
requests are used: short to long stable parts, live parts from a line's start to the longest, two
rows for token healing, several for a choice, reading anew and going on from a kept state.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from engine.api import CancelToken, Request
from engine.calibration import practice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.api import Engine

STABLE_TOKENS: Final = (256, 512, 1536)
LIVE_TOKENS: Final = (1, 16, 96)
_NEW_TOKENS, _CHOICE = 2, 3


def steps(engine: Engine) -> Iterator[Callable[[Engine], object]]:
    """What to do with the engine, on its thread, step by step; after the last nothing is kept.

    All of them take under a second on a card that knows its kernels, and a step may raise what any
    generation may.
    """
    longest = engine.info.context_length or max(STABLE_TOKENS) + max(LIVE_TOKENS) + _NEW_TOKENS
    for length in STABLE_TOKENS:
        stable, middle = practice(engine, length)
        for count in LIVE_TOKENS:
            if length + count + _NEW_TOKENS > longest:
                continue
            live = (middle, *stable[1:count])
            yield partial(_ask, Request(stable, live, _NEW_TOKENS, heal=True))
            yield partial(
                _ask, Request(stable, live, _NEW_TOKENS, keep=False, alternatives=_CHOICE)
            )
    yield lambda engine: engine.recycle()


def _ask(request: Request, engine: Engine) -> None:
    engine.generate(request, lambda _: False, CancelToken())
