"""Installed libraries: outlines of what is imported from them, in the version that is there.

A small model does not know last month's interface; the disk does. Nothing is run to find it.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from context.candidate import Candidate, CandidateKind
from context.locations import printable
from context.sources.environments import NOWHERE, Places
from context.sources.imports import resolver_of, rows
from context.sources.imports.model import Import, ImportTarget
from context.sources.imports.trace import ImportTrace, imports_of
from context.sources.outline_pieces import candidates
from context.sources.usage import Usage

if TYPE_CHECKING:
    from context.access.files import Files, SourceFile

__all__ = ["Places", "gather"]

MAX_READS: Final = 60
"""Most files of libraries that one search opens."""

_SHARE = 0.9
"""What a name of a library counts beside one of the workspace: models know many libraries."""

_FOLDERS: Final = ("/site-packages/", "/dist-packages/", "/node_modules/", "/pkg/mod/", "/vendor/")

_FINDERS: Final = {
    "go": ("go", "GoLibraries"),
    "javascript": ("node", "NodeLibraries"),
    "javascriptreact": ("node", "NodeLibraries"),
    "python": ("python", "PythonLibraries"),
    "typescript": ("node", "NodeLibraries"),
    "typescriptreact": ("node", "NodeLibraries"),
}


class _Finder(Protocol):
    """Finds the files of a library's module."""

    def locate(self, statement: Import, origin: SourceFile) -> ImportTarget:
        """The files that a statement in `origin` means, none when it is not a library's."""
        ...


def gather(
    current: SourceFile,
    cursor_line: int,
    files: Files,
    places: Places = NOWHERE,
    *,
    column: int = 0,
) -> list[Candidate]:
    """Outlines of what the current file imports from installed libraries, the best first.

    Args:
        current: the file being edited, with the text of its buffer.
        cursor_line: 0-based line of the cursor.
        files: the one way to other files, those of libraries included.
        places: environments that lie elsewhere than beside the code.
        column: of the cursor, in code points.
    """
    resolver = resolver_of(current.language)
    if resolver is None or current.language not in _FINDERS:
        return []
    module, name = _FINDERS[current.language]
    make = getattr(import_module(f"context.sources.libraries.{module}"), name)
    finder = cast("_Finder", make(places, files))

    def locate(statement: Import, origin: SourceFile) -> ImportTarget:
        if origin.location == current.location:
            own = resolver.locate(statement, origin, files)
            if own.files or own.submodule:
                return ImportTarget()  # the workspace's own: see `context.sources.imports`
        return finder.locate(statement, origin)

    statements = imports_of(current, resolver)
    usage = Usage.near(current.text, cursor_line, rows(statements), column=column)
    trace = ImportTrace(files, resolver, locate, MAX_READS, offer_reach=0)
    picks = trace.picks(current, statements, usage)
    others = (pick for pick in picks if pick.file.location != current.location)
    found = candidates(CandidateKind.LIBRARY, (pick.weighed(_SHARE) for pick in others), usage)
    return [
        replace(candidate, path=library_path(candidate.location) or candidate.path)
        for candidate in found
    ]


def library_path(location: str) -> str:
    """A location from the library's name on, "" when that cannot be told.

    >>> library_path("/a/.venv/lib/python3.11/site-packages/rich/table.py")
    'rich/table.py'
    """
    for mark in _FOLDERS:
        _, found, rest = location.rpartition(mark)
        if found:
            return printable(rest)
    return ""
