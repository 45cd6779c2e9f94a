"""Types for command-line options."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # a private name, but the only one argparse has for what `add_subparsers` returns
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001


def commands_of(parser: argparse.ArgumentParser, metavar: str = "COMMAND") -> Commands:
    """Give a parser commands; without one it prints its whole help to stderr, exit code 2."""

    def explain(_: argparse.Namespace) -> int:
        parser.print_help(sys.stderr)
        return 2

    parser.set_defaults(run=explain)
    return parser.add_subparsers(title="commands", metavar=metavar)


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def at_least_zero(text: str) -> float:
    """A finite number, 0 or more."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def above_zero(text: str) -> float:
    """A finite number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return number
