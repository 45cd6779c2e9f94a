"""Private and ignored documents get no suggestions, and the reason says how to change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
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
    """Before anything looked at a disk."""
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


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:.env",
        "untitled:/space/app/.env",
        "vscode-vfs://github/me/app/.env",
        "vscode-remote://ssh-remote%2Bhost/home/me/.ssh/config",
        "git:/space/app/.env?%7B%22path%22%3A%22%2Fspace%2Fapp%2F.env%22%2C%22ref%22%3A%22~%22%7D",
        'git:/space/app/.env.git?{"path":"/space/app/.env","ref":""}',
        'gitlens://3f2a/work?{"path":"/space/app/id_rsa"}',
        "fugitive:///space/app/.git//0/.env",
        "oil:///space/app/.env",
        "scp://me@host//home/me/.aws/credentials",
        "scp://host/.netrc",
        "vscode-notebook-cell:/space/app/secrets.ipynb#W0sZmlsZQ==",
        "file:///space/app/.env#part",
        "/space/app/.env",
        "C:/Users/me/.env",
        "git:/c%3A/Users/me/.env?ref",
        "jar:file:///space/a.jar!/secrets/key.pem",
        "made-up:%2Eenv",
    ],
)
def test_a_private_name_counts_under_every_scheme(uri: str) -> None:
    """Versions, remote and unsaved files and cells of a private file are private."""
    private = Exclusions(Gate(Disk()).verdict).rule(opened(uri))
    assert private is not None
    assert private.reason is StatusReason.IGNORED


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "git:/space/app/a.py?%7B%22path%22%3A%22%2Fspace%2Fapp%2Fa.py%22%7D",
        "vscode-vfs://github/.env/app/a.py",
        "scp://host//home/me/a.py?x=/.env",
        "git:/space/a.py?[[[[",
        "",
        ":",
        "file:///space/%00.py",
    ],
)
def test_other_names_are_no_secret(uri: str) -> None:
    """Whatever stands in a host or in a query that means something else."""
    gated = Exclusions(Gate(Disk()).verdict, lambda: ("/space",))
    gated.look(uri)
    assert gated.rule(opened(uri)) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "untitled:{path}",
        "untitled:scratch.py",
        "git:{path}?ref",
        "oil://{path}",
        "scp://host/{path}",
        "vscode-vfs://github/me/app/scratch.py",
        "vscode-notebook-cell:{path}#W0",
    ],
)
def test_an_ignored_name_counts_under_every_scheme(spelling: str, tmp_path: Path) -> None:
    """By its path, or, where that is not of the workspace, as if it lay in a folder of it."""
    gate = Gate(Disk())
    gate.set_roots([tmp_path.as_posix()])
    (tmp_path / ".gitignore").write_text("scratch.py\n")
    gated = Exclusions(gate.verdict, lambda: gate.roots)
    document = opened(spelling.format(path=(tmp_path / "scratch.py").as_posix()))
    gated.look(document.uri)
    silence = gated.rule(document)
    assert silence is not None
    assert ".midfillignore" in silence.message


def test_a_cell_is_what_its_notebook_is(tmp_path: Path) -> None:
    """Whatever the cell's own URI shows: private at once, ignored after a look."""
    gate = Gate(Disk())
    gate.set_roots([tmp_path.as_posix()])
    (tmp_path / ".gitignore").write_text("draft.ipynb\n")
    books = {
        "cell:1": (tmp_path / "secrets.ipynb").as_uri(),
        "cell:2": (tmp_path / "draft.ipynb").as_uri(),
    }
    gated = Exclusions(gate.verdict, lambda: gate.roots, books.get)
    assert gated.rule(opened("cell:1")) is not None
    assert gated.rule(opened("cell:2")) is None
    gated.look("cell:2")
    assert gated.rule(opened("cell:2")) is not None
