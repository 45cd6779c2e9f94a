"""Windows around an anchor: what keeps a kept prompt valid, and what spoils it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from context.prompt.anchor import Window, after_closers, text_after, unix
from context.text import Text
from tests.conftest import at, typed

if TYPE_CHECKING:
    from context.snapshot import Snapshot

ABOVE = "import os\n\n\ndef first():\n    return 1\n\n\n"
BELOW = "\n\ndef last():\n    return 9\n"


def window_of(snapshot: Snapshot, *, prefix: int = 1000, suffix: int = 1000) -> Window:
    """The window at the start of the cursor's line, with at most so many characters."""
    line = snapshot.cursor.line
    before = snapshot.text.slice((0, 0), (line, 0))
    after, whole = text_after(snapshot.text, after_closers(snapshot), suffix)
    return Window(snapshot.uri, (line, 0), before[-prefix:], after, whole)


@pytest.mark.parametrize("new", ["x", "def f(a, b):", "return 🙂 é", "a\n    b", "a\n\n\n    b"])
def test_text_typed_forward_is_live_text(new: str) -> None:
    """Whatever is typed at the cursor, line ends included, becomes live text of the same window."""
    begin = at(ABOVE + "    ‸" + BELOW)
    window = window_of(begin)
    assert window.live_text(begin) == "    "
    assert window.live_text(typed(begin, new)) == "    " + new


@pytest.mark.parametrize("inserted", ["import sys\n", "# one\n# two\n# three\n"])
def test_lines_inserted_far_above_shift_the_anchor(inserted: str) -> None:
    """New lines above the window only move it, however many there are."""
    window = window_of(at(ABOVE + "    ret‸" + BELOW), prefix=len(ABOVE) - len("import os\n"))
    assert window.live_text(at(inserted + ABOVE + "    retu‸" + BELOW)) == "    retu"


def test_lines_removed_far_above_shift_the_anchor() -> None:
    """Removing lines above the window moves it up."""
    window = window_of(at("# gone\n# gone\n" + ABOVE + "  x‸" + BELOW), prefix=len(ABOVE))
    assert window.live_text(at(ABOVE + "  xy‸" + BELOW)) == "  xy"


def test_an_edit_inside_the_prefix_spoils_the_window() -> None:
    """Text that the model read before the anchor must still stand there."""
    window = window_of(at(ABOVE + "    ret‸" + BELOW))
    assert window.live_text(at(ABOVE.replace("1", "2") + "    ret‸" + BELOW)) is None


@pytest.mark.parametrize(
    "below",
    [BELOW.replace("9", "8"), BELOW + "more\n", BELOW[:-1], "", " + 1" + BELOW],
    ids=["changed", "longer", "shorter", "gone", "behind the cursor"],
)
def test_another_suffix_spoils_the_window(below: str) -> None:
    """Text that the model read after the cursor must still stand there, up to the same end."""
    window = window_of(at(ABOVE + "    ret‸" + BELOW))
    assert window.live_text(at(ABOVE + "    ret‸" + below)) is None


def test_text_beyond_a_cut_suffix_does_not_matter() -> None:
    """A suffix that was cut says nothing about what follows it."""
    window = window_of(at(ABOVE + "x‸" + BELOW + "tail\n"), suffix=len(BELOW))
    assert not window.whole_suffix
    assert window.live_text(at(ABOVE + "xy‸" + BELOW + "other tail\n")) == "xy"
    assert window.live_text(at(ABOVE + "xy‸" + BELOW)) == "xy"


@pytest.mark.parametrize("closers", [")", '")', "]}", "'", ");", "  "])
def test_closers_that_editors_insert_do_not_spoil_the_window(closers: str) -> None:
    """A rest of line made of closers is no text for the model, so it may come and go."""
    window = window_of(at(ABOVE + "    call‸" + BELOW))
    assert window.live_text(at(ABOVE + "    call(‸" + closers + BELOW)) == "    call("


def test_crlf_documents_give_live_text_with_lf() -> None:
    """Models write LF; a CRLF document is compared with its own endings."""
    source = (ABOVE + "    ‸" + BELOW).replace("\n", "\r\n")
    begin = at(source)
    window = window_of(begin)
    assert "\r\n" in window.prefix
    assert window.live_text(typed(begin, "a\r\n    b")) == "    a\n    b"
    assert window.live_text(at(source.replace("\r\n", "\n"))) is None


def test_a_cursor_before_the_anchor_has_no_live_text() -> None:
    """Going up behind the anchor leaves the window."""
    window = window_of(at("a = 1\nb = 2\nc = 3\nd‸\n"))
    assert window.live_text(at("a = 1\nb = 2\n‸c = 3\nd\n")) is None
    assert window.live_text(at("a = 1‸\nb = 2\nc = 3\nd\n")) is None


def test_another_document_never_fits() -> None:
    """A window belongs to one document, even when another has the same text."""
    window = window_of(at("a‸"))
    assert window.live_text(at("a‸", uri="file:///space/other.py")) is None


def test_a_repeated_short_prefix_is_not_taken_for_a_moved_anchor() -> None:
    """Few lines say too little to be found again elsewhere."""
    window = window_of(at("x\n‸"))
    assert window.live_text(at("x\nx\nx\n‸")) != ""


def test_the_end_of_the_document_is_part_of_a_whole_suffix() -> None:
    """`text_after` says whether it reached the end, exactly at the limit too."""
    text = Text.of("ab\ncd")
    assert text_after(text, (0, 1), 100) == ("b\ncd", True)
    assert text_after(text, (0, 1), 4) == ("b\ncd", True)
    assert text_after(text, (0, 1), 3) == ("b\nc", False)
    assert text_after(text, (1, 2), 0) == ("", True)


@pytest.mark.parametrize(("raw", "plain"), [("a\r\nb\rc\n", "a\nb\nc\n"), ("ab\n", "ab\n")])
def test_unix_gives_lf_endings(raw: str, plain: str) -> None:
    """CR LF and CR become LF."""
    assert unix(raw) == plain
