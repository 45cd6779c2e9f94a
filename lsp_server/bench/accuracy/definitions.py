"""Where a name is defined in a file, found by its lines: the oracle of the context study.

The oracle knows which name comes next, which no server can; it shows what the best possible
selection could gain. It reads indentation, which formatted code of all languages here has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.words import indent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LINES = 40
LEAST_LINES = 20
OUTLINE_LINES = 30
_ABOVE = 4
"""Lines of the file shown above a definition that is shorter than `LEAST_LINES`."""

_STRONG = {
    "python": r"(?:async\s+)?(?:def|class)\s+{0}\b|{0}\s*(?::[^=]+)?=|{0}\s*:\s*\w",
    "typescript": r"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?:class|interface|type|enum|function\*?|const|let|var|namespace)\s+{0}\b",
    "go": r"func\s+(?:\([^)]*\)\s*)?{0}\s*[\[(]|type\s+{0}\b|(?:var|const)\s+{0}\b",
    "java": r"(?:(?:public|protected|private|static|final|abstract|sealed)\s+)*"
    r"(?:class|interface|record|enum|@interface)\s+{0}\b",
}
_WEAK = {
    "python": r"{0}\b",
    "typescript": r"(?:(?:public|protected|private|readonly|static|async|get|set|abstract)\s+)*"
    r"\*?{0}\s*[?!]?\s*[(<:=,]",
    "go": r"{0}\s*[(,=]|{0}\s+[\w\[\]*.]+",
    "java": r"(?:@\w+\s+)*(?:[\w<>\[\],.?]+\s+)*{0}\s*[(=;,]",
}


@dataclass(frozen=True, slots=True)
class WantedDefinition:
    """The lines of a definition in a file.

    Attributes:
        lines: all lines of the file.
        header: first line of the enclosing top-level definition, or of the definition itself.
        first: the line that defines the name.
        last: the last line of its body.
        end: the last line of the enclosing definition.
    """

    lines: Sequence[str]
    header: int
    first: int
    last: int
    end: int


def find(text: str, symbol: str, language: str) -> WantedDefinition | None:
    """The definition of a name, None when no line looks like one."""
    lines = text.split("\n")
    for patterns in (_STRONG, _WEAK):
        spelled = patterns.get(language)
        if spelled is None:
            return None
        pattern = re.compile(r"\s*(?:" + spelled.format(re.escape(symbol)) + ")")
        for number, line in enumerate(lines):
            if pattern.match(line):
                return _around(lines, number)
    return None


def _around(lines: Sequence[str], first: int) -> WantedDefinition:
    header = first
    while header and (indent_of(lines[header]) > 0 or not lines[header].strip()):
        header -= 1
    if indent_of(lines[first]) == 0:
        header = first
    return WantedDefinition(lines, header, first, _end(lines, first), _end(lines, header))


def _end(lines: Sequence[str], first: int) -> int:
    """Last line of the block that begins at `first`: up to the next line as little indented."""
    indent, last = indent_of(lines[first]), first
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        if indent_of(line) < indent:
            break
        if indent_of(line) == indent and not line.strip().startswith((")", "}", "]")):
            break
        last = number
        if indent_of(line) == indent and not line.rstrip().endswith(("{", "(", "[", ":")):
            break
    return last


def full(definition: WantedDefinition) -> str:
    """The definition's text, 20 to 40 lines of it with what stands around a short one."""
    last = min(definition.last, definition.first + MOST_LINES - 1)
    first = definition.first
    if last - first + 1 < LEAST_LINES:
        first = max(0, first - _ABOVE)
        last = min(len(definition.lines) - 1, first + LEAST_LINES - 1)
    return "\n".join(definition.lines[first : last + 1]).strip("\n") + "\n"


def outline(definition: WantedDefinition) -> str:
    """The enclosing definition's header and the signatures of its members, near the name."""
    lines = definition.lines
    head = _signature(lines, definition.header)
    body = definition.header + len(head)
    if _FUNCTION.match(lines[definition.header]):
        return "\n".join([*head, *_docstring(lines, body)]) + "\n"
    members = _members(lines, body, definition.end)
    place = next((i for i, (n, s) in enumerate(members) if n + len(s) > definition.first), 0)
    start = max(0, min(place - OUTLINE_LINES // 2, len(members) - OUTLINE_LINES))
    found: list[str] = []
    for _, member in members[start:]:
        if len(found) + len(member) > OUTLINE_LINES:
            break
        found += member
    closed = lines[definition.end].strip() in {"}", "};", ")"} and definition.end >= body
    return "\n".join([*head, *found, *([lines[definition.end]] if closed else [])]) + "\n"


def _members(lines: Sequence[str], first: int, end: int) -> list[tuple[int, list[str]]]:
    """(line number, signature) of each member one level below the header."""
    code = [n for n in _code_lines(lines, first, end) if indent_of(lines[n]) > 0]
    level = min((indent_of(lines[n]) for n in code), default=0)
    found: list[tuple[int, list[str]]] = []
    done = first - 1
    for number in code:
        if number > done and indent_of(lines[number]) == level and _MEMBER.search(lines[number]):
            signature = _signature(lines, number)
            done = number + len(signature) - 1
            found.append((number, signature))
    return found


def _code_lines(lines: Sequence[str], first: int, end: int) -> list[int]:
    """Numbers of lines that are neither blank, nor comment, nor inside a docstring."""
    found, quoted = [], False
    for number in range(first, end + 1):
        line = lines[number]
        opens = line.count('"""') % 2 == 1
        if not quoted and not opens and line.strip() and not _COMMENT.match(line):
            found.append(number)
        quoted ^= opens
    return found


def signature(definition: WantedDefinition) -> str:
    """The one line that defines the name, below the header of what encloses it."""
    found = _signature(definition.lines, definition.first)
    if definition.header != definition.first:
        found = [*_signature(definition.lines, definition.header), *found]
    return "\n".join(found) + "\n"


_MEMBER = re.compile(r"[\w\]\)>\"'\]?*]\s*(?:[:({=;,]|$)|\bclass\b|\s\w")
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|\"\"\"|'''|@|[)}\]])")
_FUNCTION = re.compile(r"(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|func|function)\b")
_SIGNATURE_LINES = 12


def _signature(lines: Sequence[str], first: int) -> list[str]:
    """The lines from `first` until its brackets are closed, without a body."""
    depth, found = 0, []
    for line in lines[first : first + _SIGNATURE_LINES]:
        found.append(line.rstrip())
        depth += sum(line.count(mark) for mark in "([") - sum(line.count(mark) for mark in ")]")
        if depth <= 0:
            break
    return found


def _docstring(lines: Sequence[str], after: int) -> list[str]:
    """The first line of a Python docstring, closed."""
    if after < len(lines) and lines[after].lstrip().startswith('"""'):
        line = lines[after].rstrip()
        return [line if line.count('"""') > 1 else line + '"""']
    return []
