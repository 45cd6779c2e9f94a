"""The mirror: versions, resynchronising, names for the model, snapshots."""

from __future__ import annotations

import subprocess
import sys

import attrs
import pytest
from lsprotocol.types import (
    DidChangeTextDocumentParams,
    DidOpenTextDocumentParams,
    DidSaveTextDocumentParams,
    LanguageKind,
    Position,
    PositionEncodingKind,
    Range,
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
    TextDocumentIdentifier,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
    WorkspaceFolder,
    WorkspaceFoldersChangeEvent,
)

from context.snapshot import Cursor
from lsp_server.documents.mirror import Change, Documents, Fault

URI = "file:///space/app/main.py"
ORIGIN = Position(0, 0)


def opened(text: str, *, uri: str = URI, version: int = 1, language: str = "python") -> Documents:
    """A mirror with one open document."""
    documents = Documents()
    documents.open(DidOpenTextDocumentParams(TextDocumentItem(uri, language, version, text)))
    return documents


def typed(line: int, start: int, end: int, new: str) -> TextDocumentContentChangePartial:
    """A change on one line."""
    return TextDocumentContentChangePartial(Range(Position(line, start), Position(line, end)), new)


def full(text: str) -> TextDocumentContentChangeWholeDocument:
    """A full-text change."""
    return TextDocumentContentChangeWholeDocument(text)


def apply(
    documents: Documents, version: int, *events: TextDocumentContentChangeEvent, uri: str = URI
) -> Change | None:
    """Send one `didChange`."""
    identifier = VersionedTextDocumentIdentifier(version=version, uri=uri)
    return documents.change(DidChangeTextDocumentParams(identifier, events))


def text_of(documents: Documents, uri: str = URI) -> str | None:
    """The text a snapshot would show, None when there is no snapshot."""
    snapshot = documents.snapshot(uri, ORIGIN)
    return None if snapshot is None else str(snapshot.text)


def test_changes_apply_in_order_each_to_the_result_of_the_one_before() -> None:
    """Later ranges of one notification count in the text that the earlier ones made."""
    documents = opened("one\ntwo\n")
    change = apply(documents, 2, typed(1, 0, 3, "2\n3"), typed(2, 1, 1, "!"), typed(0, 0, 0, "# "))
    assert text_of(documents) == "# one\n2\n3!\n"
    assert change is not None
    assert change.place == Cursor(0, 0)
    assert str(change.before) == "one\ntwo\n"
    assert change.document == documents.get(URI)


def test_a_change_tells_how_far_the_texts_agree() -> None:
    """The earliest changed place is exact even when the range is wider than the difference."""
    documents = opened("same\nsame\nold\n")
    change = apply(documents, 2, full("same\nsame\nodd\n"))
    assert change is not None
    assert change.place == Cursor(2, 1)
    change = apply(documents, 3, typed(2, 0, 3, "odd"))
    assert change is not None
    assert change.place is None


def test_a_full_text_in_the_middle_of_a_change_counts_from_there() -> None:
    """Ranges after a full text apply to it."""
    documents = opened("old")
    apply(documents, 2, typed(0, 0, 0, "x"), full("new"), typed(0, 3, 3, "er"))
    assert text_of(documents) == "newer"


@pytest.mark.parametrize("version", [4, -1])
def test_a_version_that_is_older_is_not_trusted(version: int) -> None:
    """It leaves the document out of sync until a newer full text."""
    documents = opened("text", version=5)
    assert apply(documents, version, typed(0, 0, 0, "x")) is None
    assert text_of(documents) is None
    assert documents.faults == {Fault.STALE_VERSION: 1}
    assert apply(documents, 6, typed(0, 0, 0, "x")) is None
    assert text_of(documents) is None
    assert apply(documents, 5, full("older")) is None
    assert text_of(documents) is None
    change = apply(documents, 7, full("whole"))
    assert change is not None
    assert text_of(documents) == "whole"
    assert documents.get(URI) == change.document


def test_a_version_that_stands_still_is_served_in_order() -> None:
    """Some clients send one number for ever; messages come in the order they were sent."""
    documents = opened("", version=0)
    for text in "abc":
        assert apply(documents, 0, typed(0, 0, 0, text)) is not None
    assert text_of(documents) == "cba"
    assert documents.faults == {}


def test_versions_may_jump() -> None:
    """A version only has to be no smaller, not the next one."""
    documents = opened("a")
    apply(documents, 40, typed(0, 1, 1, "b"))
    assert text_of(documents) == "ab"


def test_a_reversed_range_is_not_trusted() -> None:
    """A range that ends before it starts leaves the document out of sync, whatever follows."""
    documents = opened("text")
    assert apply(documents, 2, typed(0, 3, 1, "x"), typed(0, 0, 0, "y")) is None
    assert text_of(documents) is None
    assert documents.faults == {Fault.MALFORMED_RANGE: 1}
    assert apply(documents, 3, typed(0, 3, 1, "x"), full("good")) is not None
    assert text_of(documents) == "good"
    assert documents.faults == {Fault.MALFORMED_RANGE: 1}


def test_a_negative_range_is_not_trusted() -> None:
    """Negative numbers, should they pass the decoder, leave the document out of sync."""
    documents = opened("text")
    with attrs.validators.disabled():
        event = typed(0, -1, 1, "x")
        cursor = Position(-1, -1)
    assert apply(documents, 2, event) is None
    assert documents.faults == {Fault.MALFORMED_RANGE: 1}
    snapshot = opened("text").snapshot(URI, cursor)
    assert snapshot is not None
    assert snapshot.cursor == Cursor(0, 0)


def test_an_unreadable_message_may_have_meant_any_document() -> None:
    """Distrust without a document holds all of them back until their text comes again."""
    documents = opened("one")
    other = "file:///space/app/other.py"
    documents.open(DidOpenTextDocumentParams(TextDocumentItem(other, "python", 1, "two")))
    documents.distrust(None)
    assert [text_of(documents, uri) for uri in (URI, other)] == [None, None]
    assert apply(documents, 2, full("again")) is not None
    assert text_of(documents) == "again"
    assert text_of(documents, other) is None
    assert documents.faults == {Fault.UNREADABLE: 1}


def test_opening_anew_and_saving_with_text_resynchronise() -> None:
    """Both bring the whole text; a save brings nothing to a document in sync."""
    documents = opened("text")
    save = DidSaveTextDocumentParams(TextDocumentIdentifier(URI), "saved")
    documents.save(save)
    assert text_of(documents) == "text"
    documents.distrust(URI)
    documents.save(DidSaveTextDocumentParams(TextDocumentIdentifier(URI)))
    assert text_of(documents) is None
    documents.save(save)
    assert text_of(documents) == "saved"
    documents.distrust(URI)
    documents.open(DidOpenTextDocumentParams(TextDocumentItem(URI, "python", 1, "opened")))
    assert text_of(documents) == "opened"
    assert documents.faults[Fault.ALREADY_OPEN] == 1


def test_what_is_not_open_is_counted_and_nothing_else() -> None:
    """Changes, saves, closes and requests for unknown documents never raise."""
    documents = Documents()
    assert apply(documents, 1, full("x")) is None
    assert documents.save(DidSaveTextDocumentParams(TextDocumentIdentifier(URI), "x")) is None
    documents.close(URI)
    assert documents.snapshot(URI, ORIGIN) is None
    assert len(documents) == 0
    assert documents.faults == {Fault.NOT_OPEN: 2}


def test_closing_during_a_walk_over_the_documents_is_safe() -> None:
    """Iteration sees the documents that were open when it began, in opening order."""
    documents = opened("a")
    documents.open(DidOpenTextDocumentParams(TextDocumentItem("untitled:b", "python", 1, "b")))
    seen = []
    for document in documents:
        documents.close(document.uri)
        seen.append(document.path)
    assert seen == ["main.py", "b"]
    assert URI not in documents


def test_a_snapshot_stays_as_it_was() -> None:
    """Later changes and the close of the document do not reach into a snapshot."""
    documents = opened("x = \nrest")
    snapshot = documents.snapshot(URI, Position(0, 4))
    apply(documents, 2, typed(0, 4, 4, "1"))
    documents.close(URI)
    assert snapshot is not None
    assert (str(snapshot.text), snapshot.version, snapshot.line_before) == ("x = \nrest", 1, "x = ")


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (PositionEncodingKind.Utf8, 5),
        (PositionEncodingKind.Utf16, 3),
        (PositionEncodingKind.Utf32, 2),
    ],
)
def test_positions_count_in_the_negotiated_encoding(
    encoding: PositionEncodingKind, character: int
) -> None:
    """The same edit in each encoding gives the same text and the same cursor."""
    documents = opened("a\N{GRINNING FACE}b")
    documents.encoding = encoding
    apply(documents, 2, typed(0, character, character, "é"))
    snapshot = documents.snapshot(URI, Position(0, character))
    assert snapshot is not None
    assert str(snapshot.text) == "a\N{GRINNING FACE}éb"
    assert snapshot.cursor == Cursor(0, 2)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\ud83d\ude00b", "a\N{GRINNING FACE}b"),
        ("a\ud83db", "a\ufffdb"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
    ],
)
def test_no_lone_surrogate_enters_the_mirror(sent: str, kept: str) -> None:
    """Pairs become one character, lone halves U+FFFD of the same width, by every way in."""
    documents = opened(sent)
    assert text_of(documents) == kept
    apply(documents, 2, full(sent))
    assert text_of(documents) == kept
    apply(documents, 3, typed(0, 0, 0, sent + "|"))
    assert text_of(documents) == kept + "|" + kept


ROOTS = [
    WorkspaceFolder("file:///space", "space"),
    WorkspaceFolder("file:///space/app/", "The App"),
    WorkspaceFolder("file:///c%3A/Users/me/x", ""),
    WorkspaceFolder("file://server/share/project", "shared"),
    WorkspaceFolder("vscode-vfs://github/a/b", "remote"),
]


@pytest.mark.parametrize(
    ("uri", "path", "repo"),
    [
        ("file:///space/app/src/main.py", "src/main.py", "The App"),
        ("file:///space/apple/main.py", "apple/main.py", "space"),
        ("file:///space/a%20b/%C3%A9%23.py", "a b/é#.py", "space"),
        ("file:///space/app/../x.py", "x.py", "space"),
        ("file:///elsewhere/secret/x.py", "x.py", ""),
        ("FILE://localhost/space/x.py", "x.py", "space"),
        ("file:///c:/Users/me/x/a.py", "a.py", "x"),
        ("file:///C%3A/Users/me/x/sub/a.py", "sub/a.py", "x"),
        ("file:///C:%5CUsers%5Cme%5Cx%5Ca.py", "a.py", "x"),
        ("file:///c%3A/other/a.py", "a.py", ""),
        ("file://server/share/project/lib/a.py", "lib/a.py", "shared"),
        ("untitled:Untitled-1", "Untitled-1", ""),
        ("untitled:/space/app/new.py", "new.py", ""),
        ("untitled:", "untitled", ""),
        ("vscode-notebook-cell:/space/app/n.ipynb#W0sZmlsZQ%3D%3D", "n.ipynb", ""),
        ("git:/space/app/main.py?%7B%22ref%22%3A%22HEAD%22%7D", "main.py", ""),
        ("vscode-vfs://github/a/b/c.py", "c.py", ""),
        ("file:///space/evil%0Aname.py", "evil\ufffdname.py", "space"),
        ("file:///space/%ff.py", "\ufffd.py", "space"),
        ("not a uri", "not a uri", ""),
        ("", "untitled", ""),
    ],
)
def test_the_model_is_told_a_path_inside_the_workspace(uri: str, path: str, repo: str) -> None:
    """Paths are relative to the deepest folder; outside of all, only the file's name is told."""
    documents = Documents()
    documents.set_folders(ROOTS)
    documents.open(DidOpenTextDocumentParams(TextDocumentItem(uri, "python", 1, "")))
    snapshot = documents.snapshot(uri, ORIGIN)
    assert snapshot is not None
    assert (snapshot.path, snapshot.repo, snapshot.uri) == (path, repo, uri)


def test_folder_changes_rename_open_documents() -> None:
    """Folders added, removed and replaced show in the next snapshot."""
    documents = opened("")

    def name() -> tuple[str, str]:
        snapshot = documents.snapshot(URI, ORIGIN)
        assert snapshot is not None
        return snapshot.path, snapshot.repo

    assert name() == ("main.py", "")
    documents.set_folders(ROOTS[:1])
    assert name() == ("app/main.py", "space")
    documents.change_folders(WorkspaceFoldersChangeEvent(added=ROOTS[1:2], removed=ROOTS[:1]))
    assert name() == ("main.py", "The App")
    documents.change_folders(WorkspaceFoldersChangeEvent(added=ROOTS[:1], removed=ROOTS[1:2]))
    assert name() == ("app/main.py", "space")
    documents.set_folders([WorkspaceFolder("file:///", "")])
    assert name() == ("space/app/main.py", "")
    documents.set_folders(None)
    assert name() == ("main.py", "")


@pytest.mark.parametrize(
    ("uri", "language", "text", "expected"),
    [
        (URI, LanguageKind.Python, "", "python"),
        (URI, "plaintext", "", "python"),
        ("untitled:1", "plaintext", "#!/bin/sh\n", "shellscript"),
        ("untitled:1", "own-language", "", "own-language"),
    ],
)
def test_a_document_has_a_language(uri: str, language: str, text: str, expected: str) -> None:
    """The client's identifier, else the name's, else the `#!` line's."""
    snapshot = opened(text, uri=uri, language=language).snapshot(uri, ORIGIN)
    assert snapshot is not None
    assert snapshot.language == expected


def test_faults_hold_names_only() -> None:
    """The counter for the status shows neither text nor paths."""
    documents = opened("secret")
    apply(documents, 0, full("secret"))
    apply(documents, 1, full("secret"), uri="file:///secret")
    assert {str(name) for name in documents.faults} == {"stale-version", "not-open"}


def test_the_mirror_starts_without_the_server_library() -> None:
    """Importing the mirror does not import pygls, which costs most of a second."""
    code = "import sys, lsp_server.documents.mirror; sys.exit('pygls' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
