"""`midfill eval`: its options. The evaluation is imported when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsp_server.arguments import Commands

_ABOUT = """\
Runs fill-in-the-middle tasks through the server's own pipeline and counts the right answers.
docs/lab/evaluation.md explains the task files and every figure.

  midfill eval tasks.jsonl --out a.json
  midfill eval tasks.jsonl --set prompt.max_tokens=256 --out b.json --compare a.json
  midfill eval b.json --compare a.json
"""


def add_parser(commands: Commands) -> None:
    """Register `eval`."""
    parser = commands.add_parser(
        "eval",
        help="count how often suggestions are right on a set of tasks",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="tasks as JSON Lines, or a result (.json) to show")
    what = parser.add_argument_group("which tasks")
    what.add_argument(
        "--sample", type=_count, default=0, metavar="N", help="draw N tasks, each set by its share"
    )
    what.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the draw")
    what.add_argument("--quick", action="store_true", help="only tasks marked quick")
    what.add_argument("--only", metavar="A,B", help="only these sets, languages or kinds")
    how = parser.add_argument_group("what answers")
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting; repeatable",
    )
    how.add_argument("--bare", action="store_true", help="show everything the model writes")
    how.add_argument("--model", metavar="NAME", help="an installed model")
    how.add_argument("--engine", default="real", metavar="real|fake:TEXT", help="as in `serve`")
    how.add_argument(
        "--memo", type=Path, metavar="DIR", help="folder that keeps answers between runs"
    )
    run = parser.add_argument_group("programs and results")
    run.add_argument("--no-exec", action="store_true", help="run no programs")
    run.add_argument("--open-sandbox", action="store_true", help="run them without bubblewrap too")
    run.add_argument("--jobs", type=_count, default=2, metavar="N", help="programs to run at once")
    run.add_argument(
        "--out", type=Path, metavar="FILE", help="write the result, also a partial one"
    )
    run.add_argument("--resume", action="store_true", help="continue from the rows in --out")
    run.add_argument(
        "--compare", type=Path, metavar="FILE", help="compare with another result, task by task"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.accuracy import command

    return command.run(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
