"""`midfill bench`: the options. What they do is imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.arguments import positive
from lsp_server.bench.bodies import cli as bodies_cli
from lsp_server.bench.keystrokes import cli

if TYPE_CHECKING:
    import argparse

    from lsp_server.arguments import Commands


def add_parser(subparsers: Commands) -> None:
    """Register `bench` and its commands."""
    bench = subparsers.add_parser("bench", help="measure what suggestions are worth, and cost")
    commands = bench.add_subparsers(required=True, metavar="BENCHMARK")
    cli.add_parsers(commands)
    bodies_cli.add_parser(commands)
    _add_model(commands)
    _add_anchors(commands)
    _add_confidence(commands)
    _add_context(commands)
    _add_quantization(commands)
    sharing = commands.add_parser(
        "sharing", help="what the engine's own process costs a request and saves in memory"
    )
    sharing.add_argument("--pairs", type=positive, default=40, metavar="N", help="of requests")
    sharing.set_defaults(run=_sharing)
    server = commands.add_parser("server", help="the server's own parts, without a model")
    server.set_defaults(run=_server)


def _add_model(commands: Commands) -> None:
    parser = commands.add_parser(
        "model", help="speed of the model, against the limits of the machine"
    )
    parser.add_argument("--repeats", type=positive, default=5, metavar="N", help="runs a figure")
    parser.add_argument(
        "--completions", type=positive, default=20, metavar="N", help="single lines of each kind"
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
    parser.add_argument("--count", type=positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per task")
    parser.set_defaults(run=_anchors)


def _add_confidence(commands: Commands) -> None:
    parser = commands.add_parser(
        "confidence", help="how often a text is right that the model gives a probability"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/evaluation.md")
    parser.add_argument("--count", type=positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every point")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the plot")
    parser.set_defaults(run=_confidence)


def _confidence(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import confidence

    return confidence.run(arguments)


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
    parser.add_argument("--tokens", type=positive, default=512, help="of the prompt without it")
    parser.add_argument("--count", type=positive, metavar="N", help="a random sample of N tasks")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the sample")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: as the server does")
    parser.add_argument("--memo", type=Path, metavar="DIR", help="where answers are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per answer")
    parser.set_defaults(run=_context)


def _context(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import context_command

    return context_command.run(arguments)


def _add_quantization(commands: Commands) -> None:
    parser = commands.add_parser(
        "quantization", help="what int8 costs in likelihood, and a trimmed projection saves"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/evaluation.md")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument(
        "--tokens", type=positive, default=2000, metavar="N", help="of each language"
    )
    parser.add_argument("--against", metavar="NAME", help="compare decoding with this model's")
    parser.add_argument("--loads", type=positive, default=12, metavar="N", help="of both models")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.set_defaults(run=_quantization)

    parser = commands.add_parser(
        "coverage", help="how many tokens of real source a trimmed projection can write"
    )
    parser.add_argument("paths", type=Path, nargs="+", help="folders with source")
    parser.add_argument("--model", metavar="NAME", help="a model of the store")
    parser.add_argument(
        "--characters", type=positive, default=2_000_000, metavar="N", help="of each language"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there too")
    parser.set_defaults(run=_coverage)


def _coverage(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import coverage

    return coverage.run(arguments)


def _quantization(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import quantization

    return quantization.run(arguments)


def _model(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.model import run

    return run.run(arguments)


def _anchors(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import anchors

    return anchors.run(arguments)


def _sharing(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.parts import sharing

    return sharing.run(arguments)


def _server(_: argparse.Namespace) -> int:
    from lsp_server.bench.parts import answers, mirror, similar

    return max(mirror.main(), answers.main(), similar.main())
