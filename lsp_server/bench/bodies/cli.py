"""`midfill bench bodies`: the options. What it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.arguments import above_zero, positive

if TYPE_CHECKING:
    import argparse

    from lsp_server.arguments import Commands


def add_parser(commands: Commands) -> None:
    """Register it."""
    parser = commands.add_parser(
        "bodies", help="a signature, Enter and a pause: is the body offered, and is it right?"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/lab/evaluation.md")
    parser.add_argument("--quick", action="store_true", help="only tasks marked quick")
    parser.add_argument("--count", type=positive, metavar="N", help="a random sample of N bodies")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample")
    parser.add_argument(
        "--rest", type=above_zero, default=3000, metavar="MS", help="how long somebody waits"
    )
    parser.add_argument(
        "--settings", default="{}", metavar="JSON", help="the server's initialization options"
    )
    parser.add_argument(
        "--simulate", metavar="PREFILL,DECODE", help="made-up time, as in `bench keystrokes`"
    )
    parser.add_argument(
        "--memo", type=Path, metavar="DIR", help="with --simulate: where answers are kept"
    )
    parser.add_argument("--no-exec", action="store_true", help="run no programs")
    parser.add_argument("--open-sandbox", action="store_true", help="run them even with a network")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row a body")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.bodies import run

    return run.run(arguments)
