"""Notebooks: the cells of a notebook, in order, as one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from context.languages import path_comment
from context.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKUP = types.NotebookCellKind.Markup
_MOST_PROSE_LINES = 40


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """One cell: the URI of its text, and whether it is prose."""

    uri: str
    is_prose: bool


class Notebooks:
    """The order of cells in open notebooks; their texts are ordinary documents."""

    def __init__(self) -> None:
        self._cells: dict[str, list[NotebookCell]] = {}

    def open(self, notebook: types.NotebookDocument) -> None:
        """Add a notebook."""
        self._cells[notebook.uri] = [_cell(one) for one in notebook.cells]

    def change(self, uri: str, array: types.NotebookCellArrayChange) -> None:
        """Add, remove or move cells; indices out of range are clamped."""
        cells = self._cells.setdefault(uri, [])
        start = min(max(array.start, 0), len(cells))
        end = min(start + max(array.delete_count, 0), len(cells))
        cells[start:end] = [_cell(one) for one in array.cells or ()]

    def close(self, uri: str) -> None:
        """Remove a notebook."""
        self._cells.pop(uri, None)

    def holder(self, cell_uri: str) -> str | None:
        """The notebook of a cell, or None if the document is not a cell."""
        for uri, cells in self._cells.items():
            if any(cell.uri == cell_uri for cell in cells):
                return uri
        return None

    def around(
        self, cell_uri: str, language: str, text_of: Callable[[str, str], Text | None]
    ) -> tuple[list[Text], list[Text]]:
        """Texts of the cells before and after one.

        Args:
            cell_uri: the cell; prose has nothing around it.
            language: of the cell; prose above code becomes its comments.
            text_of: the text of a cell if it has the language given, "" for any.
        """
        cells = self._cells.get(self.holder(cell_uri) or "", [])
        place = next((row for row, cell in enumerate(cells) if cell.uri == cell_uri), None)
        if place is None or cells[place].is_prose:
            return [], []
        sides: tuple[list[Text], list[Text]] = ([], [])
        for row, cell in enumerate(cells):
            text = text_of(cell.uri, "" if cell.is_prose else language)
            if row != place and text is not None:
                sides[row > place].append(_comment(text, language) if cell.is_prose else text)
        return sides


def _cell(cell: types.NotebookCell) -> NotebookCell:
    return NotebookCell(cell.document, cell.kind == _MARKUP)


def _comment(text: Text, language: str) -> Text:
    """Prose as comment lines of a language."""
    mark, _, end = path_comment(language, "PATH").partition("Path: PATH")
    rows = [row.rstrip("\r\n") for row in text.lines(0, _MOST_PROSE_LINES)]
    return Text.of("\n".join(f"{mark}{row}{end}".rstrip() for row in rows))
