"""Terminal output: progress, and tables of results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from lsp_server.bench.keystrokes.replay import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from lsp_server.bench.keystrokes.compare import PairedDifference
    from lsp_server.bench.keystrokes.results import ReplayResults, Run, TaskResult
    from lsp_server.bench.keystrokes.self_check import CheckResult
    from lsp_server.bench.tasks.typing import TypingTask

PERCENT = frozenset(
    {
        "keystrokes_saved", "completed_code", "accept_rate", "overrun", "answered", "stale",
        "empty", "prompt_reuse", "latency_efficiency", "broken_accepts", "undone_accepts",
        "shown_after_removal", "removed_shown", "changed_saved",
    }
)  # fmt: skip
ROWS = (
    ("tasks", "tasks finished"),
    ("failed", "tasks failed"),
    ("chars", "characters"),
    ("keystrokes_saved", "keystrokes saved"),
    ("latency_efficiency", "  of the zero-latency bound"),
    ("completed_code", "code completed"),
    ("accept_rate", "accept rate"),
    ("seen_per_100", "seen, unused / 100 chars"),
    ("wrong_per_100", "wrong / 100 chars"),
    ("overrun", "overrun"),
    ("broken_accepts", "accepts that break a line"),
    ("undone_accepts", "accepts undone"),
    ("shown_after_removal", "shown right after removal"),
    ("removed_shown", "removed text shown again"),
    ("changed_saved", "keys saved in changed lines"),
    ("flicker_per_100", "flicker / 100 chars"),
    ("blink_per_100", "blink / 100 chars"),
    ("grown_per_100", "grown / 100 chars"),
    ("requests_per_key", "requests / key"),
    ("answered", "answered"),
    ("empty", "empty answers"),
    ("latency_p50", "request ms p50"),
    ("latency_p95", "request ms p95"),
    ("latency_p99", "request ms p99"),
    ("ghost_p50", "key to ghost ms p50"),
    ("ghost_p95", "key to ghost ms p95"),
    ("ghost_p99", "key to ghost ms p99"),
    ("other_request_p95", "other requests ms p95"),
    ("tokens_per_accepted_char", "tokens / accepted char"),
    ("prompt_reuse", "prompt reuse"),
    ("busy_share", "busy share"),
    ("cpu_s_per_100_keys", "CPU s / 100 keys"),
    ("rss_mb_max", "resident MB"),
)
LARGE = 100
"""From here on decimals say nothing."""
_console = Console()
_err = Console(stderr=True)


def say(name: str, value: float) -> str:
    """A figure as a person reads it; "-" when it was not measured."""
    if math.isnan(value):
        return "-"
    if name in PERCENT:
        return f"{100 * value:.1f}%"
    if name in {"tasks", "failed", "chars", "rss_mb_max"}:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.2f}"


def with_efficiency(results: ReplayResults) -> dict[str, dict[str, float]]:
    """Figures by run; those with a bound beside them also say how much of it they reach."""
    found = {run.name: run.figures() for run in results.runs}
    for name, values in found.items():
        bound = found.get(f"{name} (zero latency)", {}).get("keystrokes_saved", 0)
        values["latency_efficiency"] = values["keystrokes_saved"] / bound if bound else math.nan
    return found


def warn(message: str) -> None:
    """To standard error."""
    _err.print(f"[yellow]{message}[/]", highlight=False)


def show_guards(verdicts: Sequence[CheckResult]) -> None:
    """The benchmark's check of itself, one line each."""
    for verdict in verdicts:
        mark = "[green]ok[/]" if verdict.holds else "[red]FAILS[/]"
        saved = say("keystrokes_saved", verdict.keystrokes_saved)
        wrong = say("wrong_per_100", verdict.wrong_per_100)
        line = f"guard: {verdict.name:24} saved {saved:>6}  wrong/100 {wrong:>5}  {mark}"
        _console.print(line, highlight=False)


def show_results(results: ReplayResults) -> None:
    """All figures, one column a run; latency by source; what went wrong."""
    table = Table(title="Keystroke replay", title_justify="left")
    table.add_column("figure")
    figures = with_efficiency(results)
    for name in figures:
        table.add_column(name, justify="right")
    for key, label in ROWS:
        values = [found[key] for found in figures.values()]
        if not all(math.isnan(value) for value in values):
            table.add_row(label, *(say(key, value) for value in values))
    _console.print(table)
    _show_sources(results)
    for run in results.runs:
        for task in run.tasks:
            if task.error:
                warn(f"{run.name}: {task.id} failed: {task.error}")
        if run.given_up:
            warn(f"{run.name} was given up: {run.given_up}")


def _show_sources(results: ReplayResults) -> None:
    table = Table(title="Request latency by source, ms", title_justify="left")
    for column in ("server", "source"):
        table.add_column(column)
    for column in ("answers", "p50", "p95", "p99"):
        table.add_column(column, justify="right")
    for run in results.runs:
        for source, values in run.by_source().items():
            shown = (say(key, values[f"latency_{key}"]) for key in ("p50", "p95", "p99"))
            table.add_row(run.name, source, f"{values['answers']:.0f}", *shown)
    if table.row_count:
        _console.print(table)


def show_comparison(a: Run, b: Run, tasks: int, differences: Sequence[PairedDifference]) -> None:
    """Figures of both, B - A with its interval, a star where the interval leaves out zero."""
    title = f"{tasks} tasks in common; 95% intervals, paired bootstrap over tasks"
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for column in (f"A: {a.name}", f"B: {b.name}", "B - A", "95% interval", ""):
        table.add_column(column, justify="right")
    for one in differences:
        low, high = say(one.name, one.low), say(one.name, one.high)
        values = [say(one.name, value) for value in (one.a, one.b, one.difference)]
        table.add_row(one.name, *values, f"{low} to {high}", "*" if one.clear else "")
    _console.print(table)


class ReplayProgress(Watcher):
    """A bar over all characters to type; saves after each task."""

    def __init__(self, tasks: Sequence[TypingTask], runs: int, save: Callable[[], None]) -> None:
        self._save = save
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=_err,
        )
        self._all = runs * sum(len(task.typed) for task in tasks)
        self._done = 0
        self._row: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        self._row = self._bar.add_task("starting", total=self._all)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def typing(self, run: Run, task: TypingTask, position: int) -> None:
        """Move the bar."""
        if self._row is not None:
            where = task.file.rpartition("/")[2]
            label = f"{run.name}: {where} ({len(run.tasks) + 1})"
            self._bar.update(self._row, completed=self._done + position, description=label)

    def finished(self, run: Run, result: TaskResult) -> None:
        """Move the bar on, save, and say how it stands."""
        self._done += result.counts.chars
        self._save()
        if result.error:
            warn(f"{run.name}: {result.id}: {result.error}")
        if self._row is not None:
            saved = say("keystrokes_saved", run.figures()["keystrokes_saved"])
            label = f"{run.name}: {saved} saved so far"
            self._bar.update(self._row, completed=self._done, description=label)
