"""The question before `midfill try` ends with text that is not saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class LeaveScreen(ModalScreen[str]):
    """Ends with "save", "discard" or "stay"."""

    DEFAULT_CSS = """
    LeaveScreen { align: center middle; }
    LeaveScreen Static { width: auto; padding: 1 2; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('save')"),
        Binding("d", "answer('discard')"),
        Binding("escape", "answer('stay')"),
    ]

    def __init__(self, name: str, *, saves: bool) -> None:
        """Args: the file's name, and whether it may be written."""
        super().__init__()
        self._saves = saves
        save = "  [b]S[/b] save and quit" if saves else ""
        what = name if saves else "What you typed into the example"
        self._question = (
            what.replace("[", r"\[")
            + " is not saved.\n\n"
            + f"{save}  [b]D[/b] quit and lose it  [b]Esc[/b] go on"
        )

    def compose(self) -> ComposeResult:
        """The question."""
        yield Static(self._question)

    def action_answer(self, answer: str) -> None:
        """Close with an answer."""
        if answer != "save" or self._saves:
            _ = self.dismiss(answer)
