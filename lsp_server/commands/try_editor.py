"""A text area with ghost text: shown at the cursor, typed through, accepted in parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from context.syntax.nesting import Lexis
from lsp_server.completion.presentation.constraints import opens_block

if TYPE_CHECKING:
    from textual.document._document import EditResult, Location
    from textual.document._edit import Edit
    from textual.events import Key

_WORD = re.compile(r"\s*(\w+|[^\w\s]+)")
_LINE = re.compile(r"\n*[^\n]*")
_INDENT = re.compile(r"^(\t+| {2,8})(?=\S)", re.MULTILINE)


class GhostArea(TextArea):
    """Ghost text belongs to one position in one text, and disappears when either changes.

    The first line stands behind the cursor (Textual's own `suggestion` draws it); the lines after
    it are drawn over the screen's rows below, which move down as far.
    """

    DEFAULT_CSS = """
    GhostArea, GhostArea:focus { border: none; padding: 0; }
    GhostArea .text-area--suggestion { color: $text-muted; text-style: italic; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"text-area--suggestion"}

    class Accepted(Message):
        """Posted when the last piece of the ghost text was accepted."""

    def __init__(self, text: str, *, language: str | None, written_in: str = "plaintext") -> None:
        """Args: the text, what highlights it, and the name of its language."""
        super().__init__(
            text,
            language=language,
            theme="css" if language is None else "vscode_dark",
            soft_wrap=True,  # else Textual cuts ghost text at the width of the longest line
            tab_behavior="indent",
            show_line_numbers=True,
        )
        self.ghost = ""
        self._ghost_at: Location = (0, 0)
        self._lexis = Lexis.of(written_in)
        indents = _INDENT.findall(text)
        self._indent = min(indents, key=len)[:8] if indents else "    "
        if self._indent.startswith("\t"):
            self.indent_type, self._indent = "tabs", "\t"

    @property
    def cursor_offset_in_text(self) -> int:
        """Where the cursor is, in code points from the text's start."""
        row, column = self.cursor_location
        ends = row * len(self.document.newline)
        return sum(len(self.document.get_line(each)) for each in range(row)) + ends + column

    def show_ghost(self, ghost: str) -> None:
        """Show a text at the cursor, "" for none."""
        self.ghost = ghost
        self._ghost_at = self.cursor_location
        self.suggestion = ghost.partition("\n")[0]
        self.refresh()

    def edit(self, edit: Edit) -> EditResult:
        """Apply an edit; typing along the ghost text keeps its rest."""
        rest = ""
        typed = edit.text and edit.from_location == edit.to_location == self.cursor_location
        if typed and self.ghost.startswith(edit.text):
            rest = self.ghost[len(edit.text) :]
        result = super().edit(edit)
        self.show_ghost(rest)
        self._ghost_at = result.end_location
        return result

    def accept(self, piece: re.Pattern[str] | None = None) -> None:
        """Accept the ghost text, or its leading piece."""
        found = piece.match(self.ghost) if piece else None
        taken = found[0] if found and found[0] else self.ghost
        self.history.checkpoint()
        self.insert(taken, self.cursor_location)
        self.history.checkpoint()
        if not self.ghost:
            self.post_message(self.Accepted())

    def on_key(self, event: Key) -> None:
        """Indent a new line; handle the keys for ghost text while it is visible."""
        if event.key == "enter":
            self._break_line()
        elif not self.ghost:
            return
        elif event.key == "escape":
            self.show_ghost("")
        elif event.key == "tab":
            self.accept()
        elif event.key == "ctrl+right":
            self.accept(_WORD)
        elif event.key == "ctrl+down":
            self.accept(_LINE)
        else:
            return
        event.prevent_default()
        event.stop()

    def _break_line(self) -> None:
        """Begin a line as deep as the cursor's, and deeper where that opens a block."""
        start, end = sorted(self.selection)
        line = self.document.get_line(start[0])[: start[1]]
        indent = line[: len(line) - len(line.lstrip())]
        if line.strip() and opens_block(line, self._lexis):
            indent += self._indent
        self.replace("\n" + indent, start, end, maintain_selection_offset=False)

    def on_text_area_selection_changed(self) -> None:
        """The cursor moved away."""
        if self.ghost and self.cursor_location != self._ghost_at:
            self.show_ghost("")

    def action_undo(self) -> None:
        """Take the last step back."""
        self.show_ghost("")
        super().action_undo()

    def render_line(self, y: int) -> Strip:
        """A row of the screen: the text's, or a ghost line below the cursor's."""
        _, *more = self.ghost.split("\n")
        cursor = self.wrapped_document.location_to_offset(self.cursor_location)
        below = y - (cursor.y - self.scroll_offset.y)
        if not more or below <= 0:
            return super().render_line(y)
        if below > len(more):
            return super().render_line(y - len(more))
        style = self.get_component_rich_style("text-area--suggestion")
        text = " " * self.gutter_width + more[below - 1].expandtabs(self.indent_width)
        # as an ordinary row is made: cut at the right, filled with the background
        blank = super().render_line(self.size.height + self.virtual_size.height)
        row = Strip.join([Strip([Segment(text, style)]), blank])
        return row.crop(0, self.size.width)
