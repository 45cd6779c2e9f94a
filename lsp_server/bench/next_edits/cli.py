"""`midfill bench edits`: the options, and what they do."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.arguments import positive

if TYPE_CHECKING:
    from lsp_server.arguments import Commands

EDITS = """\
Makes the hunks of real commits in order and asks after each one for the next edit. An answer is
right when it equals a hunk that is left. No server and no model takes part: this measures the
rules of context/next_edit beside silence, exact repetition and renames alone.

  midfill bench edits edits.jsonl
  midfill bench edits --repo . --json out.json
  midfill bench edits edits.jsonl --calibrate context/next_edit/calibration.json
"""


def add_parser(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "edits",
        help="replay real commits and count the edits that are foreseen",
        description=EDITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tasks", type=Path, nargs="?", help="JSON Lines, see docs/lab/next-edits.md"
    )
    parser.add_argument("--repo", type=Path, metavar="PATH", help="a repository's own history")
    parser.add_argument(
        "--commits", type=positive, default=300, metavar="N", help="with --repo: commits to look at"
    )
    parser.add_argument("--quick", action="store_true", help="only tasks marked quick")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--calibrate", type=Path, metavar="FILE", help="fit the scorecard and write it there"
    )
    parser.add_argument(
        "--left-out",
        action="store_true",
        help="also fit without each repository in turn, and count it by what the others say",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay and print.

    Raises:
        TaskFileError: the tasks cannot be read, or the history holds none.
    """
    from lsp_server.bench.next_edits import command

    return command.run(arguments)
