"""Imports: from the statements of the current file to the workspace files that they mean."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from context.candidate import Candidate, CandidateKind
from context.sources.imports.trace import ImportTrace, imports_of
from context.sources.outline_pieces import candidates
from context.sources.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from context.access.files import Files, SourceFile
    from context.sources.imports.model import Import, ImportTarget, Resolver

_RESOLVERS: Final = {
    "c": ("cpp", "CppResolver"),
    "cpp": ("cpp", "CppResolver"),
    "go": ("go", "GoResolver"),
    "java": ("java", "JavaResolver"),
    "javascript": ("typescript", "TypeScriptResolver"),
    "javascriptreact": ("typescript", "TypeScriptResolver"),
    "python": ("python", "PythonResolver"),
    "rust": ("rust", "RustResolver"),
    "typescript": ("typescript", "TypeScriptResolver"),
    "typescriptreact": ("typescript", "TypeScriptResolver"),
}


def resolver_of(language: str) -> Resolver | None:
    """The resolver of a language, None for one whose imports are not followed."""
    if language not in _RESOLVERS:
        return None
    module, name = _RESOLVERS[language]
    made = getattr(import_module(f"context.sources.imports.{module}"), name)
    return cast("Resolver", made())


def gather(
    current: SourceFile, cursor_line: int, files: Files, *, column: int = 0
) -> list[Candidate]:
    """Outlines of what the current file imports from its workspace, the best first.

    Args:
        current: the file being edited, with the text of its buffer.
        cursor_line: 0-based line of the cursor.
        files: the one way to other files.
        column: of the cursor, in code points.
    """
    resolver = resolver_of(current.language)
    if resolver is None:
        return []
    statements = imports_of(current, resolver)
    usage = Usage.near(current.text, cursor_line, rows(statements), column=column)

    def locate(statement: Import, origin: SourceFile) -> ImportTarget:
        return resolver.locate(statement, origin, files)

    picks = ImportTrace(files, resolver, locate).picks(current, statements, usage)
    others = (pick for pick in picks if pick.file.location != current.location)
    return candidates(CandidateKind.IMPORT, others, usage)


def rows(statements: Iterable[Import]) -> set[int]:
    """Lines that belong to import statements: a name there is not a use of it."""
    return {row for found in statements for row in range(found.rows[0], found.rows[1] + 1)}
