"""`midfill bench`: its commands and options. The benchmarks are imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.arguments import commands_of, positive
from lsp_server.bench.keystrokes import cli

if TYPE_CHECKING:
    import argparse

    from lsp_server.arguments import Commands


def add_parser(subparsers: Commands) -> None:
    """Register `bench` and its commands."""
    bench = subparsers.add_parser("bench", help="measure what suggestions save and cost")
    commands = commands_of(bench, "BENCHMARK")
    cli.add_parsers(commands)
    _add_draw(commands)
    _add_model(commands)
    _add_anchors(commands)
    _add_confidence(commands)
    _add_context(commands)
    _add_quantization(commands)
    _add_lines(commands)
    sharing = commands.add_parser(
        "sharing", help="time that the engine process adds to a request, and memory it saves"
    )
    sharing.add_argument(
        "--pairs", type=positive, default=40, metavar="N", help="pairs of requests"
    )
    sharing.set_defaults(run=_sharing)
    server = commands.add_parser("server", help="speed of the server's own parts, without a model")
    server.set_defaults(run=_server)


def _add_draw(commands: Commands) -> None:
    parser = commands.add_parser(
        "draw", help="make sets of tasks (holes, bodies, typing, edits) from a git repository"
    )
    parser.add_argument(
        "--repo", type=Path, required=True, metavar="PATH", help="what to draw from"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made if missing")
    parser.add_argument(
        "--count", type=positive, default=60, metavar="N", help="most tasks of each kind"
    )
    parser.add_argument(
        "--commits", type=positive, default=300, metavar="N", help="of the history to look at"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw")
    parser.set_defaults(run=_draw)


def _draw(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.tasks import draw

    return draw.run(arguments)


def _add_model(commands: Commands) -> None:
    parser = commands.add_parser(
        "model", help="speed of the model, compared with the limits of the machine"
    )
    parser.add_argument(
        "--repeats", type=positive, default=5, metavar="N", help="repeats of each measurement"
    )
    parser.add_argument(
        "--completions",
        type=positive,
        default=20,
        metavar="N",
        help="single lines to complete, of each kind",
    )
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="0: as the server chooses"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
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
        help="size of the model, with --random-weights",
    )
    parser.add_argument(
        "--random-weights",
        action="store_true",
        help="measure real timings without an installed model",
    )
    parser.set_defaults(run=_model)


def _add_anchors(commands: Commands) -> None:
    parser = commands.add_parser(
        "anchors", help="compare answers with an anchor and with the hole at the cursor"
    )
    parser.add_argument(
        "tasks", type=Path, help="JSON Lines with id, kind, lang, file, prefix, middle, suffix"
    )
    parser.add_argument(
        "--count", type=positive, metavar="N", help="take a random sample of N tasks"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the sample")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per task")
    parser.set_defaults(run=_anchors)


def _add_confidence(commands: Commands) -> None:
    parser = commands.add_parser(
        "confidence", help="compare the probability of a text with how often it is right"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/lab/evaluation.md")
    parser.add_argument(
        "--count", type=positive, metavar="N", help="take a random sample of N tasks"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the sample")
    parser.add_argument("--model", metavar="NAME", help="an installed model")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every point")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the plot")
    parser.set_defaults(run=_confidence)


def _confidence(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import confidence

    return confidence.run(arguments)


def _add_context(commands: Commands) -> None:
    parser = commands.add_parser(
        "context", help="test whether the model uses a definition from another file"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/lab/context-study.md")
    parser.add_argument(
        "--cells",
        default="repo/outline",
        metavar="A,B",
        help="prompts to compare, LAYOUT/FORM@TOKENS; see docs/lab/context-study.md",
    )
    parser.add_argument(
        "--tokens", type=positive, default=512, help="tokens of the prompt without the definition"
    )
    parser.add_argument(
        "--count", type=positive, metavar="N", help="take a random sample of N tasks"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the sample")
    parser.add_argument("--model", metavar="NAME", help="an installed model")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="0: as the server chooses"
    )
    parser.add_argument(
        "--memo", type=Path, metavar="DIR", help="folder that keeps answers between runs"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row per answer")
    parser.set_defaults(run=_context)


def _context(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import context_command

    return context_command.run(arguments)


def _add_lines(commands: Commands) -> None:
    parser = commands.add_parser(
        "lines", help="lines that suggestions break: behind closed brackets, in words, before text"
    )
    parser.add_argument(
        "tasks", type=Path, nargs="+", help="JSON Lines, see docs/lab/evaluation.md"
    )
    parser.add_argument(
        "--each", type=positive, default=20, metavar="N", help="places of a kind in a language"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")
    parser.add_argument("--memo", type=Path, metavar="DIR", help="where answers are kept")
    parser.set_defaults(run=_lines)


def _lines(arguments: argparse.Namespace) -> int:
    from lsp_server.bench.studies import lines

    return lines.run(arguments)


def _add_quantization(commands: Commands) -> None:
    parser = commands.add_parser(
        "quantization", help="cost of int8 in likelihood, and time saved by a trimmed projection"
    )
    parser.add_argument("tasks", type=Path, help="JSON Lines, see docs/lab/evaluation.md")
    parser.add_argument("--model", metavar="NAME", help="an installed model")
    parser.add_argument(
        "--tokens", type=positive, default=2000, metavar="N", help="amount for each language"
    )
    parser.add_argument(
        "--against", metavar="NAME", help="compare the decoding speed with this model"
    )
    parser.add_argument(
        "--loads", type=positive, default=12, metavar="N", help="how often both models are loaded"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    parser.set_defaults(run=_quantization)

    parser = commands.add_parser(
        "coverage", help="share of the tokens in real source that a trimmed projection can write"
    )
    parser.add_argument("paths", type=Path, nargs="+", help="folders with source code")
    parser.add_argument("--model", metavar="NAME", help="an installed model")
    parser.add_argument(
        "--characters",
        type=positive,
        default=2_000_000,
        metavar="N",
        help="amount for each language",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts to this file")
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
