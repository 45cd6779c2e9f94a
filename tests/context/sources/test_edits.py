"""Recent edits: runs of changes at one place become one short piece before and after."""

from __future__ import annotations

from context.sources.edits import MOST_EDITS, Edit, RecentEdits
from context.text import Text

SOURCE = "".join(f"line {row}\n" for row in range(100))


def edit(before: Text, after: Text, line: int, name: str = "a.py") -> Edit:
    """One change of a file."""
    return Edit(f"/space/{name}", name, "python", before, after, line)


def type_at(edits: RecentEdits, text: Text, line: int, new: str, name: str = "a.py") -> Text:
    """Type something at the end of a line, key by key."""
    for key in new:
        place = text.clamp((line, 10_000))
        after = text.replace(place, place, key)
        edits.note(edit(text, after, line, name))
        text = after
    return text


def told(edits: RecentEdits, location: str = "/space/now.py", line: int = 0) -> list[str]:
    """The texts of all edits."""
    return [one.text for one in edits.gather(location, line, lambda text: text)]


def test_keys_at_one_place_are_one_edit() -> None:
    """A renamed word is one piece: the line before and the line after."""
    edits = RecentEdits()
    type_at(edits, Text.of(SOURCE), 7, " typed")
    assert told(edits) == ["- line 7\n+ line 7 typed\n"]


def test_far_changes_are_edits_of_their_own_the_newest_first() -> None:
    """Two places of a file make two pieces, with falling scores."""
    edits = RecentEdits()
    text = type_at(edits, Text.of(SOURCE), 7, "x")
    type_at(edits, text, 70, "y")
    assert told(edits) == ["- line 70\n+ line 70y\n", "- line 7\n+ line 7x\n"]
    scores = [one.score for one in edits.gather("/", 0, str)]
    assert scores == sorted(scores, reverse=True)


def test_the_edit_under_the_cursor_is_not_told() -> None:
    """What is being typed stands in the prompt already."""
    edits = RecentEdits()
    type_at(edits, Text.of(SOURCE), 7, "x")
    assert told(edits, "/space/a.py", 8) == []
    assert told(edits, "/space/a.py", 60)


def test_long_edits_and_edits_undone_are_not_told() -> None:
    """A pasted file is no short piece; a change taken back is none at all."""
    edits = RecentEdits()
    text = Text.of(SOURCE)
    edits.note(edit(text, Text.of(SOURCE + "new\n" * 50), 100))
    edits.note(edit(text, text, 5, "b.py"))
    assert told(edits) == []


def test_only_the_last_few_edits_are_kept() -> None:
    """A day of work does not pile up."""
    edits = RecentEdits()
    for number in range(50):
        type_at(edits, Text.of(SOURCE), 7, "x", f"{number}.py")
    assert len(told(edits)) == MOST_EDITS
    edits.forget("/space/49.py")
    assert len(told(edits)) == MOST_EDITS - 1


def test_secrets_in_edits_are_masked() -> None:
    """Edits pass the same mask as everything else."""
    edits = RecentEdits()
    type_at(edits, Text.of(SOURCE), 7, " key")
    found = edits.gather("/", 0, lambda text: text.replace("key", "***"))
    assert found[0].text == "- line 7\n+ line 7 ***\n"


def test_blank_lines_and_carriage_returns_are_left_out() -> None:
    """A piece is made of lines that say something, with LF endings."""
    edits = RecentEdits()
    edits.note(edit(Text.of("a\r\nb\r\n"), Text.of("a\r\n\r\nc\r\nb\r\n"), 1))
    assert told(edits) == ["+ c\n"]
