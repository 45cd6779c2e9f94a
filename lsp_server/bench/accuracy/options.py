"""Options of an evaluation: its settings and which tasks it takes."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from typing import TYPE_CHECKING, Any

from engine.errors import MidfillError
from lsp_server.bench.errors import TaskFileError
from lsp_server.settings.layers import Layer, compose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lsp_server.bench.tasks.holes import HoleTask
    from lsp_server.settings.model import Settings

_PATIENCE_MS = 600_000.0
_STABLE_TOKENS = 512
"""The length on a fast machine (`lsp_server.completion.latency_budget`), so that results do not
depend on this one; `--set prompt.max_tokens=N` sets another length."""

BARE = {
    "suggestions.eagerness": 1.0,
    "suggestions.stop_probability": 0.0,
    "suggestions.min_chars": 1,
}
"""Settings that show all the model writes, for comparison with published figures."""


@dataclasses.dataclass(frozen=True, slots=True)
class EvalOptions:
    """What one run does.

    Attributes:
        data: name of the task file; `digest`: the hash of its bytes.
        changed: settings that differ from the defaults, by name.
        engine: `real` or `fake:TEXT`.
        sample: how many tasks were drawn, 0 for all; `seed`: of the draw.
        execute: whether programs run.
        jobs: programs at once.
    """

    data: str
    digest: str
    changed: Mapping[str, object] = dataclasses.field(default_factory=dict)
    engine: str = "real"
    sample: int = 0
    seed: int = 0
    execute: bool = True
    jobs: int = 2

    def comparable(self) -> dict[str, Any]:
        """What must be equal for one run to go on with the rows of another."""
        found = dataclasses.asdict(self)
        del found["jobs"]
        return {**found, "changed": dict(self.changed)}


def settings_of(changed: Mapping[str, object]) -> Settings:
    """The settings of a run: defaults, patience, and what was asked for.

    Raises:
        MidfillError: a name or a value does not fit.
    """
    nobody_types = {
        # figures are of one process; servers may share theirs
        "engine.process": "inside",
        "latency.target_ms": 60_000.0,
        "latency.deadline_ms": _PATIENCE_MS,
        "latency.debounce_ms": 0.0,
        "suggestions.ahead": "off",
        "prompt.max_tokens": _STABLE_TOKENS,
    }
    composed = compose([Layer("evaluation", nobody_types), Layer("--set", dict(changed))])
    if composed.problems:
        raise MidfillError("--set " + "; ".join(composed.problems))
    return composed.settings


def draw(tasks: Sequence[HoleTask], count: int, seed: int) -> list[HoleTask]:
    """A sample with each set and language in its share, in the file's order; all for 0."""
    if not count or count >= len(tasks):
        return list(tasks)
    shuffled = list(tasks)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 -- so that it can be drawn again
    groups: dict[tuple[str, str], list[HoleTask]] = {}
    for task in shuffled:
        groups.setdefault((task.set, task.lang), []).append(task)
    # places in the queue of each group, spread evenly over all: the first `count` are the sample
    places = [
        ((rank + 0.5) / len(group), task)
        for _, group in sorted(groups.items())
        for rank, task in enumerate(group)
    ]
    chosen = {task.id for _, task in sorted(places, key=lambda place: place[0])[:count]}
    return [task for task in tasks if task.id in chosen]


def digest_of(path: Path) -> str:
    """The hash of a task file.

    Raises:
        TaskFileError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        message = f"cannot read tasks from {path}: {error}"
        raise TaskFileError(message) from error
