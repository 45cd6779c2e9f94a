"""Python: absolute and relative imports, `src` layouts, stubs, namespace packages."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from context.locations import ancestors, folder_of, join
from context.sources.imports.model import Import, ImportTarget, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

_STATEMENTS = """
(import_statement) @found
(import_from_statement) @found
"""
_FOLDERS = ("src", "lib", "python", "typings", "stubs")


class PythonResolver:
    """Finds Python modules of the workspace; made anew for each search, it remembers roots."""

    def __init__(self) -> None:
        self._roots: dict[tuple[str, str], tuple[str, ...]] = {}

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`."""
        nodes = syntax.matches(_STATEMENTS)
        found = [statement for node in nodes for statement in _statement(syntax, node)]
        return found + _broken(syntax, found) if syntax.root.has_error else found

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        dotted = statement.module.lstrip(".")
        level = len(statement.module) - len(dotted)
        parts = [part for part in dotted.split(".") if part]
        if level:
            folder: str | None = folder_of(origin.location)
            for _ in range(level - 1):
                folder = folder_of(folder) if folder else None
            return target(folder, parts, statement.name, files) if folder else ImportTarget()
        for root in self._roots_of(parts[0], origin, files) if parts else ():
            found = target(root, parts, statement.name, files)
            # a module that imports its own name means another one, such as `import json` in json.py
            if origin.location not in found.files and (found != ImportTarget()):
                return found
        return ImportTarget()

    def _roots_of(self, top: str, origin: SourceFile, files: Files) -> tuple[str, ...]:
        """Folders that hold a top-level package or module."""
        key = (folder_of(origin.location), top)
        if key not in self._roots:
            self._roots[key] = tuple(
                root
                for root in roots(origin.location, files)
                if files.is_folder(f"{root}/{top}")
                or files.is_file(f"{root}/{top}.py")
                or files.is_file(f"{root}/{top}.pyi")
            )
        return self._roots[key]


def target(root: str, parts: list[str], name: str, files: Files) -> ImportTarget:
    """The module `parts` below `root`, and the submodule `name` of it."""
    base = join(root, *parts)
    submodule = () if name in {"", "*"} else module_files(join(base, name), files)
    found = module_files(base, files) if parts else _package_files(base, files)
    return ImportTarget(found, submodule, _inside(base, files) if parts and not submodule else ())


def _inside(folder: str, files: Files) -> tuple[str, ...]:
    """The modules of a package."""
    if not files.is_folder(folder):
        return ()
    names = (name for name in files.names(folder) if name.endswith(".py"))
    return tuple(join(folder, name) for name in islice(names, _MAX_INSIDE))


_MAX_INSIDE = 30


def module_files(base: str, files: Files) -> tuple[str, ...]:
    """Files of the module at `base`: stubs first, then the source."""
    names = (f"{base}.pyi", f"{base}.py")
    found = tuple(name for name in names if files.is_file(name))
    return _package_files(base, files) + found


def _package_files(folder: str, files: Files) -> tuple[str, ...]:
    if not files.is_folder(folder):
        return ()
    names = (f"{folder}/__init__.pyi", f"{folder}/__init__.py")
    return tuple(name for name in names if files.is_file(name))


def roots(location: str, files: Files) -> Iterator[str]:
    """Folders that absolute imports may start from, the likeliest first."""
    workspace = files.root_of(location)
    above = list(ancestors(location, workspace))
    package = next((folder for folder in above if not _package_files(folder, files)), None)
    seen = set()
    for root in (package, *reversed(above), *above):
        if root is None:
            continue
        for folder in (root, *(f"{root}/{name}" for name in _FOLDERS)):
            if folder not in seen:
                seen.add(folder)
                yield folder


def _statement(syntax: Syntax, node: Node) -> Iterator[Import]:
    rows = rows_of(node.start_point[0], node.end_point[0])
    if node.type == "import_statement":
        for child in node.children_by_field_name("name"):
            module, alias = _named(syntax, child)
            if module:
                yield Import(module, "", alias or module.rpartition(".")[2], rows)
        return
    source = node.child_by_field_name("module_name")
    if source is None:
        return
    module = "".join(syntax.text(source).split())
    if any(child.type == "wildcard_import" for child in node.named_children):
        yield Import(module, "*", "", rows)
    for child in node.children_by_field_name("name"):
        name, alias = _named(syntax, child)
        if name:
            yield Import(module, name, alias or name, rows)


def _broken(syntax: Syntax, known: list[Import]) -> list[Import]:
    """Statements that the tree lost because a bracket above or in them is not closed yet."""
    text = syntax.data.decode("utf-8", "replace")
    seen = {(statement.module, statement.name) for statement in known}
    found = []
    for match in islice(_FROM.finditer(text), _MOST_BROKEN):
        row = text.count("\n", 0, match.start())
        rows = rows_of(row, row + match[0].count("\n"))
        for part in (match[2] or match[3]).split(","):
            words = part.split()
            if words and words[0] != "import" and (match[1], words[0]) not in seen:
                found.append(Import(match[1], words[0], words[-1], rows))
    return found


_FROM = re.compile(
    r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(?:\(([\w\s,]{0,4000})|([\w \t,]+))", re.MULTILINE
)
_MOST_BROKEN = 200


def _named(syntax: Syntax, node: Node) -> tuple[str, str]:
    """Name and alias of `a.b as c`."""
    name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
    if name is not None and alias is not None:
        return "".join(syntax.text(name).split()), syntax.text(alias)
    return "".join(syntax.text(node).split()), ""
