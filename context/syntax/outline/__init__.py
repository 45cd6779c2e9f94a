"""Outlines: a file's definitions without their bodies, made with tree-sitter and cached."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from context.memo import Memo
from context.syntax.outline.model import Definition, Interest, Outline
from context.syntax.trees import syntax_of

if TYPE_CHECKING:
    from context.access.files import SourceFile

__all__ = ["Definition", "Interest", "Outline", "outline_of"]

MAX_DEFINITIONS: Final = 2000

_MODULES: Final = {
    "c": "cpp",
    "cpp": "cpp",
    "go": "go",
    "java": "java",
    "javascript": "typescript",
    "javascriptreact": "typescript",
    "python": "python",
    "rust": "rust",
    "typescript": "typescript",
    "typescriptreact": "typescript",
}

_outlines: Memo[Outline] = Memo(512)


def outline_of(file: SourceFile) -> Outline:
    """The definitions of a file; none for a language without grammar."""
    return _outlines.get((file.location, file.stamp, file.language), lambda: _make(file))


def _make(file: SourceFile) -> Outline:
    module = _MODULES.get(file.language)
    syntax = syntax_of(file) if module else None
    if syntax is None:
        return Outline()
    language = import_module(f"context.syntax.outline.{module}")
    found: list[Definition] = []
    for definition in language.definitions(syntax, syntax.root):
        found.append(definition)
        if len(found) == MAX_DEFINITIONS:
            break
    return Outline(tuple(found))
