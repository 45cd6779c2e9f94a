"""`midfill bench anchors`: compare an anchored hole with a hole at the cursor.

Paired: every task is answered both ways by the same model with the same budget, greedily. A task is
right when the first line of the answer is the missing one, both stripped. Significance is the exact
McNemar test on the tasks that only one way gets right.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.progress import track

from context.prompt.maker import PromptMaker
from engine.api import CancelToken, Request, Token
from engine.load import load, wanted
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.result_files import require_folder, write
from lsp_server.bench.statistics import mcnemar
from lsp_server.bench.tasks.holes import GUIDE, read_tasks
from lsp_server.settings.model import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from engine.api import Engine
    from lsp_server.bench.tasks.holes import HoleTask

_MAX_TOKENS = 512
_MAX_NEW = 48
_KINDS = ("line", "midline")
_SIDES = ("cursor", "anchored")


def run(arguments: argparse.Namespace) -> int:
    """Answer all tasks both ways and print the table.

    Raises:
        TaskFileError: the file cannot be read or holds no task of the kinds line and midline.
    """
    require_folder(arguments.json)
    tasks = _read(arguments.tasks)
    if arguments.count and arguments.count < len(tasks):
        # a seeded sample, so that it can be drawn again
        tasks = random.Random(arguments.seed).sample(tasks, arguments.count)  # noqa: S311
    settings = Settings()
    engine = load(wanted(settings.engine).path, settings.engine)
    try:
        makers = {
            name: PromptMaker(
                engine.tokenizer,
                engine.family,
                dataclasses.replace(settings.prompt, anchored=name == "anchored"),
                _MAX_TOKENS,
            )
            for name in _SIDES
        }
        rows = [
            {
                "id": task.id,
                "kind": task.fields["kind"],
                "lang": task.lang,
                **{name: _right(engine, maker, task) for name, maker in makers.items()},
            }
            for task in track(tasks, description="tasks")
        ]
    finally:
        engine.close()
    if arguments.json:
        write(arguments.json, "".join(json.dumps(row) + "\n" for row in rows))
    _print(rows, engine.info.name)
    return 0


def _read(path: Path) -> list[HoleTask]:
    tasks = [task for task in read_tasks(path) if task.fields.get("kind") in _KINDS]
    if not tasks:
        message = f"{path} holds no task of the kinds {', '.join(_KINDS)}"
        raise TaskFileError(f"{message}; {GUIDE} says what a row has")
    return tasks


def _right(engine: Engine, maker: PromptMaker, task: HoleTask) -> bool:
    prompt = maker.make(task.snapshot())
    answer: list[str] = []

    def on_token(token: Token) -> bool:
        answer.append(token.text)
        return "\n" in "".join(answer).lstrip("\n")

    heal = bool(prompt.live_text) and not prompt.live_text.endswith("\n")
    request = Request(prompt.stable.ids, prompt.live, _MAX_NEW, keep=False, heal=heal)
    engine.generate(request, on_token, CancelToken())
    first = "".join(answer).lstrip("\n").split("\n")[0]
    return bool(first.strip() == task.answer.strip())


def _print(rows: Iterable[dict[str, Any]], engine: str) -> None:
    out = sys.stdout.write
    out(f"{engine}, {_MAX_TOKENS} stable tokens; first line right, percent\n")
    out(f"{'kind':10}{'n':>5}{'cursor':>9}{'anchored':>10}{'only cursor':>13}")
    out(f"{'only anchored':>15}{'p':>9}\n")
    for kind in (*_KINDS, "both"):
        chosen = [row for row in rows if kind in (row["kind"], "both")]
        if not chosen:
            continue
        pairs = Counter((row["cursor"], row["anchored"]) for row in chosen)
        one, other = pairs[True, False], pairs[False, True]
        share = [100 * sum(row[name] for row in chosen) / len(chosen) for name in _SIDES]
        out(f"{kind:10}{len(chosen):5}{share[0]:9.1f}{share[1]:10.1f}{one:13}{other:15}")
        out(f"{mcnemar(one, other):9.4f}\n")
