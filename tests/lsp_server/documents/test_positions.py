"""Positions: the same spot counted in bytes, 16-bit units or code points."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from context.text import Text
from lsp_server.documents.positions import column_of, to_place, to_position, units

UTF8, UTF16, UTF32 = PositionEncodingKind
ENCODINGS = st.sampled_from(PositionEncodingKind)
# e with a combining accent, a character beyond the BMP, and one whose UTF-8 form is 3 bytes
LINE = "ae\u0301\N{GRINNING FACE}漢b"


@pytest.mark.parametrize(
    ("encoding", "characters"),
    [
        (UTF8, [0, 1, 2, 4, 8, 11, 12]),
        (UTF16, [0, 1, 2, 3, 5, 6, 7]),
        (UTF32, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_every_column_has_its_character(
    encoding: PositionEncodingKind, characters: list[int]
) -> None:
    """Each code point is as wide as the encoding makes it, in both directions."""
    text = Text.of("first\r\n" + LINE + "\r\n")
    for column, character in enumerate(characters):
        position = Position(1, character)
        assert to_position(text, (1, column), encoding) == position
        assert to_place(text, position, encoding) == (1, column)


@pytest.mark.parametrize(
    ("encoding", "character", "column"),
    [(UTF8, 3, 2), (UTF8, 5, 3), (UTF8, 6, 3), (UTF8, 7, 3), (UTF8, 10, 4), (UTF16, 4, 3)],
)
def test_a_position_inside_a_character_goes_to_its_start(
    encoding: PositionEncodingKind, character: int, column: int
) -> None:
    """The middle of a surrogate pair or of a UTF-8 sequence is the character's start."""
    assert to_place(Text.of(LINE), Position(0, character), encoding) == (0, column)


@pytest.mark.parametrize("encoding", PositionEncodingKind)
@pytest.mark.parametrize(
    ("position", "place"),
    [
        (Position(0, 99), (0, 2)),
        (Position(0, 2**31 - 1), (0, 2)),
        (Position(1, 3), (1, 0)),
        (Position(2, 99), (2, 6)),
        (Position(3, 0), (2, 6)),
        (Position(2**31 - 1, 7), (2, 6)),
    ],
)
def test_positions_outside_clamp(
    position: Position, place: tuple[int, int], encoding: PositionEncodingKind
) -> None:
    """Beyond the line is the place before its ending, beyond the text the end of the text."""
    assert to_place(Text.of("ab\r\n\r" + LINE), position, encoding) == place


@given(
    st.text("aé漢\N{GRINNING FACE}\ud83d\ude00\u0301\f", max_size=30),
    st.integers(0, 130),
    ENCODINGS,
)
def test_the_column_is_found_like_counting_would(
    line: str, character: int, encoding: PositionEncodingKind
) -> None:
    """Bisection gives what adding up the width of each character gives, lone surrogates too."""
    total, expected = 0, 0
    for code in map(ord, line):
        utf8 = 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
        total += {UTF8: utf8, UTF16: 1 + (code > 0xFFFF), UTF32: 1}[encoding]
        if total > character:
            break
        expected += 1
    assert column_of(line, character, encoding) == expected


@given(st.text(max_size=30), ENCODINGS, st.data())
def test_there_and_back_is_the_same_place(
    source: str, encoding: PositionEncodingKind, data: st.DataObject
) -> None:
    """A place turned into a position and back is the same place."""
    text = Text.of(source)
    line = data.draw(st.integers(0, len(text) - 1))
    place = text.clamp((line, data.draw(st.integers(0, 40))))
    assert to_place(text, to_position(text, place, encoding), encoding) == place


@pytest.mark.parametrize("encoding", PositionEncodingKind)
def test_a_line_of_a_megabyte_is_no_trouble(encoding: PositionEncodingKind) -> None:
    """Positions in a 1 MB line with one emoji take milliseconds, far from a loop's 0.1 s."""
    line = "\N{GRINNING FACE}" + "é" * 500_000
    character = units(line[:400_000], encoding)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert column_of(line, character, encoding) == 400_000
        times.append(time.perf_counter() - started)
    assert min(times) < 0.03
