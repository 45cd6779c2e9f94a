"""An entry that is selected in the menu: texts go on from it."""

from __future__ import annotations

import pytest
from lsprotocol.types import Position, PositionEncodingKind, Range, SelectedCompletionInfo

from lsp_server.lsp.items import inline_items
from lsp_server.lsp.selected import with_selected
from tests.conftest import at

UTF16 = PositionEncodingKind.Utf16


def selected(text: str, start: int, end: int, line: int = 0) -> SelectedCompletionInfo:
    """What a client says of an entry."""
    return SelectedCompletionInfo(Range(Position(line, start), Position(line, end)), text)


def test_a_text_begins_with_the_entry_and_replaces_its_place() -> None:
    """The model goes on behind the entry; the range is that of the document as it is."""
    both = with_selected(at("x = '🙂'.so‸\n"), selected("split", 9, 11), UTF16)
    assert both is not None
    assert both[0].line_before == "x = '🙂'.split"
    (item,) = inline_items(both[0], ["(',')"], UTF16, "1", shown_in=both[1]).items
    assert item.insert_text == "x = '🙂'.split(',')"
    assert item.range == Range(Position(0, 0), Position(0, 11))


def test_an_entry_may_replace_what_stands_behind_the_cursor() -> None:
    """As menus do that replace the whole word."""
    both = with_selected(at("a.so‸rt()\n"), selected("sorted", 2, 6), UTF16)
    assert both is not None
    assert both[0].line_before + both[0].line_after == "a.sorted()"
    (item,) = inline_items(both[0], ["x"], UTF16, "1", shown_in=both[1]).items
    assert item.range == Range(Position(0, 0), Position(0, 6))


@pytest.mark.parametrize(
    ("text", "start", "end", "line"),
    [("a\nb", 0, 2, 0), ("ab", 0, 1, 0), ("ab", 0, 2, 1)],
)
def test_nothing_is_shown_for_an_entry_that_cannot_go_on_at_the_cursor(
    text: str, start: int, end: int, line: int
) -> None:
    """Several lines, a place that ends before the cursor, another line."""
    assert with_selected(at("ax‸\nyz\n"), selected(text, start, end, line), UTF16) is None


def test_an_entry_that_stands_there_already_changes_nothing() -> None:
    """Neovim sends what is selected in the text itself."""
    snapshot = at("ab‸\ncd\n")
    info = SelectedCompletionInfo(Range(Position(0, 0), Position(1, 2)), "ab\ncd")
    assert with_selected(snapshot, info, UTF16) == (snapshot, snapshot)
