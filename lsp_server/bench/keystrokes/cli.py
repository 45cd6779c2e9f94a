"""`midfill bench keystrokes` and `compare`: their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.arguments import above_zero, at_least_zero, positive

if TYPE_CHECKING:
    from lsp_server.arguments import Commands

KEYSTROKES = """\
Types recorded edits into a server over stdio, key by key in real time, and counts the keystrokes
that its suggestions save. docs/lab/benchmarks.md explains every figure.

  midfill bench keystrokes --repo .
  midfill bench keystrokes --tasks sets/typing.jsonl --quick --json out.json --html out.html
  midfill bench keystrokes --tasks sets/edits.jsonl --quick --person real --workspaces workspaces
  midfill bench keystrokes --repo . --server "other-server --stdio"
  midfill bench keystrokes --repo . --peer llama-server=http://127.0.0.1:8012 --interleave
"""


def add_parsers(commands: Commands) -> None:
    """Register both commands."""
    _add_keystrokes(commands)
    _add_compare(commands)


def _add_keystrokes(commands: Commands) -> None:
    parser = commands.add_parser(
        "keystrokes",
        help="type real edits into a server and count the keys it saves",
        description=KEYSTROKES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_tasks(parser)
    _add_servers(parser)
    _add_people(parser)
    out = parser.add_argument_group("results")
    out.add_argument(
        "--json", type=Path, metavar="FILE", help="write the results, also partial ones"
    )
    out.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots")
    parser.set_defaults(run=_keystrokes)


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to type")
    where = group.add_mutually_exclusive_group(required=True)
    where.add_argument("--tasks", type=Path, metavar="FILE", help="recorded tasks, JSON Lines")
    where.add_argument(
        "--repo", type=Path, metavar="PATH", help="type hunks from a git repository's history"
    )
    group.add_argument(
        "--commits",
        type=positive,
        default=300,
        metavar="N",
        help="commits to search, with --repo",
    )
    group.add_argument(
        "--count", type=positive, metavar="N", help="most tasks (default: all, 20 with --repo)"
    )
    group.add_argument(
        "--workspaces",
        type=Path,
        metavar="DIR",
        help="with --tasks: PARENT.tar.gz, the other files as they were before each task",
    )
    group.add_argument("--quick", action="store_true", help="only tasks marked quick")
    group.add_argument("--lang", metavar="A,B", help="only these languages (LSP identifiers)")


def _add_servers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("servers")
    group.add_argument(
        "--server", metavar="CMD", help="a language server over stdio (default: midfill itself)"
    )
    group.add_argument("--name", metavar="NAME", help="name of the server in the results")
    group.add_argument(
        "--settings", metavar="JSON", default="{}", help="initialization options of the server"
    )
    group.add_argument(
        "--device", metavar="DEVICE", help="device of midfill's model: auto, cpu, cuda, cuda:N"
    )
    group.add_argument(
        "--fresh", action="store_true", help="start a new server process for every task"
    )
    group.add_argument(
        "--no-growing",
        dest="growing",
        action="store_false",
        help="do not ask for suggestions that grow",
    )
    group.add_argument(
        "--peer",
        metavar="KIND=URL",
        help="llama-server=http://HOST:PORT also measures llama.cpp with llama.vim's policy",
    )
    group.add_argument("--only-peer", action="store_true", help="measure only the peer")
    group.add_argument(
        "--interleave", action="store_true", help="alternate between servers, task by task"
    )
    group.add_argument(
        "--zero-latency",
        nargs="?",
        const="also",
        choices=("also", "only"),
        help="measure the upper bound too: the clock stops during requests",
    )
    group.add_argument(
        "--simulate",
        metavar="PREFILL,DECODE",
        help="replay in simulated time, on a machine that reads PREFILL tokens/s and decodes a "
        "token in DECODE ms; the answers are the model's own",
    )
    group.add_argument(
        "--memo",
        type=Path,
        metavar="DIR",
        help="folder that keeps answers between runs, with --simulate",
    )
    group.add_argument(
        "--guards-only",
        action="store_true",
        help="only check the benchmark itself, which takes a second",
    )


def _add_people(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the simulated user")
    group.add_argument(
        "--person",
        choices=("exact", "real"),
        default="exact",
        help="exact: right keys in a bare text (default); real: a person at an editor that closes "
        "pairs, with typos, second thoughts and changed lines; rates in docs/lab/benchmarks.md",
    )
    group.add_argument(
        "--reaction",
        type=at_least_zero,
        default=500,
        metavar="MS",
        help="time a text is visible before it is accepted (default 500; 0: upper bound)",
    )
    group.add_argument(
        "--mode",
        choices=("full", "line", "word"),
        default="line",
        help="how much is accepted of a text whose start alone is right (default line)",
    )
    group.add_argument(
        "--gap", type=above_zero, default=200, metavar="MS", help="median time between keys"
    )
    group.add_argument(
        "--debounce",
        type=at_least_zero,
        default=0,
        metavar="MS",
        help="pause of the client before a request",
    )
    group.add_argument(
        "--ask",
        choices=("unshown", "always"),
        default="unshown",
        help="ask after keys that no visible text predicted (default), or after every key",
    )
    group.add_argument(
        "--seed", type=int, default=0, help="seed of the typist and of the choice of tasks"
    )
    group.add_argument(
        "--speed",
        type=above_zero,
        default=1.0,
        help="speed-up over real time; figures of real servers are valid only at 1",
    )


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser("compare", help="compare two results, with paired intervals")
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="FILE.json or FILE.json#NAME")
    parser.add_argument("--seed", type=int, default=0, help="seed of the resampling")
    parser.set_defaults(run=_compare)


def _keystrokes(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.keystrokes import run

    return run.run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.keystrokes import tables
    from lsp_server.bench.keystrokes.compare import compare, in_common, pick

    a, b = pick(arguments.a), pick(arguments.b)
    tables.show_comparison(a, b, in_common(a, b), compare(a, b, seed=arguments.seed))
    return 0
