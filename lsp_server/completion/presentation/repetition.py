"""Lines that stand below the cursor already, and lines said twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from context.prompt.anchor import CLOSERS
from lsp_server.completion.presentation.constraints import TextConstraints, indent_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOSING = re.compile(
    r"(?:#\s*)?end\s?[\w]*(?:\s*\([\w\s]*\))?|fi|done|esac|od|</[\w:.-]*>|\\end\{[\w*]+\}"
    r"|\{[%{]-?\s*(?:end\w*|/\w+)\s*-?[%}]\}|@end\w*|<\?php\s+end\w+;?\s*\?>|<%-?\s*end\s*-?%>",
    re.IGNORECASE,
)
_KEY = re.compile(r"[\"']?([\w.$/@-]+)[\"']?\s*[:=]")
_KEYED = frozenset({"json", "jsonc", "yaml", "toml", "ini"})
"""Languages in which a key stands once in its block."""
_SECTION = ("[", "- ")
_TELLING = 6
"""Characters of a line from which on it is known again some lines below."""


def closes(line: str) -> bool:
    """Whether a line only closes what others opened: `})`, `end`, `</div>`, `#endif`, `fi`."""
    bare = line.strip()
    return CLOSERS.issuperset(bare) or _CLOSING.fullmatch(bare.rstrip(" \t;,.)]}")) is not None


def repeats(line: str, kept: Sequence[str], shape: TextConstraints) -> bool:
    """Whether a line stands below the cursor already, or is said again by fault.

    Args:
        line: with its indentation.
        kept: lines of the text before it.
        shape: of the cursor.
    """
    bare = line.strip()
    if closes(line):  # nested blocks end with equal closing lines, each at its own depth
        return line.rstrip() in shape.following[:1] and not shape.one_more
    if bare in [other.strip() for other in (*shape.following[:1], *kept[-2:]) if other.strip()]:
        return True
    return any(_same(line, other, shape.language) for other in siblings(line, shape))


def siblings(line: str, shape: TextConstraints) -> Iterator[str]:
    """Lines below the cursor in the block that `line` belongs to."""
    depth = indent_of(line)
    for other in shape.following:
        if indent_of(other) < depth or other.lstrip().startswith(_SECTION):
            return
        if indent_of(other) == depth:
            yield other


def _same(line: str, other: str, language: str) -> bool:
    bare, there = line.strip().rstrip(",;"), other.strip().rstrip(",;")
    if bare == there and len(bare) >= _TELLING:
        return True
    keys = [_KEY.match(one) for one in (bare, there)]
    return language in _KEYED and None not in keys and keys[0][1] == keys[1][1]  # type: ignore[index]  # both are there
