"""Terminal output of commands: results, questions, progress bars."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from engine.errors import MidfillError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from engine.models.progress import Unit

    Command = Callable[[argparse.Namespace], int]

INTERRUPTED = 130


class NotConfirmedError(MidfillError):
    """The user did not confirm; nothing was done."""


def say(text: str) -> None:
    """Print a result to stdout."""
    print(text)


def tell(text: str) -> None:
    """Print a message to stderr; it is lost where that is full."""
    with suppress(OSError):
        print(text, file=sys.stderr)


def answer(text: str, facts: object, *, as_json: bool) -> None:
    """Print a result: one sentence for people, or JSON for programs."""
    print(json.dumps(facts, indent=2) if as_json else text)


def megabytes(count: int) -> str:
    """Format a number of bytes for people."""
    return f"{count / 1e6:,.1f} MB"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before deleting or overwriting something.

    Args:
        question: without its question mark, such as `Delete x`.
        yes: the user said so on the command line.

    Raises:
        NotConfirmedError: the answer was no, or there is no terminal to ask in.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmedError(f"{question}? Add --yes, there is no terminal to ask at")
    print(f"{question}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise NotConfirmedError("nothing was changed")


def guarded(run: Command) -> Command:
    """Wrap a command so that its errors become one line on stderr and an exit code."""

    def inner(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except MidfillError as error:
            tell(f"midfill: {error}")
            return 1
        except KeyboardInterrupt:
            tell("midfill: interrupted; the same command continues where this one stopped")
            return INTERRUPTED

    return inner


class Bars:
    """Progress as bars on stderr, one per phase: bytes in MB, everything else by count."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._total = 0
        self._unit: Unit = "bytes"

    def start(self, label: str, total: int, unit: Unit) -> None:
        """Start a new bar."""
        if self._task is not None:
            self._bars.stop_task(self._task)
        self._total, self._unit = total, unit
        self._task = self._bars.add_task(label, total=total, amount=self._amount(0))

    def at(self, done: int) -> None:
        """Move the newest bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, amount=self._amount(done))

    def note(self, message: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(f"midfill: {message}", markup=False, highlight=False)

    def _amount(self, done: int) -> str:
        if self._unit == "bytes":
            return f"{done / 1e6:,.1f} / {megabytes(self._total)}"
        return f"{done} / {self._total} {self._unit}"


@contextmanager
def bars() -> Iterator[Bars]:
    """Show bars inside the block, on stderr, so that stdout has only the result."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    amount = TextColumn("{task.fields[amount]}")
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        amount,
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        yield Bars(shown)
