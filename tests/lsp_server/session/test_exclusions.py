"""Private and ignored documents get no suggestions, and the reason says how to change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import DidOpenTextDocumentParams, TextDocumentItem

from context.access.disk import Disk
from context.access.gate import Gate
from lsp_server.documents.mirror import Document, Documents
from lsp_server.session.document_status import Silences, StatusReason
from lsp_server.session.exclusions import Exclusions

if TYPE_CHECKING:
    from pathlib import Path


def opened(uri: str) -> Document:
    """An open document."""
    return Documents().open(
        DidOpenTextDocumentParams(TextDocumentItem(uri, "python", 1, "x = 1\n"))
    )


def test_an_ignored_document_is_silent_until_it_is_let_in(tmp_path: Path) -> None:
    """From the look at the disk on; `.midfillignore` brings it back."""
    gate = Gate(Disk())
    gate.set_roots([tmp_path.as_posix()])
    (tmp_path / ".gitignore").write_text("scratch.py\n")
    gated, document = Exclusions(gate.verdict), opened((tmp_path / "scratch.py").as_uri())
    silences = Silences([gated.rule])
    assert not silences.judge(document)
    gated.look(document.uri)
    assert silences.judge(document)
    silence = silences.of(document.uri)
    assert silence is not None
    assert silence.reason is StatusReason.IGNORED
    assert ".midfillignore" in silence.message
    (tmp_path / ".midfillignore").write_text("!scratch.py\n")
    gate.forget()
    gated.look(document.uri)
    assert silences.judge(document)
    assert silences.of(document.uri) is None


def test_a_private_document_is_silent_at_once(tmp_path: Path) -> None:
    """Before anything looked at a disk; documents without a file are not concerned."""
    gated = Exclusions(Gate(Disk()).verdict)
    private = gated.rule(opened((tmp_path / ".env").as_uri()))
    assert private is not None
    assert private.reason is StatusReason.IGNORED
    gated.look("untitled:Untitled-1")
    assert gated.rule(opened("untitled:Untitled-1")) is None


def test_a_closed_document_is_forgotten(tmp_path: Path) -> None:
    """Its verdict goes with it."""
    (tmp_path / ".midfillignore").write_text("*.py\n")
    gate = Gate(Disk())
    gate.set_roots([tmp_path.as_posix()])
    gated, document = Exclusions(gate.verdict), opened((tmp_path / "a.py").as_uri())
    gated.look(document.uri)
    assert gated.rule(document) is not None
    gated.forget(document.uri)
    assert gated.rule(document) is None
