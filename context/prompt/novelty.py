"""Novelty: the lines of an outline that define a name missing from the prompt.

A definition of a name that stands in the prompt already is worth next to nothing to a model, one
of a new name is worth most (docs/lab/context-study.md).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from context.words import indent_of

if TYPE_CHECKING:
    from context.candidate import Candidate

_NAME = re.compile(r"[^\W\d]\w+")
_CALLED = re.compile(r"([^\W\d]\w+)\s*(?:<[^()]*>)?\(")
_FIELD = re.compile(r"[^:=]*\b([^\W\d]\w+)\s*(?:=.*)?;\s*$")
_WORDS: Final = frozenset({
    "abstract", "async", "class", "const", "def", "default", "enum", "export", "extends",
    "final", "fn", "func", "function", "impl", "implements", "interface", "let", "module",
    "mut", "namespace", "override", "private", "protected", "pub", "public", "readonly",
    "record", "self", "static", "struct", "trait", "type", "typedef", "var", "void",
})  # fmt: skip
"""What stands before the name that a line defines."""


def names_in(text: str) -> frozenset[str]:
    """All names in a text."""
    return frozenset(_NAME.findall(text))


def without_known(outline: Candidate, known: frozenset[str]) -> Candidate:
    """An outline without lines that define known names.

    A line that begins a block stays as long as something in the block does, and so does its end.
    """
    lines = outline.text.splitlines(keepends=True)
    wanted: set[int] = set()
    below = -1  # indentation of what was kept last, seen from the end
    for row in range(len(lines) - 1, -1, -1):
        indent = indent_of(lines[row])
        if _is_new(lines[row], known) or (indent < below and _NAME.search(lines[row])):
            wanted.add(row)
            below = indent
    kept: list[str] = []
    for row, line in enumerate(lines):
        closes = not _NAME.search(line) and line.strip() and kept
        if row in wanted or (closes and indent_of(line) < indent_of(kept[-1])):
            kept.append(line)
    return replace(outline, text="".join(kept))


def _is_new(line: str, known: frozenset[str]) -> bool:
    name = _defined(line)
    return name != "" and name not in known


def _defined(line: str) -> str:
    """The name that a line of an outline defines: before `(`, before `;`, or the first."""
    for pattern in (_CALLED, _FIELD, _NAME):
        for found in pattern.finditer(line):
            name = found[found.re.groups]
            if name not in _WORDS:
                return name
    return ""
