"""The rehearsal: the shapes of real requests, each once, and nothing left behind."""

from __future__ import annotations

from engine import warmup
from engine.fake import FakeEngine


def test_it_reads_what_requests_read() -> None:
    """Long and short, healing and choosing, anew and from a kept state."""
    engine = FakeEngine(rest="a b c")
    for step in warmup.steps(engine):
        step(engine)
    history = engine.history
    assert {len(request.stable) for request in history} == set(warmup.STABLE_TOKENS)
    assert {len(request.live) for request in history} == set(warmup.LIVE_TOKENS)
    assert {request.alternatives for request in history} == {1, 3}
    assert any(request.heal for request in history)
    assert len(history) == 18
    assert engine.account().prompts == 0


def test_it_stays_within_the_models_context() -> None:
    """A longer prompt would be an error of the model's."""
    engine = FakeEngine(rest="a b c", context_length=512)
    for step in warmup.steps(engine):
        step(engine)
    assert max(len(request.stable) + len(request.live) for request in engine.history) < 512
