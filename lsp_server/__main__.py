"""`python -m lsp_server`, the same as `midfill`."""

from __future__ import annotations

import sys


def main() -> None:
    """Console entry point."""
    from lsp_server.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
