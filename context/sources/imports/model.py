"""Import statements, whatever their language, and what a resolver of one language can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax


@dataclass(frozen=True, slots=True)
class Import:
    """One imported thing.

    Attributes:
        module: as spelled: `..store`, `./store.js`, `fmt`, `crate::store`, `util/list.h`.
        name: what is taken from the module; "" for the module itself, "*" for all it has.
        alias: what it is called in the importing file; "" where that has no meaning.
        rows: 0-based first and last line of the statement.
    """

    module: str
    name: str
    alias: str
    rows: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """Where an import leads.

    Attributes:
        files: files that make up the module, to be searched for the name in this order.
        submodule: files of the module that the name itself may be (`from package import module`).
        inside: other files of a package, one of which defines the name when the package takes it
            from there in a way that no statement tells (exported lazily).
    """

    files: tuple[str, ...] = ()
    submodule: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


class Resolver(Protocol):
    """What one language knows about imports. Never raises; what leads nowhere has no files."""

    def imports(self, syntax: Syntax) -> list[Import]:
        """All import statements of a file, in reading order."""
        ...

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """The files that a statement in `origin` means."""
        ...


def rows_of(start: int, end: int) -> tuple[int, int]:
    """Lines of a statement that may be half-written: at most as many as one can have."""
    return start, min(end, start + _LONGEST)


_LONGEST = 200
