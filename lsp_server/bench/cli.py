"""`midfill bench`: the options. What they do is imported when a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # a private name, but the only one argparse has for what `add_subparsers` returns
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

KEYSTROKES = """\
Types recorded edits into a server over stdio, key by key in real time, and counts what its
suggestions are worth. What every figure means is said in docs/benchmarks.md.

  midfill bench keystrokes --repo .
  midfill bench keystrokes --tasks replay.jsonl --quick --json out.json --html out.html
  midfill bench keystrokes --repo . --server "other-server --stdio"
  midfill bench keystrokes --repo . --peer llama-server=http://127.0.0.1:8012 --interleave
"""


def add_parser(subparsers: Commands) -> None:
    """Register `bench` and its commands."""
    bench = subparsers.add_parser("bench", help="measure what suggestions are worth, and cost")
    commands = bench.add_subparsers(required=True, metavar="BENCHMARK")
    _add_keystrokes(commands)
    _add_compare(commands)
    _add_model(commands)
    _add_anchors(commands)
    _add_confidence(commands)
    _add_context(commands)
    _add_quantization(commands)
    sharing = commands.add_parser(
        "sharing", help="what the engine's own process costs a request and saves in memory"
    )
    sharing.add_argument("--pairs", type=_positive, default=40, metavar="N", help="of requests")
    sharing.set_defaults(run=_sharing)
    server = commands.add_parser("server", help="the server's own parts, without a model")
    server.set_defaults(run=_server)


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
    out.add_argument("--json", type=Path, metavar="FILE", help="write results, also partial ones")
    out.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots")
    parser.set_defaults(run=_keystrokes)


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is typed")
    where = group.add_mutually_exclusive_group(required=True)
    where.add_argument("--tasks", type=Path, metavar="FILE", help="recorded tasks, JSON Lines")
    where.add_argument("--repo", type=Path, metavar="PATH", help="hunks of a repository's history")
    group.add_argument(
        "--commits",
        type=_positive,
        default=300,
        metavar="N",
        help="with --repo: commits to look at",
    )
    group.add_argument(
        "--count", type=_positive, metavar="N", help="most tasks (default: all, 20 with --repo)"
    )
    group.add_argument("--quick", action="store_true", help="only tasks marked quick")
    group.add_argument("--lang", metavar="A,B", help="only these languages (LSP identifiers)")


def _add_servers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it is typed into")
    group.add_argument(
        "--server", metavar="CMD", help="a language server over stdio (default: midfill itself)"
    )
    group.add_argument("--name", metavar="NAME", help="what results call it")
    group.add_argument(
        "--settings", metavar="JSON", default="{}", help="its initialization options"
    )
    group.add_argument(
        "--device", metavar="DEVICE", help="where midfill's own model runs: auto, cpu, cuda, cuda:N"
    )
    group.add_argument("--fresh", action="store_true", help="a new process for every task")
    group.add_argument(
        "--no-growing",
        dest="growing",
        action="store_false",
        help="do not say that shown texts may grow",
    )
    group.add_argument(
        "--peer",
        metavar="KIND=URL",
        help="llama-server=http://HOST:PORT: llama.cpp, driven by llama.vim's policy",
    )
    group.add_argument("--only-peer", action="store_true", help="leave the language server out")
    group.add_argument("--interleave", action="store_true", help="servers take turns task by task")
    group.add_argument(
        "--zero-latency",
        nargs="?",
        const="also",
        choices=("also", "only"),
        help="measure the bound too: the clock stops while a request is pending",
    )
    group.add_argument(
        "--simulate",
        metavar="PREFILL,DECODE",
        help="made-up time: midfill's session on a machine that reads PREFILL tokens/s and decodes "
        "a token in DECODE ms; answers are the model's own",
    )
    group.add_argument(
        "--memo", type=Path, metavar="DIR", help="with --simulate: where answers are kept"
    )
    group.add_argument(
        "--guards-only", action="store_true", help="only check the benchmark itself, in a second"
    )


def _add_people(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who types and decides")
    group.add_argument(
        "--reaction",
        type=_at_least_zero,
        default=500,
        metavar="MS",
        help="how long a text must stand before it can be taken (default 500; 0 is the bound)",
    )
    group.add_argument(
        "--mode",
        choices=("full", "line", "word"),
        default="line",
        help="what can be taken of a text that is right only at its start (default line)",
    )
    group.add_argument(
        "--gap", type=_above_zero, default=200, metavar="MS", help="median gap between keys"
    )
    group.add_argument(
        "--debounce", type=_at_least_zero, default=0, metavar="MS", help="wait of the client"
    )
    group.add_argument(
        "--ask",
        choices=("unshown", "always"),
        default="unshown",
        help="ask after keys whose text is not shown (default), or after every key",
    )
    group.add_argument("--seed", type=int, default=0, help="of the typist and of drawing tasks")
    group.add_argument(
        "--speed",
        type=_above_zero,
        default=1.0,
        help="times faster than real time; figures of real servers hold at 1 alone",
    )


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser("compare", help="two results, with paired intervals")
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="FILE.json or FILE.json#NAME")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling")
    parser.set_defaults(run=_compare)


def _add_model(commands: Commands) -> None:
    parser = commands.add_parser(
        "model", help="speed of the model, against the limits of the machine"
    )
    parser.add_argument("--repeats", type=_positive, default=5, metavar="N", help="runs a figure")
    parser.add_argument(
        "--completions", type=_positive, default=20, metavar="N", help="single lines of each kind"
    )
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: as the server does")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots")
    parser.add_argument(
        "--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N"
    )
    parser.add_argument(
        "--compute-types",
        default="best",
        metavar="A,B",
        help="best: as the server chooses; all: every type that fits; or names",
    )
    parser.add_argument(
        "--shape",
        choices=("0.5b", "1.5b", "3b", "7b"),
        help="with --random-weights: the model's size",
    )
    parser.add_argument(
        "--random-weights", action="store_true", help="true timings without any model at hand"
    )
    parser.set_defaults(run=_model)


def _add_anchors(commands: Commands) -> None:
    parser = commands.add_parser(
        "anchors", help="answers with an anchor against those with the hole at the cursor"
    )
    parser.add_argument(
        "tasks", type=Path, help="JSON Lines with id, kind, lang, file, prefix, middle, suffix"
    )
    parser.add_argument("--count", type=_positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per task")
    parser.set_defaults(run=_anchors)


def _add_confidence(commands: Commands) -> None:
    parser = commands.add_parser(
        "confidence", help="how often a text is right that the model gives a probability"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/evaluation.md")
    parser.add_argument("--count", type=_positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every point")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the plot")
    parser.set_defaults(run=_confidence)


def _confidence(arguments: argparse.Namespace) -> int:
    from lsp_server.evals import confidence_study

    return confidence_study.run(arguments)


def _add_context(commands: Commands) -> None:
    parser = commands.add_parser(
        "context", help="does the model use a definition of another file that is given by hand?"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/context-study.md")
    parser.add_argument(
        "--cells",
        default="repo/outline",
        metavar="A,B",
        help="LAYOUT/FORM@TOKENS, and ! for the hole at the cursor; docs/context-study.md",
    )
    parser.add_argument("--tokens", type=_positive, default=512, help="of the prompt without it")
    parser.add_argument("--count", type=_positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the sample")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: as the server does")
    parser.add_argument("--memo", type=Path, metavar="DIR", help="where answers are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per answer")
    parser.set_defaults(run=_context)


def _context(arguments: argparse.Namespace) -> int:
    from lsp_server.evals import study_command

    return study_command.run(arguments)


def _add_quantization(commands: Commands) -> None:
    parser = commands.add_parser(
        "quantization", help="what int8 costs in likelihood, and a trimmed projection saves"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/evaluation.md")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument(
        "--tokens", type=_positive, default=2000, metavar="N", help="of each language"
    )
    parser.add_argument("--against", metavar="NAME", help="compare decoding with this model's")
    parser.add_argument("--loads", type=_positive, default=12, metavar="N", help="of both models")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.set_defaults(run=_quantization)

    parser = commands.add_parser(
        "coverage", help="how many tokens of real source a trimmed projection can write"
    )
    parser.add_argument("paths", type=Path, nargs="+", help="folders with source")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument(
        "--characters", type=_positive, default=2_000_000, metavar="N", help="of each language"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there too")
    parser.set_defaults(run=_coverage)


def _coverage(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import coverage

    return coverage.run(arguments)


def _quantization(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import quantization

    return quantization.run(arguments)


def _model(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import model

    return model.run(arguments)


def _anchors(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import anchors

    return anchors.run(arguments)


def _keystrokes(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import run_keystrokes

    return run_keystrokes.run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import tables
    from lsp_server.bench.compare import compare, in_common, pick

    a, b = pick(arguments.a), pick(arguments.b)
    tables.show_comparison(a, b, in_common(a, b), compare(a, b, seed=arguments.seed))
    return 0


def _sharing(arguments: argparse.Namespace) -> int:
    from lsp_server.bench import sharing

    return sharing.run(arguments)


def _server(_: argparse.Namespace) -> int:
    from lsp_server.bench import answers, mirror, similar

    return max(mirror.main(), answers.main(), similar.main())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _at_least_zero(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return number
