"""The plugin in a real terminal, tmux, with the real model; and a picture of it for the docs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from rich.text import Text

from tests.editors import pictures
from tests.editors.neovim.conftest import PLUGIN, find_neovim
from tests.editors.programs import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 200.0
COLUMNS, ROWS = 80, 20
SOURCE = """\
from dataclasses import dataclass


@dataclass
class Rectangle:
    width: float
    height: float

    def area(self) -> float:
"""


class Terminal:
    """A tmux of its own with one window."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "tmux")
        self.program = program("tmux")

    def run(self, *words: str) -> str:
        """Run a command of tmux; returns what it prints."""
        command = [self.program, "-S", self.socket, "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        """What is on the screen."""
        return self.run("capture-pane", "-p")

    def until(self, condition: Callable[[str], object]) -> str:
        """Wait for the screen to be so; returns it."""
        end = time.monotonic() + PATIENCE_S
        while not condition(now := self.screen()):
            assert time.monotonic() < end, now
            time.sleep(0.05)
        return now


def is_ready(screen: str) -> bool:
    """Whether the statusline has no state to tell of."""
    rows = screen.split("\n")
    return any(row.startswith("shapes.py") and row.endswith(" midfill") for row in rows)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal that ends with the test."""
    terminal = Terminal(tmp_path)
    yield terminal
    subprocess.run(
        [terminal.program, "-S", terminal.socket, "kill-server"], check=False, capture_output=True
    )


@pytest.mark.model
def test_ghost_text_is_on_a_real_screen(terminal: Terminal, tmp_path: Path) -> None:
    """Typed through and taken; with MIDFILL_PICTURES the screen goes into that folder."""
    file = tmp_path / "shapes.py"
    file.write_text(SOURCE)
    midfill = Path(sys.executable).with_name("midfill")
    setup = f"lua require('midfill').setup({{ cmd = {{ '{midfill}', 'serve', '--stdio' }} }})"
    status = (
        "set laststatus=2 statusline=%t%=%{v:lua.require'midfill'.status()}\n"
        "autocmd User MidfillStatus redrawstatus"
    )
    start = tmp_path / "init.vim"
    start.write_text(f"set runtimepath+={PLUGIN} termguicolors noswapfile\n{setup}\n{status}\n")
    nvim = [str(find_neovim("0.12")), "--clean", "-i", "NONE", "-u", str(start), str(file)]
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    terminal.run("new-session", "-d", *size, *nvim)
    terminal.until(is_ready)
    terminal.run("send-keys", "G", "o", "return ")
    terminal.until(lambda screen: "return self." in screen)
    terminal.run("send-keys", "-l", "self.")
    shown = terminal.until(lambda screen: "return self.width * self.height" in screen)
    assert "return self.width" not in file.read_text()
    pictures.save("neovim.svg", drawn(terminal.run("capture-pane", "-p", "-e", "-N")))
    terminal.run("send-keys", "Tab", "Escape")
    terminal.run("send-keys", ":wq", "Enter")
    end = time.monotonic() + PATIENCE_S
    while "return self.width * self.height" not in file.read_text():
        assert time.monotonic() < end, shown
        time.sleep(0.05)


def drawn(captured: str) -> str:
    """A terminal's text with its colours as a picture."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(captured), end="")
        return console.export_svg(title="Neovim")
