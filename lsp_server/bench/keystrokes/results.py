"""Results of a keystroke benchmark: in memory, and as a JSON file.

    {"kind": "keystrokes", "format": 1, "environment": {...}, "options": {...},
     "guards": [...], "interrupted": false,
     "runs": [{"name", "what", "figures", "by_language", "by_source",
               "tasks": [{"id", "language", "error", "load", "counts", "events"}]}]}

Times are milliseconds. A figure that could not be measured is null.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from lsp_server.bench.keystrokes.metrics import Counts, by_source, figures
from lsp_server.bench.result_files import Format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lsp_server.bench.keystrokes.asking import Event

FORMAT: Final = Format("keystrokes", 1, "midfill bench keystrokes --json")


@dataclass
class TaskResult:
    """One task typed into one server; `error` says why it did not come to its end."""

    id: str
    language: str
    counts: Counts
    events: list[Event] = field(default_factory=list)
    error: str = ""
    load: float = 0.0


@dataclass
class Run:
    """All tasks typed into one server.

    Attributes:
        name: what tables call it.
        what: its command line or address.
        tasks: finished and failed ones, in the order they were typed.
        given_up: why the rest was not tried.
    """

    name: str
    what: str
    tasks: list[TaskResult] = field(default_factory=list)
    given_up: str = ""

    @property
    def finished(self) -> list[TaskResult]:
        """Tasks that were typed to the end; figures are made of these."""
        return [task for task in self.tasks if not task.error]

    def figures(self) -> dict[str, float]:
        """Over all finished tasks."""
        found = figures([task.counts for task in self.finished])
        return {**found, "failed": len(self.tasks) - len(self.finished)}

    def by_language(self) -> dict[str, dict[str, float]]:
        """Figures by language."""
        languages = sorted({task.language for task in self.finished})
        return {
            language: figures([t.counts for t in self.finished if t.language == language])
            for language in languages
        }

    def by_source(self) -> dict[str, dict[str, float]]:
        """Request latency by source."""
        return by_source([task.counts for task in self.finished])


@dataclass
class ReplayResults:
    """Everything that one command measured."""

    environment: dict[str, Any]
    options: dict[str, Any]
    guards: list[dict[str, Any]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    interrupted: bool = False

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all.

        Raises:
            ResultFileError: the file cannot be written.
        """
        FORMAT.save(path, plain(self._as_dict()))

    def _as_dict(self) -> dict[str, Any]:
        runs = [
            {
                "name": run.name,
                "what": run.what,
                "given_up": run.given_up,
                "figures": run.figures(),
                "by_language": run.by_language(),
                "by_source": run.by_source(),
                "tasks": [asdict(task) for task in run.tasks],
            }
            for run in self.runs
        ]
        return {
            "environment": self.environment,
            "options": self.options,
            "guards": self.guards,
            "interrupted": self.interrupted,
            "runs": runs,
        }


def load(path: Path) -> ReplayResults:
    """Read a result file.

    Raises:
        ResultFileError: no such file, not a result of this benchmark, or of another format.
    """
    return FORMAT.load(
        path,
        lambda found: ReplayResults(
            environment=found["environment"],
            options=found["options"],
            guards=found["guards"],
            runs=[_run(row) for row in found["runs"]],
            interrupted=found["interrupted"],
        ),
    )


def _run(row: Mapping[str, Any]) -> Run:
    tasks = [
        TaskResult(
            id=task["id"],
            language=task["language"],
            counts=_counts(task["counts"]),
            events=[(event[0], event[1], event[2]) for event in task["events"]],
            error=task["error"],
            load=task["load"],
        )
        for task in row["tasks"]
    ]
    return Run(row["name"], row["what"], tasks, row["given_up"])


def _counts(row: Mapping[str, Any]) -> Counts:
    known = {item.name for item in fields(Counts)}
    values: dict[str, Any] = {
        name: math.nan if value is None else value for name, value in row.items() if name in known
    }
    return Counts(**values)


def plain(value: Any) -> Any:
    """Values for JSON: null for nan, and four decimals."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
