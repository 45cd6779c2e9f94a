"""Figures of an engine in made-up time: each is exactly the time that passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import GenerationError
from engine.fake import FakeEngine
from lsp_server.bench.model import speed

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import CancelToken, Generation, Request, Token


@dataclass
class Clock:
    """Time that passes when somebody sleeps, and never else."""

    now: float = 100.0

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += seconds


class SlowToStart(FakeEngine):
    """Its first generation loads kernels; it has no memory for more than so many tokens."""

    def __init__(self, clock: Clock, room: int) -> None:
        super().__init__(rest="a " * 20, token_s=0.002, read_s=0.0001, context_length=3000)
        self._clock, self._room, self._started = clock, room, False

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """As the fake engine does."""
        if len(request.live) > self._room:
            raise GenerationError("out of memory")
        if not self._started:
            self._clock.sleep(5)
        self._started = True
        return super().generate(request, on_token, cancel)


def speed_of(monkeypatch: pytest.MonkeyPatch, room: int) -> dict[str, Any]:
    """Figures of an engine that reads a token in 0.1 ms and decodes one in 2, in made-up time."""
    clock = Clock()
    monkeypatch.setattr("time.sleep", clock.sleep)
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)
    memory = iter([5, 9, *[7] * 10_000])
    return speed.measure(SlowToStart(clock, room), 2, 3, lambda: next(memory))


def test_figures_are_the_times_that_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow first generation is in none of them and hides no length that the model can read."""
    found = speed_of(monkeypatch, room=10_000)
    lengths = (64, 128, 256, 512, 1024, 2048)  # and not 4,096: the model reads 3,000
    assert found["prefill_ms"] == pytest.approx({n: n / 10 + 2 for n in lengths})
    assert found["decode_ms"] == pytest.approx(dict.fromkeys((32, 256, 512, 1024, 1500), 2.0))
    assert found["reasons"] == []
    kept, cold = found["completion"]["kept"], found["completion"]["cold"]
    assert (kept["p50_ms"], kept["tokens"]) == (pytest.approx(40 / 10 + 12 * 2), 12)
    assert (cold["p95_ms"], cold["count"]) == (pytest.approx(1500 / 10 + 12 * 2), 3)
    assert found["anchoring"]["ratio"] == pytest.approx((10 / 10 + 2) / (510 / 10 + 2))
    assert found["state_bytes_per_token"] == 1000
    assert found["peak_bytes"] == 9  # of 5 before, then 9, then 7


def test_lengths_that_do_not_fit_are_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small card still has the figures of all the others."""
    found = speed_of(monkeypatch, room=1500)
    assert list(found["prefill_ms"]) == [64, 128, 256, 512, 1024]
    assert list(found["decode_ms"]) == [32, 256, 512, 1024, 1500]
    assert found["reasons"] == ["reading 2048 tokens or more: out of memory"]
