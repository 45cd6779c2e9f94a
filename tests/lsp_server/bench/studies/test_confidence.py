"""Points, bins and the fitted curve of the confidence study."""

from __future__ import annotations

import math
import random

import pytest

from engine.api import Token
from lsp_server.bench.studies.confidence import ConfidencePoint, counted, fit, points_of
from lsp_server.bench.tasks.holes import HoleTask

TASK = HoleTask("1", "s", "python", "a.py", "", "x = ", "\n", "x = ", "\n", "foo(bar)\n")


def tokens(*texts: str) -> list[Token]:
    """Tokens of probability one half each."""
    return [Token(number, text, math.log(0.5)) for number, text in enumerate(texts)]


def test_each_beginning_is_a_point_and_a_line_ending_decides_the_whole() -> None:
    """Right as far as the answer begins with it; the whole only when nothing is missing."""
    points = points_of(TASK, tokens("foo", "(", "bar", ")\n", "more"))
    assert [point.right for point in points] == [True, True, True, True]
    assert [point.whole for point in points] == [False, False, False, True]
    short = points_of(TASK, tokens("foo", "(", "bar", "\n"))
    assert [point.right for point in short] == [True, True, True, False]
    assert points[1].log_prob == pytest.approx(2 * math.log(0.5))


def test_the_curve_of_made_up_answers_is_found_again() -> None:
    """What is right in p ** 1.5 of all cases is seen as such."""
    dice = random.Random(3)  # noqa: S311 -- the same dice every time
    points = []
    for _ in range(4000):
        p = dice.random()
        points.append(ConfidencePoint(math.log(p), dice.random() < p**1.5, whole=True))
    assert fit(points) == pytest.approx(1.5, abs=0.11)
    assert sum(one.count for one in counted(points)) == len(points)
    for one in counted(points):
        assert one.low <= one.right <= one.high
