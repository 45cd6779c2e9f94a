"""Text as an immutable value: cheap to edit, free to keep.

The lines live in chunks of a few hundred. A change rewrites the one or two chunks it touches and
the short tuple that holds them; all others are shared with the text before. So a snapshot is a
reference, and two neighbouring versions are compared by looking at identities.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from context.words import common_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Place: TypeAlias = tuple[int, int]
"""A 0-based line, and a column in code points from the start of that line."""

Chunk: TypeAlias = tuple[str, ...]

# A chunk is cut when it grows beyond the maximum and joined to a neighbour when it shrinks below
# the minimum. Small chunks make the outer tuple long, large ones make each edit copy more.
CHUNK_TARGET = 256
CHUNK_MAX = 512
CHUNK_MIN = 64

# The second branch is possible only at a line start. One pattern such as `[^\r\n]*(?:\r\n?|\n)`
# would try again from every character of a last line without ending: quadratic.
_LINE = re.compile(r"[^\r\n]+(?:\r\n?|\n)?|\r\n?|\n")


def split_lines(source: str) -> list[str]:
    r"""Split where LSP does, at LF, CR LF and CR, and keep the endings.

    `str.splitlines` also splits at form feeds, U+0085, U+2028 and others, which editors do not.

    Returns:
        At least one line; only the last has no ending. `"a\n"` gives `["a\n", ""]`.
    """
    if "\r" not in source:
        *lines, last = source.split("\n")
        return [*(line + "\n" for line in lines), last]
    found = _LINE.findall(source)
    if found[-1].endswith(("\n", "\r")):
        found.append("")
    return found


def content_length(line: str) -> int:
    """Length of `line` in code points without its line ending."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - line.endswith(("\n", "\r"))


class Text:
    """An immutable sequence of lines; line endings (LF, CR LF, CR) stay part of their lines.

    A text always has at least one line; one that ends in a line ending has an empty last line.
    Places given to a text are clamped into it: see `clamp`. Make one with `Text.of`.
    """

    __slots__ = ("_chunks", "_count", "_hash", "_starts")

    def __init__(self, chunks: tuple[Chunk, ...], starts: tuple[int, ...]) -> None:
        self._chunks = chunks
        self._starts = starts  # number of the first line of each chunk
        self._count = starts[-1] + len(chunks[-1])
        self._hash: int | None = None

    @classmethod
    def of(cls, source: str) -> Text:
        """Split `source` into lines the way LSP does."""
        chunks = _cut(tuple(split_lines(source)))
        return cls(chunks, _numbered(chunks, 0))

    @classmethod
    def join(cls, texts: Sequence[Text]) -> Text:
        """Texts one below the other, each beginning on a line of its own; at least one."""
        chunks: list[Chunk] = []
        for text in texts[:-1]:
            *above, last = text._chunks  # noqa: SLF001 - of the same class
            chunks += [*above, (*last[:-1], last[-1] + "\n")]
        joined = (*chunks, *texts[-1]._chunks)  # noqa: SLF001 - as above
        return cls(joined, _numbered(joined, 0))

    def __len__(self) -> int:
        """Number of lines, at least 1."""
        return self._count

    def line(self, index: int) -> str:
        """Line `index` (0-based) with its line ending.

        Raises:
            IndexError: there is no such line; negative numbers do not count from the end.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"line {index} of a text with {self._count} lines")
        chunk, row = self._locate(index)
        return self._chunks[chunk][row]

    def lines(self, start: int, end: int) -> Iterator[str]:
        """Lines `start` up to `end` (clamped to the text)."""
        start, end = max(start, 0), min(end, self._count)
        if start >= end:
            return
        left = end - start
        chunk, row = self._locate(start)
        while left > 0:
            yield from islice(self._chunks[chunk], row, row + left)
            left -= len(self._chunks[chunk]) - row
            chunk, row = chunk + 1, 0

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The lines in the runs that versions of a text share: what is known of a run stays so."""
        return self._chunks

    @property
    def end(self) -> Place:
        """The last place of the text."""
        return self._count - 1, len(self._chunks[-1][-1])

    def clamp(self, place: Place) -> Place:
        """The nearest place inside the text, in reading order.

        A column beyond the line becomes the place before its line ending, a line beyond the text
        becomes the end of the text, a negative line its start.
        """
        line, column = place
        if line < 0:
            return 0, 0
        if line >= self._count:
            return self.end
        return line, min(max(column, 0), content_length(self.line(line)))

    def slice(self, start: Place, end: Place) -> str:
        """The characters between two places; "" when `end` is not after `start`."""
        (first, left), (last, right) = self.clamp(start), self.clamp(end)
        if first == last:
            return self.line(first)[left:right]
        if first > last:
            return ""
        inner = self.lines(first + 1, last)
        return "".join((self.line(first)[left:], *inner, self.line(last)[:right]))

    def replace(self, start: Place, end: Place, new: str) -> Text:
        r"""A text with the characters between two (line, column) places replaced.

        The result is always what splitting the whole new text would give, also where the change
        puts a CR and a LF next to each other or a `new` ends in half a line ending.

        Raises:
            ValueError: `end` is before `start`.
        """
        if end < start:
            raise ValueError(f"a range that ends at {end}, before its start {start}")
        (first, left), (last, right) = self.clamp(start), self.clamp(end)
        chunk, row = self._locate(first)
        end_chunk, end_row = (chunk, row) if first == last else self._locate(last)
        tail = self._chunks[end_chunk][end_row]
        middle = self._chunks[chunk][row][:left] + new + tail[right:]
        if first > 0 and middle.startswith("\n"):
            above = self.line(first - 1)
            if above.endswith("\r"):  # the two become one line ending
                chunk, row = self._locate(first - 1)
                middle = above + middle
        fresh = split_lines(middle)
        if last < self._count - 1:
            fresh.pop()  # `middle` ends in a line ending; the empty line after it is not the last
        return self._with(chunk, row, fresh, end_chunk, end_row + 1)

    def first_difference(self, other: Text) -> Place | None:
        """The latest place up to which both texts are the same, None when they are equal.

        The place lies inside both texts. Versions of one document share most of their chunks,
        so this costs microseconds for them.
        """
        shared = 0
        for mine, theirs in zip(self._chunks, other._chunks, strict=False):
            if mine is not theirs and mine != theirs:
                break
            shared += len(mine)
        pairs = zip(self.lines(shared, len(self)), other.lines(shared, len(other)), strict=False)
        for number, (mine_line, other_line) in enumerate(pairs, shared):
            if mine_line != other_line:
                # only a last line lacks its ending, so of two unequal texts one pair differs
                column = common_prefix(mine_line, other_line)
                return number, min(column, content_length(mine_line), content_length(other_line))
        return None

    def with_chunks(self, change: Callable[[Chunk], Chunk]) -> Text:
        """The text with its lines changed a few hundred at a time, their number unchanged.

        Args:
            change: gives as many lines as it gets.
        """
        chunks = tuple(map(change, self._chunks))
        return self if chunks == self._chunks else Text(chunks, self._starts)

    def __str__(self) -> str:
        """The whole text, exactly."""
        return "".join("".join(chunk) for chunk in self._chunks)

    def __repr__(self) -> str:
        return f"<Text of {self._count} lines>"  # never the text itself: this may reach a log

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return NotImplemented
        if self._chunks is other._chunks:
            return True
        return self._count == other._count and self.first_difference(other) is None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(str(self))
        return self._hash

    def _locate(self, line: int) -> tuple[int, int]:
        """The chunk that holds `line`, and the row in it."""
        chunk = bisect_right(self._starts, line) - 1
        return chunk, line - self._starts[chunk]

    def _with(
        self, chunk: int, row: int, fresh: Sequence[str], end_chunk: int, end_row: int
    ) -> Text:
        """A text with the lines from `row` of `chunk` up to `end_row` of `end_chunk` replaced."""
        chunks, starts = self._chunks, self._starts
        lines = (*chunks[chunk][:row], *fresh, *chunks[end_chunk][end_row:])
        after = end_chunk + 1
        if chunk + 1 == after and len(lines) == len(chunks[chunk]):
            return Text((*chunks[:chunk], lines, *chunks[after:]), starts)
        if len(lines) < CHUNK_MIN and after < len(chunks):
            lines += chunks[after]
            after += 1
        elif len(lines) < CHUNK_MIN and chunk > 0:
            chunk -= 1
            lines = chunks[chunk] + lines
        pieces = _cut(lines)
        moved = starts[chunk] + len(lines) - (starts[after] if after < len(chunks) else 0)
        return Text(
            (*chunks[:chunk], *pieces, *chunks[after:]),
            (
                *starts[:chunk],
                *_numbered(pieces, starts[chunk]),
                *(start + moved for start in starts[after:]),
            ),
        )


def _cut(lines: Chunk) -> tuple[Chunk, ...]:
    """`lines` as chunks of nearly equal size, none above the maximum."""
    if len(lines) <= CHUNK_MAX:
        return (lines,)
    parts = -(-len(lines) // CHUNK_TARGET)
    size = -(-len(lines) // parts)
    return tuple(lines[start : start + size] for start in range(0, len(lines), size))


def _numbered(chunks: tuple[Chunk, ...], first: int) -> tuple[int, ...]:
    """The number of the first line of each chunk, when the first chunk starts at line `first`."""
    numbers = []
    for chunk in chunks:
        numbers.append(first)
        first += len(chunk)
    return tuple(numbers)
