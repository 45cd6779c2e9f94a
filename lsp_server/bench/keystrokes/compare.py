"""Compare two runs of the same tasks, with paired bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from lsp_server.bench.errors import ResultFileError
from lsp_server.bench.keystrokes import results
from lsp_server.bench.keystrokes.metrics import Counts, figures, percentile

if TYPE_CHECKING:
    from lsp_server.bench.keystrokes.results import Run

COMPARED = (
    "keystrokes_saved",
    "completed_code",
    "accept_rate",
    "seen_per_100",
    "wrong_per_100",
    "overrun",
    "broken_accepts",
    "shown_after_removal",
    "removed_shown",
    "changed_saved",
    "answered",
    "latency_p50",
    "latency_p95",
    "ghost_p50",
    "ghost_p95",
    "tokens_per_accepted_char",
    "prompt_reuse",
    "busy_share",
    "cpu_s_per_100_keys",
)
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One figure of both runs, and B - A with its 95% interval."""

    name: str
    a: float
    b: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """B - A."""
        return self.b - self.a

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def pick(spec: str) -> Run:
    """The run that `FILE` or `FILE#NAME` means.

    Raises:
        ResultFileError: the file cannot be read, or holds several runs and none is named.
    """
    path, _, name = spec.partition("#")
    runs = results.load(Path(path)).runs
    chosen = [run for run in runs if run.name == name] if name else runs
    if len(chosen) != 1:
        names = ", ".join(f"{path}#{run.name}" for run in runs) or "none"
        message = f"{spec!r} means {len(chosen)} runs; there are: {names}"
        raise ResultFileError(message)
    return chosen[0]


def compare(a: Run, b: Run, *, seed: int = 0, resamples: int = RESAMPLES) -> list[PairedDifference]:
    """Figures over the tasks that both finished; tasks are drawn with replacement for intervals.

    Raises:
        ResultFileError: no task was finished by both.
    """
    of_a = {task.id: task.counts for task in a.finished}
    of_b = {task.id: task.counts for task in b.finished}
    ids = [task_id for task_id in of_a if task_id in of_b]
    if not ids:
        message = f"{a.name} and {b.name} finished no task in common"
        raise ResultFileError(message)
    pairs = [(of_a[task_id], of_b[task_id]) for task_id in ids]
    random = Random(seed)  # noqa: S311 -- resampling, not a key
    draws = [_both(random.choices(pairs, k=len(pairs))) for _ in range(resamples)]
    whole_a, whole_b = _both(pairs)
    return [_difference(name, whole_a, whole_b, draws) for name in COMPARED]


def in_common(a: Run, b: Run) -> int:
    """How many tasks both finished."""
    return len({task.id for task in a.finished} & {task.id for task in b.finished})


Figures = Mapping[str, float]


def _both(pairs: Sequence[tuple[Counts, Counts]]) -> tuple[Figures, Figures]:
    return figures([a for a, _ in pairs]), figures([b for _, b in pairs])


def _difference(
    name: str, a: Figures, b: Figures, draws: Sequence[tuple[Figures, Figures]]
) -> PairedDifference:
    drawn = [other[name] - one[name] for one, other in draws]
    known = [value for value in drawn if not math.isnan(value)]
    return PairedDifference(
        name, a[name], b[name], percentile(known, 0.025), percentile(known, 0.975)
    )
