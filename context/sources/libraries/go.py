"""Go modules in the module cache, in the version that go.mod requires, and in `vendor`."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from context.locations import ancestors, join
from context.sources.imports.configs import project_file
from context.sources.imports.go import package_files
from context.sources.imports.model import Import, ImportTarget

if TYPE_CHECKING:
    from context.access.files import Files, SourceFile
    from context.sources.environments import Places

_REQUIRE = re.compile(
    r'^[ \t]*(?:require[ \t]+)?"?([^\s"()]+)"?[ \t]+(v\d[^\s"]*)(?!.*=>)', re.MULTILINE
)
_REPLACE = re.compile(
    r'^[ \t]*(?:replace[ \t]+)?"?([^\s"()]+)"?(?:[ \t]+v\S+)?[ \t]*=>'
    r'[ \t]*"?([^\s".][^\s"]*)"?[ \t]+(v\d\S*)',
    re.MULTILINE,
)
_MAX_MODULES = 1000
_UPPER = re.compile(r"[A-Z]")


class GoLibraries:
    """Finds packages of required modules; made anew for each search."""

    def __init__(self, places: Places, files: Files) -> None:
        self._cache = places.go_modules
        self._files = files
        self._modules: dict[str, list[tuple[str, str]]] = {}

    def locate(self, statement: Import, origin: SourceFile) -> ImportTarget:
        """The files of a package, from `vendor` or the module cache."""
        module = statement.module
        if "." not in module.partition("/")[0]:
            return ImportTarget()  # the standard library
        above = list(ancestors(origin.location, self._files.root_of(origin.location)))
        for folder in above:
            vendored = join(folder, "vendor", module)
            if self._files.is_folder(vendored):
                return ImportTarget(package_files(vendored, self._files))
        for folder in above:
            for path, place in self._required(folder):
                if module == path or module.startswith(f"{path}/"):
                    package = join(place, module[len(path) :].lstrip("/"))
                    return ImportTarget(package_files(package, self._files))
        return ImportTarget()

    def _required(self, folder: str) -> list[tuple[str, str]]:
        """(module path, its folder) of what a go.mod requires, the longest paths first."""
        if folder not in self._modules:
            text = project_file(f"{folder}/go.mod", self._files) if self._cache else ""
            found: dict[str, str] = {}
            for path, version in islice(_REQUIRE.findall(text), _MAX_MODULES):
                found[path] = self._folder(path, version)
            for path, other, version in islice(_REPLACE.findall(text), _MAX_MODULES):
                found[path] = self._folder(other, version)
            self._modules[folder] = sorted(found.items(), key=lambda item: (-len(item[0]), item))
        return self._modules[folder]

    def _folder(self, path: str, version: str) -> str:
        return join(self._cache, f"{escaped(path)}@{escaped(version)}")


def escaped(path: str) -> str:
    """A module path as the cache spells it, where case does not tell names apart.

    >>> escaped("github.com/BurntSushi/toml")
    'github.com/!burnt!sushi/toml'
    """
    return _UPPER.sub(lambda match: f"!{match[0].lower()}", path)
