"""Text: lines as LSP sees them, and changes that come out as if the whole were split anew."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context import text as text_module
from context.text import Text, content_length, split_lines

ALPHABET = "ab\n\r\f\v\x1c\x85\u2028\u2029é漢\N{GRINNING FACE}\u0301"
SOURCES = st.text(ALPHABET, max_size=40)


def naive_lines(source: str) -> list[str]:
    """Lines found by looking for every line ending in the whole text."""
    ends = [match.end() for match in re.finditer("\r\n|\r|\n", source)]
    return [source[a:b] for a, b in zip([0, *ends], [*ends, len(source)], strict=True)]


def places(source: str) -> list[tuple[int, tuple[int, int]]]:
    """Every offset at which a place exists, with the place: not between CR and LF."""
    found, offset = [], 0
    for number, line in enumerate(naive_lines(source)):
        width = len(re.sub("[\r\n]+$", "", line))
        found += [(offset + column, (number, column)) for column in range(width + 1)]
        offset += len(line)
    return found


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few lines, so that short texts have many borders."""
    monkeypatch.setattr(text_module, "CHUNK_TARGET", 2)
    monkeypatch.setattr(text_module, "CHUNK_MAX", 4)
    monkeypatch.setattr(text_module, "CHUNK_MIN", 2)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
        ("\n\r", ["\n", "\r", ""]),
        ("\r\r\n", ["\r", "\r\n", ""]),
        (
            "a\fb\vc\x1cd\x1de\x1ef\x85g\u2028h\u2029i",
            ["a\fb\vc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"],
        ),
    ],
)
def test_lines_end_only_where_lsp_says(source: str, lines: list[str]) -> None:
    """LF, CR LF and CR end a line; what only `str.splitlines` takes for an ending does not."""
    assert split_lines(source) == lines
    text = Text.of(source)
    assert [text.line(number) for number in range(len(text))] == lines
    assert str(text) == source


@given(SOURCES)
def test_every_text_splits_like_the_naive_way(source: str) -> None:
    """Splitting agrees with a search for each ending, and joins to the same text."""
    assert split_lines(source) == naive_lines(source)
    assert str(Text.of(source)) == source


@given(st.data())
def test_a_change_equals_splitting_the_new_text(data: st.DataObject) -> None:
    """`replace` and `slice` agree with the plain string at any two places."""
    source, new = data.draw(SOURCES), data.draw(SOURCES)
    spots = places(source)
    first, last = sorted(data.draw(st.tuples(st.sampled_from(spots), st.sampled_from(spots))))
    text = Text.of(source)
    changed = text.replace(first[1], last[1], new)
    expected = source[: first[0]] + new + source[last[0] :]
    assert list(changed.lines(0, len(changed))) == naive_lines(expected)
    assert changed == Text.of(expected)
    assert hash(changed) == hash(Text.of(expected))
    assert text.slice(first[1], last[1]) == source[first[0] : last[0]]
    assert str(text) == source


@pytest.mark.parametrize(
    ("source", "start", "end", "new", "result"),
    [
        pytest.param("a\rb", (1, 0), (1, 0), "\n", "a\r\nb", id="LF inserted after CR"),
        pytest.param("a\rb\nc", (1, 0), (1, 1), "", "a\r\nc", id="deletion joins CR and LF"),
        pytest.param("a\nb", (0, 1), (0, 1), "\r", "a\r\nb", id="CR inserted before LF"),
        pytest.param("a\r\nb", (0, 1), (0, 1), "\r", "a\r\r\nb", id="CR before CR LF"),
        pytest.param("a\r\nb", (0, 1), (1, 0), "", "ab", id="CR LF deleted"),
        pytest.param("a\r\nb", (0, 99), (1, 0), "\n", "a\nb", id="column beyond the line"),
        pytest.param("a\rb\n", (1, 0), (9, 0), "\n", "a\r\n", id="the last line goes"),
    ],
)
def test_line_endings_meet_and_part(
    source: str, start: tuple[int, int], end: tuple[int, int], new: str, result: str
) -> None:
    """A change that makes or breaks a CR LF pair gives the lines of the new text."""
    changed = Text.of(source).replace(start, end, new)
    assert str(changed) == result
    assert list(changed.lines(0, 99)) == naive_lines(result)


@pytest.mark.usefixtures("small_chunks")
def test_changes_across_chunk_borders_come_out_right() -> None:
    """Hundreds of changes in chunks of at most four lines agree with the plain string."""
    rng = random.Random(3)  # noqa: S311 - test data, no secret
    source, text = "", Text.of("")
    for _ in range(1500):
        spots = places(source)
        first = rng.choice(spots)
        last = max(first, spots[min(len(spots) - 1, spots.index(first) + rng.randrange(6))])
        new = "".join(rng.choices("ab\r\n\r\n\f", k=rng.randrange(7 if len(source) < 150 else 2)))
        before = text
        text = text.replace(first[1], last[1], new)
        old, source = source, source[: first[0]] + new + source[last[0] :]
        assert list(text.lines(0, len(text))) == naive_lines(source)
        assert [text.line(number) for number in range(len(text))] == naive_lines(source)
        assert all(len(chunk) <= 4 for chunk in text._chunks)
        assert str(before) == old


@pytest.mark.usefixtures("small_chunks")
def test_tiny_chunks_are_joined() -> None:
    """Deleting line after line leaves few chunks, not one per remaining line."""
    text = Text.of("x\n" * 1000)
    while len(text) > 21:
        text = text.replace((len(text) // 2, 0), (len(text) // 2 + 1, 0), "")
    assert len(text._chunks) <= 11


def test_versions_share_their_chunks() -> None:
    """One typed character makes one new chunk; all others are the same objects."""
    before = Text.of("line\n" * 50_000)
    after = before.replace((25_000, 2), (25_000, 2), "x")
    new = {id(chunk) for chunk in after._chunks} - {id(chunk) for chunk in before._chunks}
    assert len(new) == 1


@pytest.mark.parametrize(
    ("place", "clamped"),
    [
        ((0, 1), (0, 1)),
        ((0, 9), (0, 2)),
        ((0, -1), (0, 0)),
        ((1, 1), (1, 0)),
        ((-1, 5), (0, 0)),
        ((2, 9), (2, 1)),
        ((3, 0), (2, 1)),
    ],
)
def test_places_outside_clamp(place: tuple[int, int], clamped: tuple[int, int]) -> None:
    """Columns stop before the line ending, lines beyond the text become its end."""
    text = Text.of("ab\r\n\rc")
    assert text.clamp(place) == clamped
    assert text.end == (2, 1)


def test_a_reversed_range_is_refused() -> None:
    """A change whose end is before its start raises, with both places in the message."""
    with pytest.raises(ValueError, match=r"\(0, 1\).*\(0, 2\)"):
        Text.of("abc").replace((0, 2), (0, 1), "")
    assert Text.of("abc\nd").slice((1, 0), (0, 1)) == ""


@pytest.mark.parametrize("index", [-1, 2])
def test_a_missing_line_is_an_index_error(index: int) -> None:
    """Line numbers outside the text raise; negative ones do not count from the end."""
    with pytest.raises(IndexError):
        Text.of("a\nb").line(index)
    assert list(Text.of("a\nb").lines(-5, 99)) == ["a\n", "b"]
    assert list(Text.of("a\nb").lines(1, 1)) == []


@pytest.mark.usefixtures("small_chunks")
@given(SOURCES, SOURCES, SOURCES)
def test_the_first_difference_is_the_end_of_what_is_common(
    common: str, one: str, other: str
) -> None:
    """Before the place both texts are the same; behind it their lines differ at once."""
    mine, theirs = Text.of(common + one), Text.of(common + other)
    place = mine.first_difference(theirs)
    if place is None:
        assert common + one == common + other
        return
    assert mine.clamp(place) == theirs.clamp(place) == place
    assert mine.slice((0, 0), place) == theirs.slice((0, 0), place)
    further = [text.line(place[0])[place[1] : place[1] + 1] for text in (mine, theirs)]
    assert further[0] != further[1] or further[0] == "\r"


def test_texts_are_equal_by_content() -> None:
    """Texts with other chunk borders but the same characters are equal and hash alike."""
    grown = Text.of("")
    for number in range(700):
        grown = grown.replace(grown.end, grown.end, f"{number}\n")
    whole = Text.of("".join(f"{number}\n" for number in range(700)))
    assert grown == whole
    assert len({grown, whole}) == 1
    assert grown != whole.replace((3, 0), (3, 0), "x")
    assert grown != str(whole)


def test_the_representation_shows_no_text() -> None:
    """A text in a log line gives its size only."""
    assert repr(Text.of("secret\n")) == "<Text of 2 lines>"


@pytest.mark.parametrize(
    ("line", "length"), [("", 0), ("\n", 0), ("a\r\n", 1), ("é\r", 1), ("ab", 2)]
)
def test_content_ends_before_the_line_ending(line: str, length: int) -> None:
    """The content length leaves out LF, CR LF and CR."""
    assert content_length(line) == length


def test_a_huge_last_line_splits_in_linear_time() -> None:
    """A 4 MB line after a CR is one match, not one attempt per character (that takes hours)."""
    assert len(split_lines("a\r" + "x" * 4_000_000)) == 2


@given(sources=st.lists(st.text("ab\n", max_size=8), min_size=1, max_size=5))
def test_joined_texts_are_the_text_of_the_joined_sources(sources: list[str]) -> None:
    """Each text begins on a line of its own; editing the result works as ever."""
    joined = Text.join([Text.of(source) for source in sources])
    assert joined == Text.of("\n".join(sources))
    assert len(joined) == sum(len(Text.of(source)) for source in sources)
    assert str(joined.replace(joined.end, joined.end, "x")) == "\n".join(sources) + "x"
