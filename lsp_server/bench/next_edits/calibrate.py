"""The scorecard of next edits, fitted to commits and checked on repositories left out.

Logistic regression on the traits of the first few findings after each hunk, with a penalty on
points far from their prior. Findings depend a little on the scorecard (which are joined, which
count as offered), so a fit is repeated.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from context.next_edit.predict import NextEdits, OpenFile
from context.next_edit.scorecard import Scorecard
from context.text import Text
from lsp_server.bench.next_edits.replay import GAP_S, Outcome, judged
from lsp_server.bench.result_files import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from lsp_server.bench.next_edits.commits import CommitTask

PRIOR: Final = {"another file": -0.5, "import": 1.5, "parameter": 1.0}
"""Assumed points of traits that the commits at hand do not show; all others start at 0."""
PENALTY: Final = 1.0
_FINDINGS: Final = 4
_ROUNDS: Final = 3
_SHOWN: Final = 0.6
_STEPS: Final = 50
_FULL_WEIGHT: Final = 3
"""Findings of one commit that count fully; of more, all count as the square root says."""


@dataclass(frozen=True, slots=True)
class CalibrationCase:
    """One finding of the rules, and whether it was right.

    Attributes:
        repo: where the commit is from.
        task: the commit's id.
        step: hunks that were made.
        first: whether it would have been shown.
        traits: see `context.next_edit.weigh`.
        outcome: what it was worth.
    """

    repo: str
    task: str
    step: int
    first: bool
    traits: Mapping[str, float]
    outcome: Outcome


def findings(tasks: Iterable[CommitTask], card: Scorecard) -> list[CalibrationCase]:
    """What the rules find after each hunk of some commits, the surest first."""
    return [finding for task in tasks for finding in _of_task(task, card)]


def fitted(found: Sequence[CalibrationCase]) -> dict[str, float]:
    """The points that make findings as likely as they were right."""
    names = sorted({name for finding in found for name in finding.traits} | PRIOR.keys())
    each = Counter(finding.task for finding in found)
    traits = np.array([[f.traits.get(name, 0.0) for name in names] for f in found])
    right = np.array([float(f.outcome is Outcome.RIGHT) for f in found])
    weight = np.array(
        [(1 if f.first else 0.5) / max(1, each[f.task] / _FULL_WEIGHT) ** 0.5 for f in found]
    )
    prior = np.array([PRIOR.get(name, 0.0) for name in names])
    points = prior.copy()
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-traits @ points))
        slope = traits.T @ (weight * (likely - right)) + PENALTY * (points - prior)
        bend = (traits * (weight * likely * (1 - likely))[:, None]).T @ traits
        points = points - np.linalg.solve(bend + PENALTY * np.eye(len(names)), slope)
    return {name: round(float(value), 2) for name, value in zip(names, points, strict=True)}


def calibrated(tasks: Sequence[CommitTask]) -> dict[str, float]:
    """The points fitted to commits."""
    points: dict[str, float] = dict(PRIOR)
    for _ in range(_ROUNDS):
        points = fitted(findings(tasks, Scorecard(points, _SHOWN)))
    return points


def left_out(tasks: Sequence[CommitTask]) -> list[tuple[float, CalibrationCase]]:
    """Confidence of what would be shown first, by points that never saw its repository."""
    result: list[tuple[float, CalibrationCase]] = []
    for repo in sorted({task.repo for task in tasks}):
        points = calibrated([task for task in tasks if task.repo != repo])
        card = Scorecard(points, _SHOWN)
        own = [task for task in tasks if task.repo == repo]
        result += [(card.confidence(one.traits), one) for one in findings(own, card) if one.first]
    return result


def write_scorecard(path: Path, tasks: Sequence[CommitTask], threshold: float) -> None:
    """Write the table that `context.next_edit.scorecard` reads.

    Raises:
        ResultFileError: the file cannot be written.
    """
    repos = len({task.repo for task in tasks})
    hunks = sum(len(task.hunks) for task in tasks)
    table = {
        "made": (
            f"midfill bench edits TASKS --calibrate FILE, on {len(tasks)} commits with {hunks} "
            f"hunks of {repos} repositories. A confidence is 1 / (1 + exp(-sum of points x trait))."
        ),
        "assumed": sorted(PRIOR),
        "threshold": threshold,
        "points": calibrated(tasks),
    }
    write(path, json.dumps(table, indent=2) + "\n")


def _of_task(task: CommitTask, card: Scorecard) -> list[CalibrationCase]:
    edits, uri = NextEdits(card), "file:///task"
    text, moved = Text.of(task.before), 0
    result: list[CalibrationCase] = []
    for step, hunk in enumerate(task.hunks, 1):
        here = hunk.moved(moved)
        after = here.applied(text)
        edits.note(uri, task.language, text, after, step * GAP_S)
        text, moved = after, moved + len(hunk.new) - len(hunk.old)
        left = [one.moved(moved) for one in task.hunks[step:]]
        ranked = edits.ranked(OpenFile(uri, task.language, text), here.last)
        for number, one in enumerate(ranked):
            if number == _FINDINGS:
                break
            if number == 0 and one.confidence >= card.threshold:
                edits.shown(one, text)
            outcome, _ = judged(one, left, text)
            result.append(
                CalibrationCase(task.repo, task.id, step, number == 0, one.traits, outcome)
            )
    return result
