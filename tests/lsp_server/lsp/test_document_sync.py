"""Documents on their way from an editor into a session, without a server between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from engine.fake import FakeEngine
from lsp_server.lsp import document_sync, notebook_sync
from lsp_server.session.session import Session
from lsp_server.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Listener:
    """An editor that keeps what it is told."""

    def __init__(self) -> None:
        self.notified: list[tuple[str, Mapping[str, object]]] = []
        self.warnings: list[str] = []

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Keep it."""
        self.notified.append((method, params))

    def warn(self, message: str) -> None:
        """Keep it."""
        self.warnings.append(message)


def item(uri: str, text: str) -> types.TextDocumentItem:
    """A text as editors open it."""
    return types.TextDocumentItem(uri, "python", 1, text)


def edited(uri: str) -> types.DidChangeTextDocumentParams:
    """One key at the beginning."""
    start = types.Position(0, 0)
    change = types.TextDocumentContentChangePartial(types.Range(start, start), "k")
    return types.DidChangeTextDocumentParams(
        types.VersionedTextDocumentIdentifier(2, uri), [change]
    )


@pytest.mark.parametrize("name", [".env#1", ".env?ref=HEAD", ".env", "secrets.ipynb#cell", "a.py"])
async def test_a_private_document_is_no_source_for_others(name: str, tmp_path: Path) -> None:
    """Under a `file:` URI with a fragment or a query neither; a source file is one."""
    session, editor = Session(Settings(), FakeEngine), Listener()
    session.context_provider.set_folders([tmp_path.as_posix()], at_once=True)
    uri = f"{tmp_path.as_uri()}/{name}"
    opened = types.DidOpenTextDocumentParams(item(uri, "KEY = 'CANARY'\n"))
    document_sync.did_open(session, editor, opened)
    document_sync.did_change(session, editor, edited(uri))
    is_source = name == "a.py"
    location = f"{tmp_path.as_posix()}/{name}"
    assert (session.context_provider.reader.read(location) is not None) is is_source
    assert bool(editor.notified) is not is_source
    session.close()


async def test_a_cell_is_no_file(tmp_path: Path) -> None:
    """Editors that name cells by a `file:` URI do not bring them in by another door."""
    session, editor = Session(Settings(), FakeEngine), Listener()
    session.context_provider.set_folders([tmp_path.as_posix()], at_once=True)
    book = f"{tmp_path.as_uri()}/a.ipynb"
    cell = f"{book}#cell1"
    cells = [types.NotebookCell(types.NotebookCellKind.Code, cell)]
    notebook = types.NotebookDocument(book, "jupyter-notebook", 1, cells)
    params: Any = types.DidOpenNotebookDocumentParams(notebook, [item(cell, "KEY = 'CANARY'\n")])
    notebook_sync.did_open(session, editor, params)
    location = f"{tmp_path.as_posix()}/a.ipynb#cell1"
    assert session.context_provider.reader.read(location) is None
    session.close()
