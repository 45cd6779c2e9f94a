"""Lines of a document by the tokens in them; what is known of a run of lines is kept with it."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from context.next_edit.regions import bare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.text import Chunk, Text

REACH: Final = 6_000
"""Lines above and below the cursor in which places are looked for."""


class _LineRun:
    """One run of lines, joined to be searched at the speed of C."""

    __slots__ = ("bytes", "chunk", "joined", "starts")

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.joined = "".join(chunk)
        self.starts = [0, *accumulate(map(len, chunk))]
        self.bytes = len(self.joined.encode("utf-8", "replace"))

    def rows(self, needle: str) -> Iterator[int]:
        place = self.joined.find(needle)
        while place >= 0:
            row = bisect_right(self.starts, place) - 1
            yield row
            place = self.joined.find(needle, self.starts[row + 1])


class LineIndex:
    """The lines of one document; a new version costs only the runs that changed."""

    def __init__(self) -> None:
        self._runs: dict[int, _LineRun] = {}
        self.text: Text | None = None

    def update(self, text: Text) -> None:
        """Take a new version."""
        if text is self.text:
            return
        known, self._runs, self.text = self._runs, {}, text
        for chunk in text.chunks:
            run = known.get(id(chunk))  # a run holds its chunk, so that its id stays its own
            self._runs[id(chunk)] = run or _LineRun(chunk)

    @property
    def bytes(self) -> int:
        """Size of the text as UTF-8."""
        return sum(run.bytes for run in self._runs.values())

    def lines_with(self, needle: str, centre: int) -> Iterator[int]:
        """Numbers of the lines that hold a text, upwards, not too far from a line."""
        if self.text is None or not needle:
            return
        first = 0
        for chunk in self.text.chunks:
            after = first + len(chunk)
            if after > centre - REACH and first < centre + REACH:
                for row in self._runs[id(chunk)].rows(needle):
                    yield first + row
            first = after

    def line(self, number: int) -> str:
        """A line without its ending, "" outside of the text."""
        if self.text is None or not 0 <= number < len(self.text):
            return ""
        return bare(self.text.line(number))

    def offset(self, number: int) -> int:
        """Where a line starts, in bytes of UTF-8."""
        found = first = 0
        for chunk in self.text.chunks if self.text is not None else ():
            run = self._runs[id(chunk)]
            if number < first + len(chunk):
                above = run.joined[: run.starts[number - first]]
                return found + len(above.encode("utf-8", "replace"))
            found += run.bytes
            first += len(chunk)
        return found
