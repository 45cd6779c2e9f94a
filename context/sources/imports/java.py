"""Java: classes by package folders, in every source root of the workspace's modules."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from context.locations import ancestors, folder_of, join
from context.sources.imports.model import Import, ImportTarget, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

MAX_FILES: Final = 400
"""Most classes of a package that are looked at."""

_MAX_FOLDERS = 400
_ROOTS = ("src/main/java", "src/test/java", "src/testFixtures/java", "src", "java", "")
_NO_MODULES = frozenset({"src", "target", "build", "out", "bin", "docs", "node_modules"})
_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)


class JavaResolver:
    """Finds Java classes of the workspace; made anew for each search, it remembers source roots."""

    def __init__(self) -> None:
        self._roots: dict[str, tuple[str, ...]] = {}

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`. Its own package is left to `context.sources.siblings`."""
        return [
            found
            for node in syntax.matches("(import_declaration) @found")
            for found in _statement(syntax, node)
        ]

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        parts = statement.module.split(".")
        roots = self.roots(origin, files)
        if statement.name == "*":
            found = (class_files(join(root, *parts), files) for root in roots)
            return ImportTarget(tuple(islice((file for some in found for file in some), MAX_FILES)))
        # a.b.Outer.Inner lies in a/b/Outer.java
        for count in range(len(parts), 0, -1):
            for root in roots:
                location = f"{join(root, *parts[:count])}.java"
                if files.is_file(location):
                    return ImportTarget((location,))
            if not parts[count - 2 : count - 1] or parts[count - 2][:1].islower():
                break
        return ImportTarget()

    def roots(self, origin: SourceFile, files: Files) -> tuple[str, ...]:
        """Folders that hold packages: the file's own first, then those of all modules."""
        workspace = files.root_of(origin.location)
        own = source_root(origin)
        key = f"{workspace}:{own}"
        if key not in self._roots:
            found = dict.fromkeys([own] if own else [])
            if workspace:
                found |= dict.fromkeys(_source_roots(workspace, origin.location, files))
            self._roots[key] = tuple(found)
        return self._roots[key]


def package_of(text: str) -> str:
    """The package that a file declares, "" for none."""
    match = _PACKAGE.search(text[:_HEAD])
    return match[1] if match else ""


_HEAD = 20_000


def source_root(file: SourceFile) -> str | None:
    """The folder that holds the folders of a file's package."""
    package = package_of(file.text).replace(".", "/")
    folder = folder_of(file.location)
    if not package:
        return folder
    return folder[: -len(package) - 1] if folder.endswith(f"/{package}") else None


def class_files(folder: str, files: Files) -> list[str]:
    """The files of a package."""
    return [join(folder, name) for name in files.names(folder) if name.endswith(".java")]


def _source_roots(workspace: str, location: str, files: Files) -> Iterator[str]:
    """Source roots of the modules above the file, then of all modules down to two levels."""
    modules = list(ancestors(location, workspace))
    inner = _folders(workspace, files)
    modules += inner
    nested = (folder for module in inner for folder in _folders(module, files))
    modules += islice(nested, _MAX_FOLDERS)
    for module in modules:
        if files.is_folder(f"{module}/src"):
            for root in _ROOTS[:4]:
                if files.is_folder(join(module, root)):
                    yield join(module, root)
    for root in _ROOTS[4:]:
        if files.is_folder(join(workspace, root)):
            yield join(workspace, root)


def _folders(folder: str, files: Files) -> list[str]:
    """What may be a module in a folder."""
    names = (name for name in files.names(folder) if "." not in name and name not in _NO_MODULES)
    return [join(folder, name) for name in islice(names, _MAX_FOLDERS)]


def _statement(syntax: Syntax, node: Node) -> Iterator[Import]:
    rows = rows_of(node.start_point[0], node.end_point[0])
    path = next((child for child in node.named_children if "identifier" in child.type), None)
    if path is None:
        return
    module = "".join(syntax.text(path).split())
    last = module.rpartition(".")[2]
    everything = any(child.type == "asterisk" for child in node.named_children)
    if any(child.type == "static" for child in node.children):
        owner, _, member = module.rpartition(".")
        if everything:
            owner, member = module, last
        yield Import(owner, owner.rpartition(".")[2], member, rows)
    elif everything:
        yield Import(module, "*", "", rows)
    else:
        yield Import(module, last, last, rows)
