"""Notebooks over the wire: the cells of one notebook are one document, in cell order."""

from __future__ import annotations

from typing import Any

from tests.e2e.wire import Wire

BOOK = "file:///space/analysis/sales.ipynb"
CODE, MARKUP = 2, 1


def cell(number: int) -> str:
    """URI of a cell, as editors spell it."""
    return f"vscode-notebook-cell:/space/analysis/sales.ipynb#W{number}"


def item(number: int, text: str, language: str = "python") -> dict[str, Any]:
    """A cell's text."""
    return {"uri": cell(number), "languageId": language, "version": 1, "text": text}


def prompt(wire: Wire, number: int, line: int, character: int) -> str:
    """The prompt in a cell, as one text."""
    place = {"line": line, "character": character}
    where = {"textDocument": {"uri": cell(number)}, "position": place}
    shown = wire.ask("midfill/prompt", where)
    return "|".join(part["text"] for part in shown["parts"])


def open_book(wire: Wire) -> None:
    """Code, prose, SQL and code."""
    wire.initialize(
        {"textDocument": {"inlineCompletion": {}}, "notebookDocument": {"synchronization": {}}},
        workspaceFolders=[{"uri": "file:///space", "name": "space"}],
    )
    wire.ready()
    kinds = (CODE, MARKUP, CODE, CODE)
    cells = [{"kind": kind, "document": cell(number)} for number, kind in enumerate(kinds)]
    book = {"uri": BOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": cells}
    texts = [
        item(0, "import sales\nrows = sales.load()"),
        item(1, "# Totals\nby month", "markdown"),
        item(2, "select 1", "sql"),
        item(3, "total = sum(\n"),
    ]
    params = {"notebookDocument": book, "cellTextDocuments": texts}
    wire.notify("notebookDocument/didOpen", params)


def test_cells_before_and_after_are_in_the_prompt_and_the_range_is_the_cells() -> None:
    """Code cells of the language and prose as comments; positions count from the cell's start."""
    with Wire() as wire:
        open_book(wire)
        told = prompt(wire, 3, 0, 12)
        assert "# Path: analysis/sales.ipynb" in told
        assert "rows = sales.load()\n# # Totals\n# by month\n" in told
        assert "select" not in told
        (answer,) = wire.complete(0, 12, cell(3))
        assert answer["range"]["start"] == {"line": 0, "character": 0}
        assert answer["range"]["end"] == {"line": 0, "character": 12}
        assert answer["insertText"].startswith("total = sum(")
        assert "total = sum(" in prompt(wire, 0, 1, 0)
        assert wire.leave() == 0


def test_changes_of_texts_and_of_the_order_are_followed() -> None:
    """A typed key in a cell, a new cell above it, a removed one."""
    with Wire() as wire:
        open_book(wire)
        edit = {
            "document": {"uri": cell(0), "version": 2},
            "changes": [
                {
                    "range": {
                        "start": {"line": 1, "character": 0},
                        "end": {"line": 1, "character": 4},
                    },
                    "text": "table",
                }
            ],
        }
        book = {"uri": BOOK, "version": 2}
        change: dict[str, Any] = {"cells": {"textContent": [edit]}}
        wire.notify("notebookDocument/didChange", {"notebookDocument": book, "change": change})
        assert "table = sales.load()" in prompt(wire, 3, 0, 12)
        structure = {
            "array": {"start": 1, "deleteCount": 1, "cells": [{"kind": CODE, "document": cell(9)}]},
            "didOpen": [item(9, "months = 12")],
            "didClose": [{"uri": cell(1)}],
        }
        book = {"uri": BOOK, "version": 3}
        change = {"cells": {"structure": structure}}
        wire.notify("notebookDocument/didChange", {"notebookDocument": book, "change": change})
        told = prompt(wire, 3, 0, 12)
        assert "table = sales.load()\nmonths = 12\n" in told
        assert "Totals" not in told
        closing = {
            "notebookDocument": {"uri": BOOK},
            "cellTextDocuments": [{"uri": cell(number)} for number in (0, 9, 2, 3)],
        }
        wire.notify("notebookDocument/didClose", closing)
        assert wire.stats()["open_documents"] == 0
        assert wire.leave() == 0


def test_damaged_notebook_messages_leave_a_server_that_answers() -> None:
    """Numbers out of range, cells that nobody opened, notebooks that are not there."""
    with Wire() as wire:
        open_book(wire)
        for array in ({"start": 99, "deleteCount": 99}, {"start": 0, "deleteCount": 99}):
            change = {"cells": {"structure": {"array": array}}}
            book = {"uri": BOOK, "version": 2}
            wire.notify("notebookDocument/didChange", {"notebookDocument": book, "change": change})
        nobody = {"notebookDocument": {"uri": "file:///no"}, "cellTextDocuments": []}
        wire.notify("notebookDocument/didClose", nobody)
        assert wire.complete(0, 12, cell(3))
        assert wire.leave() == 0
