"""Which names stand near the cursor, and how far away."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from context.outline.model import Interest, words_of

if TYPE_CHECKING:
    from collections.abc import Container

    from context.outline.model import Outline

REACH: Final = 400
"""Lines above and below the cursor that are looked at."""

_CHAIN = re.compile(r"[^\W\d]\w*(?:\s*(?:\?\.|\.|::|->)\s*[^\W\d]\w*)*")
_PART = re.compile(r"[^\W\d]\w*")
_OPEN = re.compile(r"([^\W\d]\w*)\s*(?:\?\.|\.|::|->)(?!\s*\w)")
_MAX_LINE = 2000


@dataclass(frozen=True, slots=True)
class Usage:
    """Names around a cursor.

    Attributes:
        lines: line of the nearest use of each name, relative to the cursor's: -2 is two above.
        members: the same for what follows a name behind `.`, `::` or `->`.
        open: names on the cursor's line behind which something is about to be written: `store.`.
    """

    lines: dict[str, int] = field(default_factory=dict)
    members: dict[str, dict[str, int]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()

    @classmethod
    def near(cls, text: str, cursor_line: int, skip: Container[int] = ()) -> Usage:
        """Names of the lines around `cursor_line` (0-based), those in `skip` left out."""
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
            names = frozenset(_OPEN.findall(lines[cursor_line][:_MAX_LINE]))
            return cls(usage.lines, usage.members, names)
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
        return Usage(lines, self.members, self.open)

    def interest(self) -> Interest:
        """The words of the nearest names."""
        nearest = (name for name, line in self.lines.items() if abs(line) <= _NEAREST_LINES)
        return Interest(frozenset().union(*map(words_of, nearest)))


_NEAREST_LINES = 10
_THROUGH_REACH = 30
_THROUGH = 12
"""How many lines further away a name counts that is used by way of a definition."""


def weight(distance: int | None) -> float:
    """How much a name used `distance` lines from the cursor counts, None for one not used."""
    if distance is None:
        return UNUSED
    lines = abs(distance)
    value = NEAREST - (NEAREST - FARTHEST) * min(1.0, lines / FAR)
    return value if distance <= 0 else value * BELOW


NEAREST: Final = 0.95
FARTHEST: Final = 0.4
FAR: Final = 60
BELOW: Final = 0.95
UNUSED: Final = 0.45
"""Imported and not used yet: often what is about to be written."""


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
