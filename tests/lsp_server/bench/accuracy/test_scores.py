"""Scores agree with the reference on real rows, and mean what they say."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.bench.accuracy.scores import edit_similarity, levenshtein, score
from lsp_server.bench.statistics import mcnemar, wilson

from .conftest import reference_rows

SETS = [
    "santacoder_fim.jsonl",
    "humaneval_infill.jsonl",
    "safim.jsonl",
    "cceval_python_100.jsonl",
    "repofim.jsonl",
]


def _spoilt(answer: str, other: str, draw: random.Random) -> list[str]:
    """Completions of all kinds: right, overrun, cut, another answer, changed, blank."""
    at = draw.randrange(len(answer) + 1)
    return [
        answer,
        f" {answer} ",
        answer + "\n    more()",
        "\n" + answer,
        answer[:at],
        other,
        answer[:at] + "x" + answer[at:],
        answer.replace("\n", "\n\n"),
        "",
        " \n",
    ]


@pytest.mark.parametrize("name", SETS)
def test_scores_agree_with_the_reference_on_real_rows(reference: Any, name: str) -> None:
    """All text scores are equal for completions of every kind."""
    draw = random.Random(name)  # noqa: S311 -- the same sample every time
    rows = draw.sample([row for row in reference_rows(name) if len(row["middle"]) < 400], 30)
    for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
        for completion in _spoilt(row["middle"], other["middle"], draw):
            theirs = reference.score_task(row, completion, run_tests=False)
            mine = score(completion, row["middle"])
            found = (mine.em1, mine.em, mine.es, mine.id_em, mine.over)
            wanted = (theirs.em1, theirs.em, theirs.es, theirs.id_em, theirs.over)
            assert found == wanted, (row["id"], completion)


def test_intervals_agree_with_the_reference(reference: Any) -> None:
    """Wilson's interval, in shares here and in percent there."""
    for trials in (0, 1, 7, 100):
        for successes in range(trials + 1):
            low, high = reference.wilson(successes, trials)
            mine = wilson(successes, trials)
            assert mine == pytest.approx((max(0, low / 100), min(1, high / 100)), abs=1e-12)


def test_the_first_name_is_right_or_wrong_by_itself() -> None:
    """A call with wrong arguments still begins with the right name."""
    assert score("run(x)", "run(y)").first_id
    assert not score("stop(y)", "run(y)").first_id
    assert not score("", "run(y)").first_id
    assert score("", "}").first_id, "an answer without a name asks for none"


def test_nothing_offered_is_neither_right_nor_an_overrun() -> None:
    """An empty completion is told apart from a wrong one."""
    found = score("", "x = 1")
    assert (found.empty, found.em1, found.em, found.over) == (True, False, False, False)


@given(st.text("ab\n", max_size=8), st.text("ab\n", max_size=8))
def test_edit_distance_is_a_distance(a: str, b: str) -> None:
    """Symmetric, zero for equals alone, at most the longer length; similarity from 0 to 100."""
    distance = levenshtein(a, b)
    assert distance == levenshtein(b, a)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    assert 0 <= edit_similarity(a, b) <= 100


def test_mcnemar_is_exact() -> None:
    """Two-sided binomial with one half: known values."""
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(5, 0) == mcnemar(0, 5)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)
