"""Emacs with Eglot, which has no inline completion: midfill is an entry of its menu."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.editors.programs import program

SCRIPT = Path(__file__).with_name("eglot.el")


def test_eglot_takes_the_entry_of_the_menu(tmp_path: Path) -> None:
    """What was typed is completed, and the file has exactly that."""
    file = tmp_path / "a.py"
    file.write_bytes("x = '🙂'\n".encode())
    server = [sys.executable, "-m", "lsp_server", "serve", "--stdio", "--engine", "fake:lt(x)"]
    command = [program("emacs"), "-q", "--batch", "-l", str(SCRIPT), str(file), "y = resu"]
    ended = subprocess.run(
        [*command, *server], capture_output=True, text=True, timeout=120, check=False
    )
    assert "Eglot" in ended.stdout, ended.stderr
    assert file.read_bytes() == "x = '🙂'\ny = result(x)\n".encode()
