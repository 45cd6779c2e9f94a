"""The race between the healed and the plain continuation."""

from __future__ import annotations

import pytest

from engine.api import Token
from engine.healing import HEALED, PLAIN, Race

STOP = None
"""Stands for an end token in the scripts below."""


def run(forced: str, *steps: tuple[str | None, str | None]) -> tuple[str, int | None]:
    """Feed (healed, plain) token texts step by step; the text that went on, and the winner."""
    race = Race(forced)
    out: list[Token] = []
    ended: set[int] = set()
    for step in steps:
        for row, text in enumerate(step):
            if row in ended or race.winner not in (None, row):
                continue
            if text is STOP:
                ended.add(row)
                if race.winner is None:
                    out += race.lose(row)
            else:
                out += race.add(row, Token(len(out), text, -0.1))
    return "".join(token.text for token in out), race.winner


def test_the_healed_row_wins_by_bringing_the_forced_text() -> None:
    """`re` comes again as the beginning of `return`; only `turn` goes on."""
    assert run("re", ("return", "define"), (" x", "junk")) == ("turn x", HEALED)


def test_a_forced_text_may_span_two_tokens() -> None:
    """Nothing goes on before the forced text is complete, and none of it twice."""
    assert run(" return", (" re", "s"), ("turn value", "t"), ("s", "")) == (" values", HEALED)


def test_a_forced_text_that_comes_back_exactly_leaves_nothing_over() -> None:
    """The healed row may choose the dropped token itself."""
    assert run("foo", ("foo", "."), ("(", "x")) == ("(", HEALED)


@pytest.mark.parametrize("healed", ["rx", "ra", " re", "x"])
def test_the_plain_row_wins_when_the_healed_one_brings_anything_else(healed: str) -> None:
    """What the plain row has decoded in the meantime goes on, and the rest as it comes."""
    assert run("re", (healed, "turn"), ("y", " 1")) == ("turn 1", PLAIN)


def test_the_plain_row_keeps_its_tokens_when_the_healed_one_fails_late() -> None:
    """Tokens held back while the race was open are not lost."""
    assert run("return", ("re", " a"), ("x", " b"), ("", " c")) == (" a b c", PLAIN)


def test_a_healed_row_that_ends_first_leaves_the_race_to_the_plain_one() -> None:
    """An end token in the healed row is a wrong beginning."""
    assert run("re", (STOP, "turn"), ("", " 1")) == ("turn 1", PLAIN)
    assert run("return", ("re", "a"), (STOP, "b"), ("", "c")) == ("abc", PLAIN)


def test_a_plain_row_that_ends_first_does_not_decide() -> None:
    """The healed row may still bring the forced text, and then only what is beyond it goes on."""
    assert run("return", ("re", STOP), ("turn x", "")) == (" x", HEALED)


def test_when_both_rows_fail_the_plain_tokens_are_the_answer() -> None:
    """A plain row that ended is still the answer when the healed one goes wrong after it."""
    assert run("return", ("re", "a"), ("t", STOP), ("x", "")) == ("a", PLAIN)
    assert run("return", ("re", STOP), ("x", "")) == ("", PLAIN)


def test_a_cut_token_keeps_its_probability() -> None:
    """Confidence is judged by the model's own numbers."""
    token = Race("re").add(HEALED, Token(7, "return", -0.25))
    assert token == [Token(7, "turn", -0.25)]
