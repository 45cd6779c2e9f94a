"""Simulated servers with known figures: the benchmark checks itself before it measures.

A server that never offers saves nothing and is never wrong; one that is always right saves about
95% of the keys at 0 ms and none at 1500 ms, where every answer comes after the next key; one that
is always wrong saves nothing. All in simulated time, so it takes a second and repeats exactly.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.metrics import Counts, figures
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.servers.base import Answer, EngineWork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lsp_server.bench.tasks.typing import TypingTask

Kind = Literal["none", "right", "wrong"]


GOOD = 0.9
"""A perfect server at no cost saves at least this share of the keys."""


class MadeUpServer:
    """Knows what will be typed and answers, after a fixed delay, with one line made from it."""

    def __init__(self, kind: Kind, delay_ms: float) -> None:
        self.on_more: Callable[[], None] | None = None
        self._kind = kind
        self._delay_ms = delay_ms
        self._numbers = itertools.count(1)
        self._task: TypingTask | None = None

    async def open(self, task: TypingTask) -> None:
        """Learn the task."""
        self._task = task

    def moved(self, text: str, offset: int) -> None:
        """Needs no telling."""

    async def complete(self, text: str, offset: int) -> Answer:  # noqa: ARG002 -- knows the text
        """Nothing ("none"), the line to come ("right") or one that goes wrong ("wrong")."""
        await asyncio.sleep(self._delay_ms / 1000)
        return Answer(self._line(offset), next(self._numbers))

    def _line(self, offset: int) -> str:
        if self._kind == "none" or self._task is None:
            return ""
        rest = self._task.typed[offset - self._task.offset :]
        line = rest[: rest[1:].find("\n") + 1] if rest[:1] == "\n" else rest.split("\n")[0]
        return line[:4] + "zzz_wrong()" if self._kind == "wrong" else line

    def accepted(self, *, whole: bool) -> None:
        """Needs no telling."""

    async def close_task(self) -> None:
        """Forget the task."""
        self._task = None

    async def ping(self) -> float | None:
        """There is nothing to ask."""
        return None

    async def work(self) -> EngineWork:
        """Nothing was done."""
        return EngineWork()

    async def sources(self) -> Mapping[int, str]:
        """Nothing is known of them."""
        return {}

    async def stop(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """A simulated server, and what must come out of it for a user with no reaction time."""

    name: str
    kind: Kind
    delay_ms: float
    holds: Callable[[Mapping[str, float]], bool]


GUARDS = (
    SelfCheck(
        "never offers",
        "none",
        50,
        lambda m: m["keystrokes_saved"] == 0 and m["wrong_per_100"] == 0,
    ),
    SelfCheck("always right, 0 ms", "right", 0, lambda m: m["keystrokes_saved"] > GOOD),
    SelfCheck("always right, 1500 ms", "right", 1500, lambda m: m["keystrokes_saved"] == 0),
    SelfCheck(
        "always wrong",
        "wrong",
        300,
        lambda m: m["keystrokes_saved"] == 0 and m["wrong_per_100"] > 0,
    ),
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a guard measured, and whether it holds."""

    name: str
    keystrokes_saved: float
    wrong_per_100: float
    holds: bool


def check(tasks: Sequence[TypingTask], typing: Typing | None = None) -> list[CheckResult]:
    """Measure all guards on the tasks."""
    return [_measure(guard, tasks, typing or Typing()) for guard in GUARDS]


def _measure(guard: SelfCheck, tasks: Sequence[TypingTask], typing: Typing) -> CheckResult:
    timed = Typing(base_ms=typing.base_ms, seed=typing.seed)
    counts = type_all(tasks, MadeUpServer(guard.kind, guard.delay_ms), User(reaction_ms=0), timed)
    found = figures(counts)
    saved, wrong = found["keystrokes_saved"], found["wrong_per_100"]
    return CheckResult(guard.name, saved, wrong, guard.holds(found))


def type_all(
    tasks: Sequence[TypingTask], server: MadeUpServer, user: User, typing: Typing
) -> list[Counts]:
    """Type all tasks into a simulated server, in simulated time."""

    async def one_after_the_other() -> list[Counts]:
        counts = []
        for task in tasks:
            await server.open(task)
            counts.append(await TypingRun(task, server, user, typing).run())
        return counts

    return virtual_time.run(one_after_the_other())
