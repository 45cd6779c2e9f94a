"""What a request may ask of a machine, from its rates."""

from __future__ import annotations

import pytest

from engine.calibration import Rates
from lsp_server.completion import latency_budget
from lsp_server.settings.model import Settings

SLOW, LAPTOP, CARD = Rates(100, 80), Rates(1000, 25), Rates(50_000, 4)


@pytest.mark.parametrize(("rates", "tokens"), [(SLOW, 256), (LAPTOP, 512), (CARD, 1536)])
def test_prompts_grow_with_the_speed_of_reading(rates: Rates, tokens: int) -> None:
    """Never too short to say something, and long only where reading is next to free."""
    assert latency_budget.max_prompt_tokens(Settings(), rates) == tokens


@pytest.mark.parametrize(("length", "tokens"), [(0, 1536), (4096, 1536), (2048, 1384), (500, 0)])
def test_a_short_context_leaves_room_for_the_line_and_the_answer(length: int, tokens: int) -> None:
    """0 is a model that does not say how much it reads."""
    assert latency_budget.max_prompt_tokens(Settings(), CARD, length) == tokens


def test_a_fast_machine_never_waits_and_a_slow_one_has_no_time_to() -> None:
    """In between a burst of keys is one request."""
    assert latency_budget.debounce_ms(Settings(), CARD) == 0
    assert latency_budget.debounce_ms(Settings(), SLOW) == 0
    assert 0 < latency_budget.debounce_ms(Settings(), LAPTOP) <= 40


@pytest.mark.parametrize(
    ("rates", "ahead"),
    [(CARD, True), (LAPTOP, False), (SLOW, False), (Rates(50_000, 40), False)],
)
def test_a_choice_is_decoded_ahead_only_where_it_costs_next_to_nothing(
    rates: Rates, ahead: bool
) -> None:
    """Reading and decoding have to be fast, both as measured."""
    assert latency_budget.chooses_ahead(Settings(), rates) is ahead


@pytest.mark.parametrize(
    ("rates", "keeps"),
    [
        (Rates(50_000, 4, kept_gain=5), True),
        (Rates(50_000, 4, kept_gain=1.02), False),
        (Rates(50_000, 4, kept_gain=0.5), False),
        (Rates(1000, 25, kept_gain=0.9), True),
    ],
)
def test_a_state_is_kept_where_it_wins_clearly_or_reading_is_slow(
    rates: Rates, keeps: bool
) -> None:
    """It takes memory, so a draw is a loss; a slow reader was busy when it was found to lose."""
    assert latency_budget.keeps_states(rates) is keeps
