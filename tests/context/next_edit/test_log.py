"""The edit log: what counts as one change, and what as none."""

from __future__ import annotations

import pytest

from context.next_edit.log import JOIN_S, EditLog
from context.text import Text

URI = "file:///a.py"


class Editor:
    """A document whose changes go into a log."""

    def __init__(self, source: str) -> None:
        self.text = Text.of(source)
        self.log = EditLog()
        self.time_s = 0.0

    def put(self, old: str, new: str, *, after_s: float = 1.0) -> None:
        """Replace the first `old`."""
        self.become(str(self.text).replace(old, new, 1), after_s=after_s)

    def become(self, source: str, *, after_s: float = 1.0) -> None:
        """Take a whole new text."""
        self.time_s += after_s
        after = Text.of(source)
        self.log.note(URI, "python", self.text, after, self.time_s)
        self.text = after

    @property
    def seen(self) -> list[tuple[tuple[str, ...], tuple[str, ...], int]]:
        """What the log holds."""
        return [(change.old, change.new, change.line) for change in self.log.changes]


def test_typing_at_one_place_is_one_change() -> None:
    """Keys one after another give one change from the first text to the last."""
    editor = Editor("a\nb\nc\n")
    for before, after in (("b", "bx"), ("bx", "bxy"), ("bxy", "xy")):
        editor.put(before, after)
    assert editor.seen == [(("b",), ("xy",), 1)]


def test_a_pause_begins_a_new_change() -> None:
    """The same line changed a while later is a change of its own."""
    editor = Editor("a\nfoo\n")
    editor.put("foo", "bar")
    editor.put("bar", "baz", after_s=JOIN_S + 1)
    assert editor.seen == [(("bar",), ("baz",), 1)]


def test_another_place_is_another_change() -> None:
    """An unchanged line between two changes keeps them apart, and lines are those of now."""
    editor = Editor("a\nb\nc\nd\n")
    editor.put("c", "C")
    editor.put("a", "a\nnew")
    assert editor.seen == [(("c",), ("C",), 3), ((), ("new",), 1)]


def test_typed_and_taken_back_leaves_nothing() -> None:
    """A change that is undone key by key is gone, and remembered as undone."""
    editor = Editor("a\nfoo\nb\n")
    for before, after in (("foo", "fo"), ("fo", "bar"), ("bar", "fo"), ("fo", "foo")):
        editor.put(before, after)
    assert editor.seen == []
    assert editor.log.undone


def test_an_older_change_is_undone_out_of_turn() -> None:
    """Taking back a change that is not the newest leaves the others."""
    editor = Editor("one\nx\ntwo\nx\nthree\n")
    editor.put("one", "ONE")
    editor.put("two", "TWO")
    editor.put("ONE", "one", after_s=JOIN_S + 1)
    assert editor.seen == [(("two",), ("TWO",), 2)]
    assert [change.old for change in editor.log.undone] == [("one",)]


def test_two_cursors_are_two_changes() -> None:
    """One event that changes two places far apart is noted as two changes."""
    lines = [f"line {number}" for number in range(40)]
    editor = Editor("\n".join(lines))
    lines[3], lines[30] = "left", "right"
    editor.become("\n".join(lines))
    assert editor.seen == [(("line 3",), ("left",), 3), (("line 30",), ("right",), 30)]


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("    ", "\t"),  # a formatter
        lambda line: line.replace("value", "amount"),  # search-and-replace
        lambda line: line.upper(),  # another branch
    ],
    ids=["format", "replace", "checkout"],
)
def test_a_whole_file_change_is_no_edit(change: object) -> None:
    """Many places at one moment are not noted, and what was typed before keeps its place."""
    assert callable(change)
    lines = [f"    value_{number} = {number}" if number % 2 else "#" for number in range(60)]
    editor = Editor("\n".join(lines))
    lines[0] = "typed"
    editor.become("\n".join(lines))
    editor.become("\n".join(["#", *(change(line) for line in lines)]))
    assert [change for change in editor.seen if change[1] != ("typed",)] == []


def test_a_reload_forgets_the_file() -> None:
    """A text too different to be compared drops what is known of the file."""
    editor = Editor("a\n" * 4000)
    editor.put("a", "b")
    editor.become("c\n" * 3999)
    assert editor.seen == []


def test_an_undo_storm_ends_where_it_began() -> None:
    """Twenty changes undone in reverse order leave no change at all."""
    texts = ["\n".join(f"row {number}" for number in range(100))]
    for number in range(20):
        texts.append(texts[-1].replace(f"row {number * 4}\n", f"new {number}\n", 1))
    editor = Editor(texts[0])
    for text in texts[1:]:
        editor.become(text, after_s=5)
    assert len(editor.seen) == 20
    for text in texts[-2::-1]:
        editor.become(text, after_s=0.1)
    assert editor.seen == []


def test_line_endings_are_not_part_of_lines() -> None:
    """A change in a CRLF file is told as in any other."""
    editor = Editor("a\r\nb\r\nc\r\n")
    editor.put("b", "B")
    assert editor.seen == [(("b",), ("B",), 1)]
