"""Installed JavaScript libraries: `node_modules` up the tree, type declarations first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.locations import folder_of, join
from context.sources.imports.model import Import, ImportTarget
from context.sources.imports.packages import module_files, package_files, split_name
from context.sources.libraries.tree import upwards

if TYPE_CHECKING:
    from context.access.files import Files, SourceFile
    from context.sources.environments import Places

_TYPED = (".ts", ".tsx", ".mts", ".cts")


class NodeLibraries:
    """Finds modules in `node_modules`."""

    def __init__(self, places: Places, files: Files) -> None:
        del places  # node_modules lie beside the code
        self._files = files

    def locate(self, statement: Import, origin: SourceFile) -> ImportTarget:
        """The file of a library's module: its own declarations, those of `@types`, its source."""
        module = statement.module
        if not module:
            return ImportTarget((origin.location,))
        if module.startswith("."):
            return ImportTarget(module_files(join(folder_of(origin.location), module), self._files))
        if module.startswith(("/", "#", "node:")):
            return ImportTarget()
        name, subpath = split_name(module)
        untyped: tuple[str, ...] = ()
        for folder in upwards(origin.location, self._files):
            modules = join(folder, "node_modules")
            if not self._files.is_folder(modules):
                continue
            found = self._in_folder(join(modules, name), subpath)
            if found and found[0].endswith(_TYPED):
                return ImportTarget(found)
            untyped = untyped or found
            types = name.removeprefix("@").replace("/", "__")
            if found := self._in_folder(join(modules, "@types", types), subpath):
                return ImportTarget(found)
        return ImportTarget(untyped)

    def _in_folder(self, folder: str, subpath: str) -> tuple[str, ...]:
        there = self._files.is_folder(folder)
        return package_files(folder, subpath, self._files) if there else ()
