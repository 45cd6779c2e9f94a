"""What an outline is made of: definitions with their members, in the file's own syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

NAME: Final = re.compile(r"[^\W\d]\w*")
INDENT: Final = "    "

MAX_SIGNATURE_LINES: Final = 8
MAX_LINE: Final = 160
"""Characters of a line that are shown; what is longer is data."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One function, class, type, constant.

    Attributes:
        name: as other files call it.
        lines: decorators, first line of the documentation and signature, up to the members.
        members: methods, fields and nested types.
        tail: what closes it behind the members.
        filler: what stands for members that are left out.
        row: 0-based line of the file.
        indent: what stands before members.
    """

    name: str
    lines: tuple[str, ...]
    members: tuple[Definition, ...] = ()
    tail: tuple[str, ...] = ()
    filler: str = "..."
    row: int = 0
    indent: str = INDENT

    def mentions(self) -> set[str]:
        """Identifiers in its lines and those of its members."""
        found = set(NAME.findall("\n".join(self.lines)))
        for member in self.members:
            found |= member.mentions()
        return found - {self.name}

    def size(self) -> int:
        """Lines when nothing is left out."""
        return len(self.lines) + len(self.tail) + sum(member.size() for member in self.members)

    def render(self, limit: int, wanted: frozenset[str] = frozenset()) -> list[str]:
        """At most about `limit` lines; members in `wanted` are kept before others.

        >>> get = Definition("get", ("def get(self) -> int: ...",))
        >>> Definition("Store", ("class Store:",), (get, get)).render(2)
        ['class Store:', '    def get(self) -> int: ...', '    ...']
        """
        lines = list(self.lines)
        if not self.members:
            return [*lines, *self.tail]
        left = limit - len(lines) - len(self.tail)
        if self.size() - len(lines) - len(self.tail) <= left:
            kept = set(range(len(self.members)))
        else:
            kept = set()
            order = sorted(range(len(self.members)), key=lambda index: self._rank(index, wanted))
            for index in order:
                size = self.members[index].size()
                if size <= left or not kept:
                    kept.add(index)
                    left -= size
        for index, member in enumerate(self.members):
            if index in kept:
                lines += [self.indent + line for line in member.render(max(left, 8), wanted)]
        if len(kept) < len(self.members):
            lines.append(self.indent + self.filler)
        return [*lines, *self.tail]

    def _rank(self, index: int, wanted: frozenset[str]) -> tuple[int, int]:
        name = self.members[index].name
        if name in wanted:
            return 0, index
        if name in _CONSTRUCTORS or name == self.name:
            return 1, index
        return (3 if name.startswith(("_", "#")) else 2), index


_CONSTRUCTORS = frozenset({"__init__", "constructor", "new", "__new__"})


@dataclass(frozen=True)
class Outline:
    """The definitions of a file in its order; a name may be defined more than once (overloads)."""

    definitions: tuple[Definition, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, tuple[Definition, ...]]:
        """Definitions by name."""
        found: dict[str, tuple[Definition, ...]] = {}
        for definition in self.definitions:
            found[definition.name] = (*found.get(definition.name, ()), definition)
        return found


def signature(lines: list[str], comment: str) -> list[str]:
    """A signature's lines: joined to one where that is readable, cut where it never ends.

    Args:
        lines: as they stand in the file.
        comment: what starts a comment; a signature with comments is not joined.
    """
    if len(lines) > 1 and not any(comment in line for line in lines):
        joined = " ".join(line.strip() for line in lines)
        joined = _AFTER_OPENER.sub(r"\1", _BEFORE_CLOSER.sub(r"\1", joined))
        if len(joined) <= _JOINED:
            lines = [joined]
    if len(lines) > MAX_SIGNATURE_LINES:
        lines = [*lines[: MAX_SIGNATURE_LINES - 2], f"{INDENT}...", lines[-1]]
    return [cut(line) for line in lines]


_JOINED = 100
_AFTER_OPENER = re.compile(r"([(\[]) ")
_BEFORE_CLOSER = re.compile(r",? ([)\]])")


def cut(line: str) -> str:
    """A line, shortened when it is very long."""
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 4].rstrip()} ..."


def first_sentence(comment: str) -> str:
    r"""The first line of a comment or docstring that says something, without its marks.

    >>> first_sentence("/**\n * Opens it.\n * @param path where\n */")
    'Opens it.'
    """
    for line in comment.split("\n"):
        text = line.strip().removesuffix("*/").strip("/*!# \t").strip()
        if text and not text.startswith(("@", "eslint", "nolint", "go:", "type:")):
            return text if len(text) <= _DOC else f"{text[: _DOC - 4].rstrip()} ..."
    return ""


_DOC = 100
