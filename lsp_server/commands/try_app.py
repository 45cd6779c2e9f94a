"""`midfill try`: a small terminal editor with ghost text."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.document._document import Document
from textual.widgets import Static, TextArea

from context.languages import language_of
from engine.errors import MidfillError
from lsp_server.client.connection import SERVE
from lsp_server.commands.try_editor import GhostArea
from lsp_server.commands.try_leave import LeaveScreen
from lsp_server.commands.try_server import TryServer

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = '''\
"""Shapes, and what can be measured of them."""

import math


class Circle:
    """A circle with a radius."""

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def area(self) -> float:
        """The area inside."""
        return math.pi * self.radius**2

    def circumference(self) -> float:
        """The way around."""
        \
'''
"""What is opened without a file: the last method waits to be written."""

_KEYS = (
    "[b]Tab[/b] take  [b]Ctrl+→[/b] word  [b]Ctrl+↓[/b] line  [b]Ctrl+N[/b] ask, next  "
    "[b]Esc[/b] hide  [b]Ctrl+S[/b] save  [b]Ctrl+Q[/b] quit"
)


def run(file: Path | None) -> int:
    """Open the editor on a file, or on an example that is never written.

    Raises:
        MidfillError: the file cannot be edited here, or nowhere; the text says why.
    """
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise MidfillError(
            "`midfill try` needs a terminal, and its input or output is none; "
            "`midfill demo` and `midfill complete` need none"
        )
    with tempfile.TemporaryDirectory(prefix="midfill-try-") as scratch:
        path = file.resolve() if file else Path(scratch, "shapes.py")
        app = TryApp(path, read(path) if file else EXAMPLE, saves=file is not None)
        app.run()
    return app.return_code or 0


def read(path: Path) -> str:
    """The text of a file, "" for a new one.

    Raises:
        MidfillError: it cannot be read, is not UTF-8, or would not be written as it was.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if path.parent.is_dir():
            return ""
        raise MidfillError(f"{path}: there is no folder {path.parent}; make it first") from None
    except OSError as error:
        raise MidfillError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise MidfillError(f"{path}: not UTF-8 (byte {error.start}); try another file") from None
    if Document(text).text != text:
        raise MidfillError(
            f"{path}: its lines end in several ways, and `midfill try` would write one; "
            "use another editor for it"
        )
    return text


class TryApp(App[None]):
    """The editor above, two lines of state below."""

    CSS = """
    Screen { layers: base; }
    GhostArea { height: 1fr; }
    #state { height: 1; padding: 0 1; background: $panel; }
    #keys { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("ctrl+n", "next", "Ask, or show the next choice", priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        path: Path,
        text: str,
        *,
        saves: bool = True,
        command: Sequence[str] = SERVE,
    ) -> None:
        """Args: the file, its text, whether it may be written, and the server's command."""
        super().__init__()
        self.title = "midfill try"
        self.path = path
        self.saves = saves
        self.server = TryServer(command, path)
        self.latency_ms = 0.0
        self._text = text
        self._kept = text
        self._choice: list[str] = []
        self._chosen = 0
        self._state = "loading"
        self._message = ""
        self._note = ""
        self._asking: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        """The widgets."""
        language = language_of(self.path.name, "", self._text.partition("\n")[0])
        yield GhostArea(self._text, language=_highlighted(self.path), written_in=language)
        yield Static(id="state")
        yield Static(_KEYS, id="keys")

    @property
    def area(self) -> GhostArea:
        """The text."""
        return self.query_one(GhostArea)

    def on_mount(self) -> None:
        """Start the server; the text can be edited meanwhile."""
        self.area.move_cursor(self.area.document.end)
        self.area.focus()
        self.server.on_status = self._tell
        self.server.on_more = lambda: self._ask(grow=True)
        self._starting = asyncio.create_task(self.server.start(self.area.text))

    def on_text_area_changed(self, _: TextArea.Changed) -> None:
        """Send text typed along a suggestion without asking for another."""
        self._note = ""
        self._choice = []
        if self.area.ghost:
            self.server.changed(self.area.text)
        else:
            self._ask()

    def on_ghost_area_accepted(self) -> None:
        """Count it."""
        self.server.accepted(self._chosen)

    def action_save(self) -> bool:
        """Write the file, if it is one; False when it was not written."""
        if not self.saves:
            self._note = "this is an example; `midfill try FILE` can save"
        else:
            try:
                text = self.area.text
                self.path.write_bytes(text.encode("utf-8"))
                self._kept = text
                self._note = f"wrote {self.path.name}"
            except OSError as error:
                self._note = f"{self.path.name} was not written: {error.strerror}"
        self._draw()
        return self._kept == self.area.text

    def action_next(self) -> None:
        """Show the next text of the choice; ask for one first, whatever midfill thought best."""
        if self.area.ghost and self.area.ghost in self._choice:
            self._choose(self._choice.index(self.area.ghost) + 1)
        else:
            self._ask(by_hand=True)

    async def action_quit(self) -> None:
        """Ask where text is not saved; then end the server and the editor."""
        if isinstance(self.screen, LeaveScreen):
            return
        if self.area.text == self._kept:
            await self._leave()
        else:
            await self.push_screen(LeaveScreen(self.path.name, saves=self.saves), self._left)

    async def _left(self, answer: str | None) -> None:
        if answer == "discard" or (answer == "save" and self.action_save()):
            await self._leave()

    async def _leave(self) -> None:
        for task in (self._asking, self._starting):
            if task is not None:
                task.cancel()
        await self.server.stop()
        self.exit()

    def _ask(self, *, grow: bool = False, by_hand: bool = False) -> None:
        if grow and self._choice:
            return  # what the user chose stays
        if self._asking is not None:
            self._asking.cancel()
        self._asking = asyncio.create_task(self._answer(grow=grow, by_hand=by_hand))

    async def _answer(self, *, grow: bool, by_hand: bool) -> None:
        """Ask for a suggestion and show what still fits; visible text only gets longer."""
        area, started = self.area, perf_counter()
        text, place = area.text, area.cursor_location
        texts = await self.server.complete(text, area.cursor_offset_in_text, by_hand=by_hand)
        if area.text != text or area.cursor_location != place:
            return
        ghost = texts[0] if texts else ""
        if by_hand and ghost:
            self._choice = texts
            self._choose(int(ghost == area.ghost))  # the next one, if it is on screen already
            return
        if by_hand and not area.ghost:
            self._note = "nothing to suggest here"
        if grow and area.ghost and not ghost.startswith(area.ghost):
            return
        if not grow:
            self.latency_ms = (perf_counter() - started) * 1000
        if not by_hand:
            self._show(ghost, 0)
        self._draw()

    def _choose(self, number: int) -> None:
        number %= len(self._choice)
        self._show(self._choice[number], number)
        self._note = f"{number + 1} of {len(self._choice)}"
        self._draw()

    def _show(self, ghost: str, number: int) -> None:
        self._chosen = number
        self.area.show_ghost(ghost)
        if ghost:
            self.server.shown(number)

    def _tell(self, state: str, message: str) -> None:
        was, self._state, self._message = self._state, state, message
        self._draw()
        if state == "ready" and was != "ready" and not self.area.ghost:
            self._ask()  # what was typed before got no answer

    def _draw(self) -> None:
        facts = [f"midfill {self._state}", self._message]
        if self._state == "ready" and self.latency_ms:
            facts.append(f"last answer after {self.latency_ms:.0f} ms")
        facts.append(self._note)
        line = " · ".join(filter(None, facts))
        self.query_one("#state", Static).update(line.replace("[", r"\["))


def _highlighted(path: Path) -> str | None:
    """The language that Textual can highlight, if it is installed."""
    names = {".py": "python", ".go": "go", ".rs": "rust", ".js": "javascript", ".java": "java"}
    language = names.get(path.suffix)
    try:
        TextArea(language=language)
    except Exception:  # noqa: BLE001 - colours are a nicety, and their parsers optional
        return None
    return language
