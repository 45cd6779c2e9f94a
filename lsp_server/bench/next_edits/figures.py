"""Figures of the edit replay, and the table that a person reads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.table import Table

from lsp_server.bench.next_edits.replay import Outcome
from lsp_server.bench.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from lsp_server.bench.next_edits.calibrate import CalibrationCase
    from lsp_server.bench.next_edits.replay import Asked

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def figures(asked: Sequence[Asked]) -> dict[str, Any]:
    """The figures of one forecaster.

    `precision` is right answers of all given; `coverage` right answers of all hunks; `foreseen`
    the share of hunks that a right answer named at least once; intervals are Wilson's of 95%.
    """
    count = Counter(one.outcome for one in asked)
    tasks = {one.task.id: one.task for one in asked}
    hunks = sum(len(task.hunks) for task in tasks.values())
    right, given = count[Outcome.RIGHT], len(asked) - count[Outcome.SILENT]
    named = {(one.task.id, one.hunk) for one in asked if one.hunk is not None}
    times = sorted(one.took_ms for one in asked)
    return {
        "questions": len(asked),
        "hunks": hunks,
        **{outcome.value: count[outcome] for outcome in Outcome},
        "precision": right / given if given else 0.0,
        "precision_95": wilson(right, given),
        "coverage": right / hunks if hunks else 0.0,
        "coverage_95": wilson(right, hunks),
        "foreseen": len(named) / hunks if hunks else 0.0,
        "ms_p50": _percentile(times, 50),
        "ms_p95": _percentile(times, 95),
    }


def parts(asked: Sequence[Asked], key: Callable[[Asked], str | None]) -> dict[str, dict[str, int]]:
    """Outcomes of the answers given, by what `key` says of one."""
    found: dict[str, Counter[str]] = {}
    for one in asked:
        name = key(one)
        if name is not None:
            found.setdefault(name, Counter())[one.outcome.value] += 1
    return {name: dict(count) for name, count in sorted(found.items())}


def show(results: Mapping[str, Sequence[Asked]], console: Console) -> None:
    """Print all forecasters beside each other, then the answers of midfill by kind and language."""
    table = Table("", *("right", "right line", "wrong", "silent", "precision", "coverage",
                        "foreseen", "p50 ms", "p95 ms"))  # fmt: skip
    for name, asked in results.items():
        row = figures(asked)
        table.add_row(
            name,
            *(str(row[outcome.value]) for outcome in Outcome),
            _share(row["precision"], row["precision_95"]),
            _share(row["coverage"], row["coverage_95"]),
            f"{row['foreseen']:.1%}",
            f"{row['ms_p50']:.1f}",
            f"{row['ms_p95']:.1f}",
        )
    console.print(table)
    own = results.get("midfill", ())
    for title, found in (
        ("kind", parts(own, lambda one: one.answer.kind.value if one.answer else None)),
        ("language", parts(own, lambda one: one.task.language if one.answer else None)),
        ("repository", parts(own, lambda one: one.task.repo if one.answer else None)),
    ):
        table = Table(title, *(outcome.value for outcome in Outcome if outcome != "silent"))
        for name, count in found.items():
            row_of = [str(count.get(o.value, 0)) for o in Outcome if o is not Outcome.SILENT]
            table.add_row(name, *row_of)
        console.print(table)


def show_left_out(
    found: Sequence[tuple[float, CalibrationCase]], hunks: int, console: Console
) -> None:
    """Print precision and coverage at several thresholds, every repository unseen by its points."""
    table = Table("confidence from", "given", "right", "precision", "coverage")
    for threshold in THRESHOLDS:
        given = [one for confidence, one in found if confidence >= threshold]
        right = sum(one.outcome is Outcome.RIGHT for one in given)
        share = right / len(given) if given else 0.0
        table.add_row(
            f"{threshold:.2f}",
            str(len(given)),
            str(right),
            _share(share, wilson(right, len(given))),
            _share(right / hunks, wilson(right, hunks)),
        )
    console.print(table)


def _share(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.1%} ({interval[0]:.0%}-{interval[1]:.0%})"


def _percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank."""
    return values[-(-len(values) * percent // 100) - 1] if values else 0.0
