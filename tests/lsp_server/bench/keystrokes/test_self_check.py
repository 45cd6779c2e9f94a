"""The benchmark measures servers whose figures are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lsp_server.bench.keystrokes import self_check
from lsp_server.bench.keystrokes.metrics import figures
from lsp_server.bench.keystrokes.self_check import MadeUpServer, type_all
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.tasks.typing import TypingTask


def test_the_guards_hold(tasks: list[TypingTask]) -> None:
    """Never offering saves 0, perfection saves over 90% at 0 ms and 0 at 1500 ms, wrong saves 0."""
    assert {verdict.name: verdict.holds for verdict in self_check.check(tasks)} == {
        "never offers": True,
        "always right, 0 ms": True,
        "always right, 1500 ms": True,
        "always wrong": True,
    }


LINES = "\n".join(f"line_{number:02} = {'x' * 9}" for number in range(40)) + "\n"
"""Lines of 20 characters, the newline among them: one action instead of 20 keys is 95%."""


@pytest.mark.parametrize(
    ("kind", "delay_ms", "saved"),
    [("none", 0, 0), ("right", 0, 0.95), ("right", 1500, 0), ("wrong", 0, 0)],
)
def test_a_server_whose_figure_is_known_has_that_figure(
    kind: self_check.Kind, delay_ms: float, saved: float
) -> None:
    """Never offering saves nothing; perfection one key in 20, in time; every late answer none."""
    task = TypingTask("lines", "python", "a.py", "", 0, LINES)
    counts = type_all([task], MadeUpServer(kind, delay_ms), User(reaction_ms=0), Typing())
    assert figures(counts)["keystrokes_saved"] == pytest.approx(saved, abs=0.002)


def test_a_broken_guard_is_noticed(tasks: list[TypingTask]) -> None:
    """A typist so slow that 1500 ms are quick enough breaks the guard that says they are not."""
    verdicts = {
        verdict.name: verdict.holds for verdict in self_check.check(tasks, Typing(base_ms=9e4))
    }
    assert not verdicts["always right, 1500 ms"]


def test_typing_repeats_exactly(tasks: list[TypingTask]) -> None:
    """The same seed gives the same figures, another seed others."""
    user = User()

    def typed(seed: int) -> dict[str, float]:
        counts = type_all(tasks, MadeUpServer("right", 300), user, Typing(seed=seed))
        found = figures([replace(one, ack_ms=[]) for one in counts])
        return {name: value for name, value in found.items() if value == value}  # noqa: PLR0124 -- nan

    assert typed(1) == typed(1)
    assert typed(1) != typed(2)


@pytest.mark.parametrize("delay_ms", [300, 1500, 20_000])
def test_without_latency_a_slow_server_saves_what_a_fast_one_does(
    tasks: list[TypingTask], delay_ms: float
) -> None:
    """When the clock stops during requests, the delay makes no difference."""
    user, typing = User(500), Typing(zero_latency=True)
    slow = figures(type_all(tasks, MadeUpServer("right", delay_ms), user, typing))
    fast = figures(type_all(tasks, MadeUpServer("right", 0), user, Typing()))
    assert slow["keystrokes_saved"] == pytest.approx(fast["keystrokes_saved"])
    assert slow["ghost_p95"] == 0
