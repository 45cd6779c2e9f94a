"""`python -m lsp_server`, the same as `midfill`."""

from midfill import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
