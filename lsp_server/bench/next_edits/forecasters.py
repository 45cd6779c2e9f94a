"""Who foresees the next edit: midfill's rules, and what they have to beat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from context.next_edit.due import EditKind
from context.next_edit.predict import NextEdits, OpenFile, Prediction
from context.next_edit.tokens import operations, split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from context.text import Text
    from lsp_server.bench.next_edits.commits import LineHunk


class Forecaster(Protocol):
    """Follows one file, and says what is due in it."""

    def made(self, hunk: LineHunk, before: Text, after: Text, time_s: float) -> None:
        """A hunk was made."""
        ...

    def foreseen(self, text: Text, cursor: int) -> Prediction | None:
        """The next edit, None for silence."""
        ...


class SilentForecaster:
    """Never says anything."""

    def made(self, hunk: LineHunk, before: Text, after: Text, time_s: float) -> None:
        """Nothing to learn."""

    def foreseen(self, text: Text, cursor: int) -> Prediction | None:  # noqa: ARG002 - the protocol's
        """Silence."""
        return None


class Repeater:
    """Changes a line just as an equal line was changed, the newest change first."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def made(self, hunk: LineHunk, before: Text, after: Text, time_s: float) -> None:  # noqa: ARG002
        """Remember the lines that became one line each."""
        if len(hunk.old) == len(hunk.new):
            for old, new in zip(hunk.old, hunk.new, strict=True):
                self._seen[old.strip()] = new.strip()

    def foreseen(self, text: Text, cursor: int) -> Prediction | None:
        """The nearest line below the cursor that was seen to change, else above."""
        return _first(text, cursor, lambda line: self._seen.get(line.strip(), line.strip()))


class Renamer:
    """Replaces a word everywhere once it was replaced by another."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def made(self, hunk: LineHunk, before: Text, after: Text, time_s: float) -> None:  # noqa: ARG002
        """Remember the words that became one other word."""
        if len(hunk.old) != len(hunk.new):
            return
        for old, new in zip(hunk.old, hunk.new, strict=True):
            for change in operations(split(old), split(new)):
                if change.renames:
                    self._names[change.old[0]] = change.new[0]

    def foreseen(self, text: Text, cursor: int) -> Prediction | None:
        """The nearest lines with one of the old words."""
        if not self._names:
            return None
        word = re.compile(r"\b(" + "|".join(map(re.escape, self._names)) + r")\b")
        return _first(
            text, cursor, lambda line: word.sub(lambda m: self._names[m[0]], line.strip())
        )


class Rules:
    """midfill's own predictor."""

    def __init__(self, language: str, edits: NextEdits | None = None) -> None:
        self._edits = edits or NextEdits()
        self._language = language

    def made(self, hunk: LineHunk, before: Text, after: Text, time_s: float) -> None:  # noqa: ARG002
        """Note the change."""
        self._edits.note("file:///task", self._language, before, after, time_s)

    def foreseen(self, text: Text, cursor: int) -> Prediction | None:
        """The best prediction."""
        return self._edits.predict(OpenFile("file:///task", self._language, text), cursor)


FORECASTERS: Final[Mapping[str, Callable[[str], Forecaster]]] = {
    "silent": lambda _: SilentForecaster(),
    "repetition": lambda _: Repeater(),
    "rename only": lambda _: Renamer(),
    "midfill": Rules,
}
"""By the name that results give them; made anew for every task, with its language."""


def _first(text: Text, cursor: int, changed: Callable[[str], str]) -> Prediction | None:
    """The nearest run of lines that change, those below the cursor before those above."""
    lines = [line.rstrip("\r\n") for line in text.lines(0, len(text))]
    order = [*range(cursor + 1, len(lines)), *range(cursor - 1, -1, -1)]
    for first in order:
        row, old, new = first, [], []
        while row < len(lines) and row != cursor:
            fresh = changed(lines[row])
            if fresh == lines[row].strip():
                break
            indent = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
            old.append(lines[row])
            new.append(indent + fresh)
            row += 1
        if old:
            return Prediction(
                "file:///task", first, tuple(old), tuple(new), EditKind.RENAME, "baseline", 1.0
            )
    return None
