"""The command line. Commands are imported only when they run, so `serve` starts fast."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import ipaddress
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MidfillError, reason
from lsp_server.arguments import commands_of
from lsp_server.terminal import tell
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api import Engine
    from lsp_server.settings.model import Settings

EXIT_INTERRUPTED = 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def run(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # terminals do not know every letter
    try:
        try:
            return _run(argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # not at the very end, where nobody can say what is wrong
    except OSError as error:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            # what is left in the buffer goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `midfill ... | head`
            return 0
        where = error.filename or ("the output cannot be written" if error.errno in _FULL else "")
        tell(f"midfill: {where}{': ' if where else ''}{reason(error)}")
        return 1


def _run(argv: Sequence[str]) -> int:
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except MidfillError as error:
        tell(f"midfill: {error}")
        return 1
    except KeyboardInterrupt:
        tell("midfill: interrupted")
        return EXIT_INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from lsp_server.bench import cli as bench_cli
    from lsp_server.bench.accuracy import cli as accuracy_cli
    from lsp_server.commands import bundle, config, models, stats

    top = argparse.ArgumentParser(
        prog="midfill", description="Ghost-text code completion on your own machine."
    )
    top.add_argument("--version", action="version", version=f"midfill {VERSION}")
    commands = commands_of(top)
    _add_serve(commands)
    _add_one_shot(commands)
    models.add_parser(commands)
    bundle.add_parser(commands)
    config.add_parser(commands)
    bench_cli.add_parser(commands)
    accuracy_cli.add_parser(commands)
    stats.add_parser(commands)
    about = "a small terminal editor with ghost text, to try midfill without an editor"
    attempt = commands.add_parser("try", help=about)
    attempt.add_argument("file", nargs="?", type=Path, help="a text file (default: an example)")
    attempt.set_defaults(run=_try)
    demo = commands.add_parser("demo", help="type into a real server and print its ghost text")
    demo.add_argument(
        "file", nargs="?", type=Path, help="a source file (default: three of midfill's own)"
    )
    demo.set_defaults(run=_demo)
    doctor = commands.add_parser(
        "doctor", help="check what works on this machine and how to fix the rest"
    )
    doctor.add_argument(
        "--watch",
        action="store_true",
        help="show memory, CPU and rates of midfill's processes until Ctrl-C",
    )
    doctor.set_defaults(run=_doctor)
    return top


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from lsp_server.commands import config

    serve = commands.add_parser("serve", help="run the language server (stdio by default)")
    serve.add_argument(
        "--stdio", action="store_true", help="the default; accepted because editors pass it"
    )
    serve.add_argument(
        "--tcp",
        type=_loopback,
        metavar="HOST:PORT",
        help="listen on a loopback address; port 0 picks a free one",
    )
    serve.add_argument("--log-level", default="warning", choices=_log_levels())
    serve.add_argument(
        "--log-file", metavar="FILE", help="write the log to this file instead of stderr"
    )
    serve.add_argument(
        "--clientProcessId",
        "--parent",
        dest="parent",
        type=int,
        metavar="PID",
        help="exit when this process ends",
    )
    config.add_flags(serve)
    serve.add_argument(
        "--engine",
        default="real",
        metavar="real|fake:TEXT",
        help="fake:TEXT answers every request with TEXT, without a model; remote-fake:TEXT does so "
        "from an engine host",
    )
    serve.set_defaults(run=_serve)


def _add_one_shot(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    place = "position, line and column counted from 1 as editors show them; COL in characters"
    complete = commands.add_parser("complete", help="complete once, through the server's pipeline")
    complete.add_argument("place", metavar="FILE:LINE:COL", help=place)
    complete.add_argument(
        "--json", action="store_true", help="print text, source and timings as JSON"
    )
    complete.set_defaults(run=_complete)
    prompt = commands.add_parser("prompt", help="show the prompt for a position, part by part")
    prompt.add_argument("place", metavar="FILE:LINE:COL", help=place)
    prompt.add_argument(
        "--explain",
        action="store_true",
        help="list every piece of other files, whether it is in, and why",
    )
    prompt.set_defaults(run=_prompt)


def _serve(arguments: argparse.Namespace) -> int:
    from engine.network_guard import NetworkGuard
    from engine.user_paths import absolute
    from lsp_server import logs, paths
    from lsp_server.commands import config
    from lsp_server.session import engine_factory

    paths.state_dir()  # raises where there is none: told at once, and not at the first suggestion
    try:
        file = absolute(arguments.log_file) if arguments.log_file else None
        logs.set_up(arguments.log_level, file)
    except OSError as error:
        print(
            f"midfill: --log-file {arguments.log_file}: {reason(error)}; choose another place",
            file=sys.stderr,
        )
        return 1
    from lsp_server.lsp.app import App

    guard = NetworkGuard(arguments.tcp)
    guard.engage()

    def make_engine(settings: Settings) -> Engine:
        return engine_factory.maker(settings, arguments.engine, guard.report)()

    app = App(config.load(arguments), make_engine)
    guard.on_refusal = app.refused
    return app.run(tcp=arguments.tcp, parent=arguments.parent)


def _complete(arguments: argparse.Namespace) -> int:
    from lsp_server.commands.complete import complete

    return complete(arguments.place, as_json=arguments.json)


def _prompt(arguments: argparse.Namespace) -> int:
    from lsp_server.commands.complete import prompt

    return prompt(arguments.place, explain=arguments.explain)


def _try(arguments: argparse.Namespace) -> int:
    from lsp_server.commands.try_app import run as attempt

    return attempt(arguments.file)


def _demo(arguments: argparse.Namespace) -> int:
    from lsp_server.commands.demo import run as demo

    return demo(arguments.file)


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.watch:
        from lsp_server.commands.doctor_watch import run as watch

        return watch()
    from lsp_server.commands.doctor import run as doctor

    return doctor()


def _log_levels() -> tuple[str, ...]:
    from lsp_server.logs import LEVELS

    return LEVELS


def _loopback(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
        number = int(port)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not HOST:PORT") from None
    if not inside:
        raise argparse.ArgumentTypeError(f"{host} is not this machine; use 127.0.0.1:PORT")
    return host, number
