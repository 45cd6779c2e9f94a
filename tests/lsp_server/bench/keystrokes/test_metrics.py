"""Figures out of counts."""

from __future__ import annotations

import math

import pytest

from lsp_server.bench.keystrokes.metrics import Counts, by_source, figures, percentile, total


def test_figures_of_a_case_done_by_hand() -> None:
    """40 keys and 2 accepts of 60 characters enter 100 characters: 58% of the keys are saved."""
    counts = Counts(
        chars=110, keys=40, free_chars=10, accepts=2, accepted_chars=60, requests=20, answered=10,
        empty=4, stale=1, offers=6, seen=2, seen_wrong=1, wrong_chars=20, typed_through=1,
        decoded_tokens=90, prompt_tokens=1000, cached_prompt_tokens=800, busy_ms=5000,
        duration_ms=10_000, cpu_s=8.4, latency_ms=[10, 20, 30, 40], rss_mb=[100, 120, 110],
    )  # fmt: skip
    found = figures([counts])
    assert found["keystrokes_saved"] == pytest.approx(1 - 42 / 100)
    assert found["completed_code"] == pytest.approx(0.6)
    assert found["accept_rate"] == pytest.approx(2 / 5)
    assert found["wrong_per_100"] == pytest.approx(1)
    assert found["wrong_chars_per_char"] == pytest.approx(0.2)
    assert found["requests_per_key"] == pytest.approx(20 / 42)
    assert (found["answered"], found["empty"], found["stale"]) == (0.5, 0.4, 0.1)
    assert found["tokens_per_accepted_char"] == pytest.approx(1.5)
    assert (found["prompt_reuse"], found["busy_share"]) == (0.8, 0.5)
    assert found["cpu_s_per_100_keys"] == pytest.approx(20)
    assert (found["latency_p50"], found["latency_p95"]) == (20, 40)
    assert (found["rss_mb_max"], found["rss_mb_last"]) == (120, 110)


def test_nothing_typed_gives_no_division_by_zero() -> None:
    """A run without a finished task still has a table."""
    found = figures([])
    assert found["keystrokes_saved"] == 0
    assert math.isnan(found["latency_p50"])


def test_what_a_server_does_not_tell_is_not_zero() -> None:
    """Unknown token counts give an unknown figure."""
    found = figures([Counts(accepted_chars=5, decoded_tokens=math.nan)])
    assert math.isnan(found["tokens_per_accepted_char"])


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([5], 0.5, 5), ([1, 2, 3, 4], 0.5, 2), ([1, 2, 3, 4], 0.51, 3), ([2, 1], 0.99, 2)],
)
def test_percentiles_are_nearest_rank(values: list[float], share: float, expected: float) -> None:
    """Each is one of the values."""
    assert percentile(values, share) == expected


def test_sources_stay_with_their_latencies_when_tasks_are_added_up() -> None:
    """Lists of several tasks are joined in the same order."""
    one = Counts(latency_ms=[1, 2], sources=["cache", "warm"])
    two = Counts(latency_ms=[3], sources=["cache"])
    assert total([one, two]).latency_ms == [1, 2, 3]
    found = by_source([one, two])
    assert found["cache"]["answers"] == 2
    assert found["cache"]["latency_p95"] == 3
