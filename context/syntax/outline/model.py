"""What an outline is made of: definitions with their members, in the file's own syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from textwrap import wrap
from typing import Final

NAME: Final = re.compile(r"[^\W\d]\w*")
INDENT: Final = "    "

MAX_SIGNATURE_LINES: Final = 10
MAX_LINE: Final = 160
"""Characters of a line that are shown; what is longer is data."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What the code at the cursor is about, to choose between members when not all fit.

    Names that stand near the cursor count no more than others of the same words: the model sees
    them already, and what is missing is often the next of a series.

    Attributes:
        words: the words of the identifiers near the cursor, see `words_of`.
        begun: what is typed of a member's name at the cursor, "" for nothing.
    """

    words: frozenset[str] = frozenset()
    begun: str = ""

    def rank(self, name: str) -> tuple[int, int]:
        """The smaller, the more likely is `name` of use."""
        if self.begun and name.lower().startswith(self.begun.lower()):
            return -1, 0  # what else could be meant
        if name in _CONSTRUCTORS:
            return 0, 0
        return (2 if name.startswith(("_", "#")) else 1), -len(self.words & words_of(name))


NO_INTEREST: Final = Interest()
_CONSTRUCTORS = frozenset({"", "__init__", "constructor", "new", "__new__"})


@lru_cache(maxsize=8192)
def words_of(name: str) -> frozenset[str]:
    """The words of an identifier, those of one or two letters left out.

    >>> sorted(words_of("parseHTTPHeader_at"))
    ['header', 'http', 'parse']
    """
    return frozenset(word.lower() for word in _WORD.findall(name) if len(word) >= _LONG_WORD)


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONG_WORD = 3


@dataclass(frozen=True, slots=True)
class Definition:
    """One function, class, type, constant.

    Attributes:
        name: as other files call it.
        lines: decorators, first line of the documentation and signature, up to the members.
        members: methods, fields and nested types.
        tail: what closes it behind the members.
        attached: what belongs to it and stands behind it: methods in Go, `impl` blocks in Rust.
        filler: what stands for members that are left out.
        row: 0-based line of the file.
        indent: what stands before members.
    """

    name: str
    lines: tuple[str, ...]
    members: tuple[Definition, ...] = ()
    tail: tuple[str, ...] = ()
    attached: tuple[Definition, ...] = ()
    filler: str = "..."
    row: int = 0
    indent: str = INDENT

    def mentions(self) -> set[str]:
        """Identifiers in its lines and those of its members."""
        found = set(NAME.findall("\n".join(self.lines)))
        for member in self.members + self.attached:
            found |= member.mentions()
        return found - {self.name}

    def brief(self) -> Definition:
        """Its signature alone, without documentation and members."""
        if not self.lines:  # known by what is attached to it alone
            return replace(self, attached=tuple(part.brief() for part in self.attached))
        lines = _undocumented(self.lines)
        head = lines[-1].rstrip(" {") if self.members and lines else ""
        return Definition(
            self.name, (*lines[:-1], head) if head else lines, filler=self.filler, row=self.row
        )

    def plain(self) -> Definition:
        """The same without the documentation of its members."""
        members = tuple(
            replace(member, lines=_undocumented(member.lines)) for member in self.members
        )
        attached = tuple(part.plain() for part in self.attached)
        return replace(self, members=members, attached=attached)

    def size(self) -> int:
        """Lines when nothing is left out."""
        inner = sum(member.size() for member in self.members + self.attached)
        return len(self.lines) + len(self.tail) + inner

    def render(self, limit: int, interest: Interest = NO_INTEREST) -> list[str]:
        """At most about `limit` lines; the members that `interest` ranks first are kept.

        >>> get = Definition("get", ("def get(self) -> int: ...",))
        >>> Definition("Store", ("class Store:",), (get, get)).render(2)
        ['class Store:', '    def get(self) -> int: ...', '    ...']
        """
        fixed = len(self.lines) + len(self.tail)
        behind = min(limit // 3, sum(part.size() for part in self.attached))
        inner = _chosen(self.members, limit - fixed - behind, interest, self.filler)
        lines = [*self.lines, *(self.indent + line for line in inner), *self.tail]
        return lines + _chosen(self.attached, limit - len(lines), interest, self.filler)


def _undocumented(lines: tuple[str, ...]) -> tuple[str, ...]:
    """A signature without its documentation; in Python that was the body, so `...` takes over."""
    kept = [line for line in lines if not line.lstrip().startswith(_DOC_MARKS)]
    if len(kept) < len(lines) and kept and kept[-1].endswith(":"):
        kept[-1] += " ..."
    return tuple(kept)


_DOC_MARKS = ('"""', "/**", "//")


def _chosen(
    parts: tuple[Definition, ...], limit: int, interest: Interest, filler: str
) -> list[str]:
    """Lines of those parts that fit, in their order, and a filler where some do not."""
    if not parts:
        return []
    order = sorted(range(len(parts)), key=lambda index: (interest.rank(parts[index].name), index))
    kept: dict[int, list[str]] = {}
    left = limit
    for index in order:
        text = parts[index].render(max(left, _LEAST), interest)
        if len(text) <= left or not kept:
            kept[index] = text
            left -= len(text)
    lines = [line for index in sorted(kept) for line in kept[index]]
    return lines if len(kept) == len(parts) else [*lines, filler]


_LEAST = 4
"""Lines that the best part may always have."""


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
    """A signature's lines: joined or wrapped where that is readable, cut where it never ends.

    Args:
        lines: as they stand in the file.
        comment: what starts a comment; a signature with comments is not joined.
    """
    joined = ""
    if len(lines) > 1 and not any(comment in line for line in lines):
        joined = " ".join(line.strip() for line in lines)
        joined = _AFTER_OPENER.sub(r"\1", _BEFORE_CLOSER.sub(r"\1", joined))
        if len(joined) <= _JOINED:
            lines = [joined]
    if len(lines) > _SPREAD and joined:
        lines = wrap(
            joined[: _JOINED * MAX_SIGNATURE_LINES * 2],
            _JOINED,
            subsequent_indent=INDENT * 2,
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(lines) > MAX_SIGNATURE_LINES:
        lines = [*lines[: MAX_SIGNATURE_LINES - 2], f"{INDENT}...", lines[-1]]
    return [cut(line) for line in lines]


_JOINED = 100
_SPREAD = 4
"""Lines from which on a parameter a line takes too much room."""

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
