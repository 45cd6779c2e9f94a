"""The command `midfill`: its own packages first, whatever the environment puts before them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

ROOT = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs 5 ms
"""The folder that holds midfill's packages."""


def own_first() -> None:
    """Put what `PYTHONPATH` and the working folder bring behind everything that is installed.

    A project may have packages called `engine` or `context`; editors start servers in its folder,
    and shells export `PYTHONPATH=.`. What is only there is still found.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    strangers = set(named) | (set() if sys.flags.safe_path else set(sys.path[:1]))
    for place in named:
        with suppress(OSError):  # a working folder that is gone
            strangers.add(os.path.abspath(place))  # noqa: PTH100 - as `site` made it
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    sys.path.sort(key=lambda place: place != ROOT and place in strangers)


def main() -> None:
    """Console entry point."""
    own_first()
    from lsp_server.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
