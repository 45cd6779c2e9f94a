"""Back-off and circuit breaker."""

from __future__ import annotations

from lsp_server.completion.backoff import BACK_OFF_S, REST_S, Backoff


def test_pauses_grow_and_then_it_stays_silent() -> None:
    """Until it was left alone for a while; then one attempt is allowed, and another rest."""
    now = 0.0
    restarts = Backoff(lambda: now)
    assert [restarts.pause_s() for _ in BACK_OFF_S] == list(BACK_OFF_S)
    assert list(BACK_OFF_S) == sorted(BACK_OFF_S)
    assert restarts.pause_s() is None
    assert not restarts.rested()
    now = REST_S
    assert restarts.rested()
    assert restarts.pause_s() is None
    assert not restarts.rested()


def test_a_good_generation_forgives() -> None:
    """Only failures in a row count."""
    restarts = Backoff()
    for _ in range(10):
        assert restarts.pause_s() == BACK_OFF_S[0]
        restarts.forgive()
