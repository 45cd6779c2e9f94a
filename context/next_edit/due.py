"""What the rules find: an edit that may be due, and what speaks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from context.next_edit.tokens import words

if TYPE_CHECKING:
    from context.next_edit.index import LineIndex
    from context.next_edit.log import LoggedChange
    from context.next_edit.trees import TreeMirror


class EditKind(StrEnum):
    """The rule behind a prediction."""

    RENAME = "rename"
    SUBSTITUTION = "substitution"
    SAME_LINE = "same line"
    SIMILAR_LINE = "similar line"
    DELETION = "deletion"
    INSERTION = "insertion"
    PARALLEL = "parallel list"
    PARAMETER = "parameter"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as the rules see it.

    Attributes:
        uri: the document.
        language: LSP language identifier.
        index: its lines.
        tree: its syntax.
        centre: the line around which places are looked for.
        closed: lines that must not be touched: those just changed, and that of the cursor.
    """

    uri: str
    language: str
    index: LineIndex
    tree: TreeMirror
    centre: int
    closed: frozenset[int]

    def free(self, line: int, count: int) -> bool:
        """Whether lines may be replaced; for none, whether text may go between two."""
        if count == 0:
            return line not in self.closed or line - 1 not in self.closed
        return not any(row in self.closed for row in range(line, line + count))

    def holds(self, line: int, count: int) -> bool:
        """Whether the document has these lines."""
        text = self.index.text
        return text is not None and line >= 0 and line + count <= len(text)

    def zone(self, line: int, column: int) -> str:
        """What stands at a place, see `TreeMirror.zone`."""
        above = self.index.line(line)[:column]
        return self.tree.zone(self.index.offset(line) + len(above.encode("utf-8", "replace")))

    def defines(self, line: int, name: str) -> bool:
        """Whether a function of this name is defined where a line begins."""
        text, start = self.index.line(line), self.index.offset(line)
        return any(
            self.tree.is_definition(start + len(text[: found.start()].encode("utf-8", "replace")))
            for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        )

    def sees(self, line: int, name: str) -> bool:
        """Whether the function around a line has a name in it."""
        text = self.index.line(line)
        start = self.index.offset(line) + len(text) - len(text.lstrip())
        return name in words(self.tree.function_at(start))

    def rows(self, line: int, count: int) -> tuple[str, ...]:
        """Lines without their endings."""
        return tuple(self.index.line(row) for row in range(line, line + count))


@dataclass(frozen=True, slots=True)
class Due:
    """An edit that may be due.

    Attributes:
        uri: the document.
        line: first line that is replaced.
        old: the lines replaced, without endings; () to insert before `line`.
        new: what they become; () to take them out.
        kind: the rule.
        change: what it carries on.
        what: the change in a form that others share: what was replaced by what.
        alike: share of the tokens that changed place and new place have in common, 0 to 1.
        part: whether the change did more than what is carried here.
        beside: neighbours of the change that are the same in its new place, 0 to 8.
        reason: for people.
        source: where the carried tokens stand in the change, as (line, column); None when the
            whole line is carried, whatever it is.
        spots: where they would go.
    """

    uri: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    kind: EditKind
    change: LoggedChange
    what: tuple[tuple[str, str], ...]
    alike: float
    beside: int
    part: bool
    reason: str
    source: tuple[int, int] | None = None
    spots: tuple[tuple[int, int], ...] = ()

    @property
    def end(self) -> int:
        """The line behind the replaced ones."""
        return self.line + len(self.old)
