"""Installed Python libraries: the project's environment, stubs before sources."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from context.locations import folder_of, join
from context.sources.imports.configs import project_file
from context.sources.imports.model import Import, ImportTarget
from context.sources.imports.python import target
from context.sources.libraries.tree import upwards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files, SourceFile
    from context.sources.environments import Places

_NAMES = (".venv", "venv", "env", ".env", ".conda")
_MAX_FOLDERS = 8


class PythonLibraries:
    """Finds modules in the environments of one project; made anew for each search."""

    def __init__(self, places: Places, files: Files) -> None:
        self._places = places
        self._files = files
        self._folders: tuple[str, ...] | None = None

    def locate(self, statement: Import, origin: SourceFile) -> ImportTarget:
        """The files of a library's module, those of its stubs first."""
        dotted = statement.module.lstrip(".")
        level = len(statement.module) - len(dotted)
        parts = [part for part in dotted.split(".") if part]
        if level:
            folder = origin.location
            for _ in range(level):
                folder = folder_of(folder)
            return target(folder, parts, statement.name, self._files)
        if not parts:
            return ImportTarget()
        for root in self._site_packages(origin.location):
            stubs = target(root, [f"{parts[0]}-stubs", *parts[1:]], statement.name, self._files)
            found = target(root, parts, statement.name, self._files)
            if stubs.files or stubs.submodule or found.files or found.submodule:
                return ImportTarget(
                    stubs.files + found.files, stubs.submodule + found.submodule, found.inside
                )
        return ImportTarget()

    def _site_packages(self, location: str) -> tuple[str, ...]:
        """The folders of installed packages: of the nearest environment, then the active one."""
        if self._folders is None:
            found = islice(dict.fromkeys(self._environments(location)), _MAX_FOLDERS)
            folders = (folder for each in found for folder in self._packages_of(each))
            self._folders = tuple(dict.fromkeys(folders))
        return self._folders

    def _environments(self, location: str) -> Iterator[str]:
        for folder in upwards(location, self._files):
            for name in _NAMES:
                if self._files.is_folder(join(folder, name)):
                    yield join(folder, name)
        yield from self._places.python

    def _packages_of(self, environment: str) -> Iterator[str]:
        yield from self._in_prefix(environment)
        config = project_file(f"{environment}/pyvenv.cfg", self._files)
        values = {
            key.strip(): value.strip()
            for key, _, value in (line.partition("=") for line in config.split("\n"))
        }
        if values.get("include-system-site-packages", "").lower() == "true" and "home" in values:
            yield from self._in_prefix(folder_of(values["home"].replace("\\", "/")))

    def _in_prefix(self, prefix: str) -> Iterator[str]:
        windows = join(prefix, "Lib/site-packages")
        if self._files.is_folder(windows):
            yield windows
        for library in ("lib", "lib64"):
            for name in self._files.names(join(prefix, library)):
                if name.startswith(("python3", "pypy3")):
                    folder = join(prefix, library, name, "site-packages")
                    if self._files.is_folder(folder):
                        yield folder
