"""Go: packages of the module, replaced modules, workspaces of modules (go.work)."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from context.locations import ancestors, join
from context.sources.imports.configs import project_file
from context.sources.imports.model import Import, ImportTarget, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

MAX_FILES: Final = 60
"""Most files of a package that are looked at."""

_MAX_MODULES = 50
_MODULE = re.compile(r'^module[ \t]+"?([^\s"]+)', re.MULTILINE)
_REPLACE = re.compile(
    r'^[ \t]*(?:replace[ \t]+)?"?([^\s"()]+)"?(?:[ \t]+v\S+)?[ \t]*=>[ \t]*"?(\.{0,2}/[^\s"]*)',
    re.MULTILINE,
)
_USE = re.compile(r'^[ \t]*(?:use[ \t]+)?"?(\.[^\s"()]*)', re.MULTILINE)
_VERSION = re.compile(r"^v\d+$|\.v\d+$")


class GoResolver:
    """Finds Go packages of the workspace."""

    def __init__(self) -> None:
        self._modules: dict[str, list[tuple[str, str]]] = {}

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`."""
        found = []
        for node in syntax.matches("(import_spec) @found"):
            path, name = node.child_by_field_name("path"), node.child_by_field_name("name")
            rows = rows_of(node.start_point[0], node.end_point[0])
            if path is None:
                continue
            module = syntax.text(path).strip('"`')
            alias = package_name(module) if name is None else syntax.text(name)
            if alias == ".":
                found.append(Import(module, "*", "", rows))
            elif alias != "_":
                found.append(Import(module, "", alias, rows))
        return found

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        for module, folder in self._modules_of(origin.location, files):
            if statement.module == module or statement.module.startswith(f"{module}/"):
                package = join(folder, statement.module[len(module) :].lstrip("/"))
                return ImportTarget(package_files(package, files))
        return ImportTarget(_by_suffix(statement.module, origin, files))

    def _modules_of(self, location: str, files: Files) -> list[tuple[str, str]]:
        """(module path, folder) of all modules in reach, those with the longest path first."""
        root = files.root_of(location)
        folder = next(
            (above for above in ancestors(location, root) if files.is_file(f"{above}/go.mod")), ""
        )
        if folder not in self._modules:
            found = dict(_declared(folder, files)) if folder else {}
            for above in ancestors(location, root):
                work = project_file(f"{above}/go.work", files)
                for use in islice(_USE.findall(work), _MAX_MODULES):
                    for module, place in _declared(join(above, use), files):
                        found.setdefault(module, place)
            self._modules[folder] = sorted(found.items(), key=lambda item: (-len(item[0]), item))
        return self._modules[folder]


def _declared(folder: str, files: Files) -> Iterator[tuple[str, str]]:
    """The module of a go.mod, and the modules that it replaces by folders."""
    text = project_file(f"{folder}/go.mod", files)
    if match := _MODULE.search(text):
        yield match[1], folder
    for module, place in islice(_REPLACE.findall(text), _MAX_MODULES):
        yield module, join(folder, place)


def _by_suffix(module: str, origin: SourceFile, files: Files) -> tuple[str, ...]:
    """Without go.mod: the folder of the workspace whose path ends the import's path."""
    root = files.root_of(origin.location)
    parts = module.split("/")
    if root is None or "." not in parts[0]:
        return ()
    for start in range(1, len(parts)):
        folder = join(root, *parts[start:])
        if files.is_folder(folder):
            return package_files(folder, files)
    return ()


def package_files(folder: str, files: Files) -> tuple[str, ...]:
    """The files of a package, tests left out."""
    names = (
        name for name in files.names(folder) if name.endswith(".go") and name[-8:] != "_test.go"
    )
    return tuple(join(folder, name) for name in islice(names, MAX_FILES))


def package_name(module: str) -> str:
    """The name that a package probably has, from its path.

    >>> package_name("github.com/a/go-yaml/v3"), package_name("gopkg.in/yaml.v3")
    ('yaml', 'yaml')
    """
    parts = module.split("/")
    if len(parts) > 1 and _VERSION.match(parts[-1]):
        parts.pop()
    name = _VERSION.sub("", parts[-1])
    name = name.removeprefix("go-").removesuffix("-go").removesuffix(".go")
    return name.replace("-", "_")
