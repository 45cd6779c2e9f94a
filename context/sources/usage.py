"""Names near the cursor, and their distance from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from context.syntax.outline.model import Interest, words_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from context.syntax.outline.model import Outline

REACH: Final = 400
"""Lines above and below the cursor that are looked at."""

_CHAIN = re.compile(r"[^\W\d]\w*(?:\s*(?:\?\.|\.|::|->)\s*[^\W\d]\w*)*")
_PART = re.compile(r"[^\W\d]\w*")
_OPEN = re.compile(r"([^\W\d]\w*)\s*(?:\?\.|\.|::|->)(?!\s*\w)")
_BEGUN = re.compile(r"([^\W\d]\w*)?\s*(?:\?\.|(?<!\.)\.|::|->)([^\W\d]\w*)$")
_MAX_LINE = 2000


TYPE_OF_OPEN: Final = 0.96
ON_LINE: Final = 0.8
"""A name on the cursor's line: what comes may be its arguments."""

SEEN: Final = 0.62
SEEN_FAR: Final = 0.4
SEEN_ABOVE: Final = 40
SEEN_BELOW: Final = 12
"""Lines around the cursor that are in every prompt."""

UNSEEN: Final = 0.38
UNUSED: Final = 0.46
"""Imported and not used yet: often what is about to be written."""

ALIKE: Final = 0.35
ASKED: Final = 0.14
NAMESAKE: Final = 0.92
_AROUND = 0.7

_WANTED = re.compile(r"\b(raise|throw new|throw|except|catch|new)\b[ \t(]*(?![\w \t(])")

_NEAREST_LINES = 10
_ALIKE_LINES = 3
_THROUGH_REACH = 30
_THROUGH = 12
"""How many lines further away a name counts that is used by way of a definition."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Names around a cursor.

    Attributes:
        lines: line of the nearest use of each name, relative to the cursor's: -2 is two above.
        members: the same for what follows a name behind `.`, `::` or `->`.
        open: names on the cursor's line behind which something is about to be written, or is being
            written at the cursor: `store.`, `store.par`.
        types: names that may be the type of an open name, by what the file says about it.
        line: the cursor's line.
        wanted: the keyword on it that asks for a kind of name, with none behind it: `raise`, `new`.
        begun: what is typed of a member's name at the cursor: `par`.
    """

    lines: dict[str, int] = field(default_factory=dict)
    members: dict[str, dict[str, int]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    line: str = ""
    wanted: str = ""
    begun: str = ""

    @classmethod
    def near(
        cls, text: str, cursor_line: int, skip: Container[int] = (), *, column: int = 0
    ) -> Usage:
        """Names of the lines around `cursor_line` (0-based), those in `skip` left out.

        The text of that line before `column` says what is being written.
        """
        usage = cls()
        lines = text.split("\n")
        start = max(0, cursor_line - REACH)
        # from far to near, so that the nearest use is the last that is written
        rows = sorted(
            range(start, min(len(lines), cursor_line + REACH + 1)),
            key=lambda row: (-abs(row - cursor_line), -row),
        )
        for row in rows:
            if row not in skip:
                usage._add(lines[row][:_MAX_LINE], row - cursor_line)
        if 0 <= cursor_line < len(lines) and cursor_line not in skip:
            line = lines[cursor_line][:_MAX_LINE]
            names = frozenset(_OPEN.findall(line))
            owner, begun = _being_written(line[:column])
            names |= {owner} - {""}
            types = types_of(names, text)
            if not any(name[:1].isupper() for name in types):
                types |= _namesakes(names, usage.lines)
            wanted = next(iter(_WANTED.findall(line)), "").split(" ")[0]
            return cls(usage.lines, usage.members, names, types, line, wanted, begun)
        return usage

    def _add(self, line: str, distance: int) -> None:
        for chain in _CHAIN.findall(line):
            previous = ""
            for part in _PART.findall(chain):
                if previous:
                    self.members.setdefault(previous, {})[part] = distance
                self.lines[part] = distance
                previous = part

    def through(self, own: Outline) -> Usage:
        """This usage, and names that the file's own definitions mention which are used here.

        A type of the file that is used near the cursor brings its base and the types of its fields.
        """
        lines = dict(self.lines)
        for name, distance in sorted(self.lines.items()):
            if abs(distance) > _THROUGH_REACH:
                continue
            for definition in own.by_name.get(name, ()):
                further = distance - _THROUGH if distance <= 0 else distance + _THROUGH
                for mentioned in definition.mentions():
                    known = lines.get(mentioned)
                    if known is None or abs(known) > abs(further):
                        lines[mentioned] = further
        types = set(self.types)
        for name in self.types:
            for definition in own.by_name.get(name, ()):
                types |= {other for other in definition.mentions() if other[:1].isupper()}
        return replace(self, lines=lines, types=frozenset(types))

    def score(self, name: str) -> float:
        """How much an outline of `name` would tell, from 0 to 1.

        A model learns most from what its prompt does not have: the members of a type behind whose
        name a dot stands, and names that are not in sight and are made of the same words as the
        code at the cursor. A name in sight it mostly knows how to use.
        """
        if name in self.types:
            return TYPE_OF_OPEN
        words = words_of(name)
        asked = self._asks_for(name)
        distance = self.lines.get(name)
        if distance == 0:
            return ON_LINE
        if words and words in map(words_of, _PART.findall(self.line)) and name[:1].isupper():
            return NAMESAKE
        if distance is not None and -SEEN_ABOVE <= distance <= SEEN_BELOW:
            return SEEN - (SEEN - SEEN_FAR) * abs(distance) / SEEN_ABOVE + asked
        on_line = len(words & words_of(self.line))
        around = len(words & self.interest(_ALIKE_LINES).words)
        alike = max(on_line, around * _AROUND) / len(words) if words else 0.0
        return (UNUSED if distance is None else UNSEEN) + ALIKE * alike + asked

    def _asks_for(self, name: str) -> float:
        """What is added for a name of the kind that the cursor's line asks for."""
        if self.wanted in {"raise", "throw", "except", "catch"}:
            return ASKED if name.endswith(("Error", "Exception")) else 0.0
        return ASKED / 2 if self.wanted == "new" and name[:1].isupper() else 0.0

    def interest(self, reach: int = _NEAREST_LINES) -> Interest:
        """The words of the names within some lines of the cursor."""
        nearest = (name for name, line in self.lines.items() if abs(line) <= reach)
        return Interest(frozenset().union(*map(words_of, nearest)), self.begun)


def _being_written(line: str) -> tuple[str, str]:
    """The name before the last dot and the part of a name behind it, where the line ends there.

    >>> _being_written("x = self.store.par"), _being_written("f().par"), _being_written("store.")
    (('store', 'par'), ('', 'par'), ('', ''))
    """
    found = _BEGUN.search(line)
    return (found[1] or "", found[2]) if found else ("", "")


def types_of(names: Iterable[str], text: str) -> frozenset[str]:
    r"""Names that a text gives as types or values of some names, through one assignment.

    >>> sorted(types_of(["_store"], "def f(store: shop.Store):\n  self._store = store"))
    ['Store', 'shop', 'store']
    """
    found: set[str] = set()
    pending = sorted(names)
    for _ in range(_STEPS):
        given: set[str] = set()
        for name in pending[:_MAX_OPEN]:
            pattern = _DECLARED.format(name=re.escape(name))
            for match in islice(re.finditer(pattern, text[:_MAX_TEXT]), _MAX_DECLARED):
                given |= set(_PART.findall(next(filter(None, match.groups()), "")))
        found |= given
        pending = sorted(name for name in given if not name[:1].isupper())
    return frozenset(found)


def _namesakes(names: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """Types that are called as a name is: `active_task` is an `ActiveTask`."""
    words = {words_of(name) for name in names} - {frozenset()}
    return frozenset(name for name in known if name[:1].isupper() and words_of(name) in words)


_DECLARED = (
    r"\b{name}\??[ \t]*:[ \t]*([^=,;(){{}}\n]+)"  # name: Type
    r"|\b{name}[ \t]*:?=[ \t]*(?:await |new |[&*])*([\w.]+)"  # name = Type(), name := &Type{{}}
    r"|\b{name}[ \t]+[*\[\]]*([A-Z]\w*|\w+\.[A-Z]\w*)"  # name Type
    r"|\b([A-Z]\w*)(?:<[^<>\n]*>)?[ \t]*[*&]*[ \t]+[*&]?{name}\b"  # Type name
)
_STEPS = 2
_MAX_OPEN = 6
_MAX_DECLARED = 12
_MAX_TEXT = 200_000


def where(distance: int | None) -> str:
    """A distance in words.

    >>> where(-2)
    'used 2 lines above'
    """
    if distance is None:
        return "not used yet"
    if distance == 0:
        return "used on this line"
    count = abs(distance)
    return f"used {count} line{'s' * (count > 1)} {'above' if distance < 0 else 'below'}"
