"""Text as an immutable value: cheap to change, free to keep."""

from __future__ import annotations

from collections.abc import Iterator


class Text:
    """An immutable sequence of lines; line endings (LF, CR LF, CR) stay part of their lines.

    A text always has at least one line; one that ends in a line ending has an empty last line.
    """

    @classmethod
    def of(cls, source: str) -> Text:
        """Split `source` into lines the way LSP does."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Number of lines, at least 1."""
        raise NotImplementedError

    def line(self, index: int) -> str:
        """Line `index` (0-based) with its line ending."""
        raise NotImplementedError

    def lines(self, start: int, end: int) -> Iterator[str]:
        """Lines `start` up to `end` (clamped to the text)."""
        raise NotImplementedError

    def replace(self, start: tuple[int, int], end: tuple[int, int], new: str) -> Text:
        """A text with the characters between two (line, column) places replaced."""
        raise NotImplementedError

    def __str__(self) -> str:
        """The whole text, exactly."""
        raise NotImplementedError
