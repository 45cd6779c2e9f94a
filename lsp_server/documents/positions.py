"""Convert between LSP positions and positions in a text.

A place counts code points. A position counts code units of the negotiated encoding: bytes in
utf-8, 16-bit units in utf-16, code points in utf-32. The emoji U+1F600 is 4, 2 and 1 of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import Position, PositionEncodingKind

from context.text import content_length
from context.words import utf16_units

if TYPE_CHECKING:
    from context.text import Place, Text


def units(characters: str, encoding: PositionEncodingKind) -> int:
    """Number of code units of `characters`; a lone surrogate counts as one character of its own."""
    if encoding == PositionEncodingKind.Utf32 or characters.isascii():
        return len(characters)
    if encoding == PositionEncodingKind.Utf8:
        return len(characters.encode("utf-8", "surrogatepass"))
    return utf16_units(characters)


def column_of(line: str, character: int, encoding: PositionEncodingKind) -> int:
    """The column (code points) at `character` code units from the start of `line`.

    Inside a character this is its start; outside the line's content it is the nearest end of it.
    """
    if character <= 0:
        return 0
    length = content_length(line)
    if encoding == PositionEncodingKind.Utf32 or line.isascii():
        return min(character, length)
    # Bisection that measures only the half in question: all steps together encode the line about
    # once, where a loop over the characters of a 1 MB line would take a tenth of a second. No
    # character is narrower than one unit, so those beyond `character` need no look at all.
    low, high = 0, min(length, character)
    left = character
    while low < high:
        middle = (low + high + 1) // 2
        width = units(line[low:middle], encoding)
        if width <= left:
            low, left = middle, left - width
        else:
            high = middle - 1
    return low


def to_place(text: Text, position: Position, encoding: PositionEncodingKind) -> Place:
    """The place of `position` in `text`; never fails.

    A position inside a character goes to its start, one beyond its line to the end of the line's
    content (before the line ending), one beyond the text to the end of the text.
    """
    number = position.line
    if not 0 <= number < len(text):
        return text.clamp((number, 0))
    return number, column_of(text.line(number), position.character, encoding)


def to_position(text: Text, place: Place, encoding: PositionEncodingKind) -> Position:
    """The position of `place` (clamped into `text`)."""
    number, column = text.clamp(place)
    return Position(number, units(text.line(number)[:column], encoding))
