"""From text to LSP items, in every encoding."""

from __future__ import annotations

import dataclasses

import pytest
from lsprotocol.types import (
    CompletionItemKind,
    InlineCompletionItem,
    Position,
    PositionEncodingKind,
    Range,
    TextEdit,
)

from lsp_server.lsp.items import ACCEPTED, completion_items, inline_items
from tests.conftest import at

UTF16 = PositionEncodingKind.Utf16


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (PositionEncodingKind.Utf8, 9),
        (PositionEncodingKind.Utf16, 7),
        (PositionEncodingKind.Utf32, 6),
    ],
)
def test_an_item_reaches_from_the_line_start_to_the_cursor(
    encoding: PositionEncodingKind, character: int
) -> None:
    """The range is counted in the client's units, and the typed text comes again in the item."""
    listed = inline_items(at("a\n  🙂 = ‸\nb"), ["1\n2"], encoding, "7")
    (item,) = listed.items
    assert isinstance(item, InlineCompletionItem)
    assert item.insert_text == "  🙂 = 1\n2"
    assert item.range == Range(Position(1, 0), Position(1, character))
    assert item.command is not None
    assert (item.command.command, item.command.arguments) == (ACCEPTED, ["7"])


def test_each_text_of_a_choice_has_an_id_of_its_own() -> None:
    """So that an accept says which of them it was; the first has the answer's."""
    listed = inline_items(at("x = ‸\n"), ["one()", "two()", "three()"], UTF16, "7").items
    ids = [item.command.arguments for item in listed if item.command is not None]
    assert ids == [["7"], ["7.1"], ["7.2"]]


def test_nothing_to_offer_is_an_empty_list() -> None:
    """Never null: some editors keep old ghost text on null."""
    assert inline_items(at("‸"), [], UTF16, "1").items == []
    assert completion_items(at("‸"), "", UTF16, "1").items == []


def test_line_endings_are_those_of_the_document() -> None:
    """Text accepted into a CRLF document has CRLF."""
    (inline,) = inline_items(at("a\r\n‸\r\n"), ["x\ny"], UTF16, "1").items
    assert inline.insert_text == "x\r\ny"
    (entry,) = completion_items(at("a\r\n‸\r\n"), "x\ny", UTF16, "1").items
    assert isinstance(entry.text_edit, TextEdit)
    assert entry.text_edit.new_text == "x\r\ny"


def test_a_completion_entry_replaces_the_word_before_the_cursor() -> None:
    """Clients without ghost text get one entry, sorted last, that is never taken for complete."""
    listed = completion_items(at("  x = foo_b‸\n"), "ar(1)\nmore", UTF16, "3")
    assert listed.is_incomplete
    (entry,) = listed.items
    assert entry.label == "foo_bar(1) …"
    assert entry.text_edit == TextEdit(Range(Position(0, 6), Position(0, 11)), "foo_bar(1)\nmore")
    assert entry.filter_text == "foo_b"
    assert entry.sort_text == "\uffff"
    assert entry.kind is CompletionItemKind.Text
    assert entry.documentation == "ar(1)\nmore"


def test_a_completion_entry_behind_no_word_inserts_only() -> None:
    """Nothing is replaced, and nothing filters the entry away."""
    (entry,) = completion_items(at("x = ‸\n"), "1", UTF16, "3").items
    assert entry.text_edit == TextEdit(Range(Position(0, 4), Position(0, 4)), "1")
    assert entry.filter_text is None
    assert entry.documentation is None


def test_an_item_takes_the_place_of_closers_that_it_has_itself() -> None:
    """Its range reaches behind them, and the accept command says how many there are."""
    (item,) = inline_items(at("def f(‸)\n"), ["self):\n    x"], UTF16, "7").items
    assert isinstance(item, InlineCompletionItem)
    assert item.range == Range(Position(0, 0), Position(0, 7))
    assert item.command is not None
    assert item.command.arguments == ["7", 1]
    (entry,) = completion_items(at("def f(‸)\n"), "self):", UTF16, "7").items
    assert entry.text_edit == TextEdit(Range(Position(0, 6), Position(0, 7)), "self):")


@pytest.mark.parametrize(
    ("text", "first_line", "line_end"),
    [
        ("a\nb\r\nc\r\n‸", 0, "\r\n"),
        ("a\r\nb\nc\n‸", 0, "\n"),
        ("a\r\nb\r\n‸", 0, "\r\n"),
        # cells: joined with line feeds, and each with line ends of its own
        ("a\nb\r\nc‸\n", 1, "\r\n"),
        ("a\r\nb\r\nc\nd‸\n", 2, "\n"),
        ("a\r\nb\nc‸\n", 2, "\r\n"),
    ],
)
def test_line_ends_are_those_that_most_lines_above_have(
    text: str, first_line: int, line_end: str
) -> None:
    """A document of both kinds keeps the one that prevails; a cell keeps its own."""
    snapshot = dataclasses.replace(at(text), first_line=first_line)
    (item,) = inline_items(snapshot, ["x\ny"], UTF16, "1").items
    assert str(item.insert_text).endswith(f"x{line_end}y")
