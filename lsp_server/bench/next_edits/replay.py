"""The edit replay without a server: hunks are made in order, and after each one a question.

An answer is right when it makes of the text what a hunk would that is left; it has the right line
when it touches such a hunk but says something else; else it is wrong. After the last hunk nothing
is left, so that only silence is not wrong there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from context.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from context.next_edit.predict import Prediction
    from lsp_server.bench.next_edits.commits import CommitTask, LineHunk
    from lsp_server.bench.next_edits.forecasters import Forecaster

GAP_S: Final = 90.0
"""Made-up time between two hunks."""


class Outcome(StrEnum):
    """What an answer was worth."""

    RIGHT = "right"
    RIGHT_LINE = "right line"
    WRONG = "wrong"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer.

    Attributes:
        task: the task.
        step: how many hunks were made.
        outcome: what the answer was worth.
        hunk: number of the hunk that was foreseen, None when none was.
        answer: what was said.
        took_ms: milliseconds of the answer, the note of the change included.
    """

    task: CommitTask
    step: int
    outcome: Outcome
    hunk: int | None
    answer: Prediction | None
    took_ms: float


def replay(task: CommitTask, forecaster: Forecaster) -> list[Asked]:
    """Make the hunks of one task, and ask after each."""
    text = Text.of(task.before)
    moved = 0
    asked = []
    for step, hunk in enumerate(task.hunks, 1):
        here = hunk.moved(moved)
        after = here.applied(text)
        started = time.perf_counter()
        forecaster.made(here, text, after, step * GAP_S)
        text = after
        moved += len(hunk.new) - len(hunk.old)
        answer = forecaster.foreseen(text, here.last)
        took_ms = (time.perf_counter() - started) * 1000
        left = [one.moved(moved) for one in task.hunks[step:]]
        outcome, found = judged(answer, left, text)
        number = None if found is None else step + found
        asked.append(Asked(task, step, outcome, number, answer, took_ms))
    return asked


def replay_all(tasks: Iterable[CommitTask], made: Callable[[str], Forecaster]) -> list[Asked]:
    """Replay tasks, each with a forecaster of its own."""
    return [asked for task in tasks for asked in replay(task, made(task.language))]


def judged(
    answer: Prediction | None, left: Sequence[LineHunk], text: Text
) -> tuple[Outcome, int | None]:
    """What an answer is worth, and which of the hunks left it is."""
    if answer is None:
        return Outcome.SILENT, None
    result = answer.applied(text)
    for number, hunk in enumerate(left):
        if hunk.applied(text) == result:
            return Outcome.RIGHT, number
    touched = any(
        answer.line <= hunk.line + len(hunk.old) and answer.end >= hunk.line
        if not (answer.old and hunk.old)
        else answer.line < hunk.line + len(hunk.old) and answer.end > hunk.line
        for hunk in left
    )
    return (Outcome.RIGHT_LINE if touched else Outcome.WRONG), None
