"""`midfill bench confidence`: how often a text of probability p is right.

The first line of each answer is decoded without any stop rule. Its beginnings, token by token, are
what a suggestion could be cut to, so each is a point: its probability (the product of those of its
tokens) and whether the true line begins with it. A curve `p ** k` is fitted to the points.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from context.prompt.maker import PromptMaker
from engine.api import CancelToken, Request, Token
from engine.load import load, wanted
from lsp_server import paths
from lsp_server.bench.accuracy.options import draw
from lsp_server.bench.engines.cached import RememberingEngine
from lsp_server.bench.result_files import require_folder, write
from lsp_server.bench.statistics import wilson
from lsp_server.bench.tasks.holes import HoleTask, read_tasks
from lsp_server.settings.model import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from engine.api import Engine

_STABLE_TOKENS: Final = 512
_MOST_TOKENS: Final = 48
EDGES: Final = (0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.0)
"""Borders of the bins that points are counted in."""
_POWERS: Final = [step / 20 for step in range(4, 81)]


@dataclass(frozen=True, slots=True)
class ConfidencePoint:
    """One beginning of a first line: what it was worth to the model, and whether it was right."""

    log_prob: float
    right: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Points of similar probability: their number, mean probability and share that was right."""

    count: int
    predicted: float
    right: float
    low: float
    high: float


def run(arguments: argparse.Namespace) -> int:
    """Decode, fit and print; the exit code is 0.

    Raises:
        TaskFileError: the task file cannot be used.
        MidfillError: the model could not be loaded.
    """
    for path in (arguments.json, arguments.svg):
        require_folder(path)
    tasks = draw(read_tasks(arguments.tasks), arguments.count or 0, arguments.seed)
    settings = Settings()
    chosen = replace(settings.engine, model=arguments.model or settings.engine.model)
    engine = RememberingEngine(load(wanted(chosen).path, chosen), paths.state_dir() / "answers")
    try:
        maker = PromptMaker(engine.tokenizer, engine.family, settings.prompt, _STABLE_TOKENS)
        points = [
            point
            for task in track(tasks, "tasks", console=Console(stderr=True))
            for point in points_of(task, _first_line(engine, maker, task))
        ]
        name = engine.info.name
    finally:
        engine.close()
    power, bins = fit(points), counted(points)
    _print(name, len(tasks), points, bins, power)
    if arguments.json:
        rows = [[round(point.log_prob, 4), point.right, point.whole] for point in points]
        document = {"engine": name, "tasks": len(tasks), "power": power, "points": rows}
        write(arguments.json, json.dumps(document))
    if arguments.svg:
        from lsp_server.report.plots import reliability

        drawn = [(one.predicted, one.right, one.low, one.high) for one in bins]
        write(arguments.svg, reliability(drawn, power))
    return 0


def _first_line(engine: Engine, maker: PromptMaker, task: HoleTask) -> list[Token]:
    """Tokens of the answer's first line with text, its line ending cut off."""
    prompt = maker.make(task.snapshot())
    heal = bool(prompt.live_text) and not prompt.live_text.endswith("\n")
    request = Request(prompt.stable.ids, prompt.live, _MOST_TOKENS, keep=False, heal=heal)
    text = ""

    def on_token(token: Token) -> bool:
        nonlocal text
        text += token.text
        return "\n" in text.lstrip()

    generation = engine.generate(request, on_token, CancelToken())
    return list(generation.tokens)


def points_of(task: HoleTask, tokens: Sequence[Token]) -> list[ConfidencePoint]:
    """Each beginning of the first line as a point; of a line ending only what stands before it."""
    answer = task.answer.strip().split("\n")[0].strip()
    points, text, log_prob = [], "", 0.0
    for token in tokens:
        head, line_end, _ = token.text.partition("\n") if text.strip() else (token.text, "", "")
        text += head
        log_prob += token.log_prob
        begun = text.strip()
        if begun:
            points.append(ConfidencePoint(log_prob, answer.startswith(begun), whole=bool(line_end)))
        if line_end:
            points[-1:] = [ConfidencePoint(log_prob, answer == begun, whole=True)]
            break
    return points


def fit(points: Iterable[ConfidencePoint]) -> float:
    """The k for which `p ** k` explains best what was right: most likely, of steps of 0.05."""
    pairs = [(min(point.log_prob, -1e-6), point.right) for point in points]

    def likelihood(power: float) -> float:
        return sum(
            power * log_prob if right else math.log(-math.expm1(power * log_prob))
            for log_prob, right in pairs
        )

    return max(_POWERS, key=likelihood) if pairs else 1.0


def counted(points: Sequence[ConfidencePoint]) -> list[Bin]:
    """The points by probability; bins without points are left out."""
    bins = []
    for low, high in pairwise(EDGES):
        last = high == EDGES[-1]
        inside = [
            point
            for point in points
            if low <= math.exp(point.log_prob) and (last or math.exp(point.log_prob) < high)
        ]
        if inside:
            right = sum(point.right for point in inside)
            predicted = sum(math.exp(point.log_prob) for point in inside) / len(inside)
            bounds = wilson(right, len(inside))
            bins.append(Bin(len(inside), predicted, right / len(inside), *bounds))
    return bins


def _print(
    name: str, tasks: int, points: Sequence[ConfidencePoint], bins: Sequence[Bin], power: float
) -> None:
    table = Table("points", "mean p", "right", "95%", f"p^{power:.2f}", box=None, padding=(0, 1))
    for one in bins:
        table.add_row(
            str(one.count),
            f"{one.predicted:.2f}",
            f"{one.right:.2f}",
            f"{one.low:.2f}-{one.high:.2f}",
            f"{one.predicted**power:.2f}",
        )
    console = Console(file=sys.stdout)
    console.print(table)
    console.print(f"{name}; {tasks} tasks, {len(points)} beginnings of first lines")
