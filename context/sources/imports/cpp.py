"""C and C++: included headers, from the file's folder, compile_commands.json and habit."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from context.access.files import BROKEN_CONFIG
from context.locations import ancestors, folder_of, join
from context.memo import Memo
from context.sources.imports.configs import objects, project_file, strings
from context.sources.imports.model import Import, ImportTarget, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

_FOLDERS = ("", "build", "out", "builddir", "cmake-build-debug", "cmake-build-release")
_HABITS = ("", "include", "src", "inc", "lib")
_MAX_ENTRIES: Final = 5000
_MAX_PATHS: Final = 100
_OPTIONS = ("-iquote", "-isystem", "-I", "/I")

_databases: Memo[dict[str, dict[str, Any]]] = Memo(16)


class CppResolver:
    """Finds headers of the workspace; one is made for each search."""

    def __init__(self) -> None:
        self._paths: dict[str, tuple[str, ...]] = {}

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`: every header's names are imported."""
        found = []
        for node in syntax.matches("(preproc_include) @found"):
            path = node.child_by_field_name("path")
            if path is not None and path.type in {"string_literal", "system_lib_string"}:
                # a header in angle brackets is looked for in the include paths alone
                text = syntax.text(path)
                module = text if text.startswith("<") else text.strip('"')
                row = node.start_point[0]
                found.append(Import(module, "*", "", rows_of(row, row)))
        return found

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        name = statement.module
        quoted = not name.startswith("<")
        name = name.strip("<>")
        folder = folder_of(origin.location)
        for path in ((folder,) if quoted else ()) + self._include_paths(origin, files):
            location = join(path, name)
            if files.is_file(location):
                return ImportTarget((location,))
        return ImportTarget()

    def _include_paths(self, origin: SourceFile, files: Files) -> tuple[str, ...]:
        folder = folder_of(origin.location)
        if folder not in self._paths:
            self._paths[folder] = tuple(dict.fromkeys(_include_paths(origin, files)))[:_MAX_PATHS]
        return self._paths[folder]


def _include_paths(origin: SourceFile, files: Files) -> Iterator[str]:
    above = list(ancestors(origin.location, files.root_of(origin.location)))
    for folder in above:
        for build in _FOLDERS:
            entries = _database(join(folder, build, "compile_commands.json"), files)
            # a header has no entry: those of the folder's files are as good
            for key in (origin.location, folder_of(origin.location), ""):
                if key in entries:
                    yield from _options(entries[key])
                    break
    for folder in above:
        for habit in _HABITS:
            if not habit or files.is_folder(join(folder, habit)):
                yield join(folder, habit)


def _database(location: str, files: Files) -> dict[str, dict[str, Any]]:
    """Entries by file, by folder, and under "" for any file; empty without database."""
    text = project_file(location, files)
    if not text:
        return {}
    return _databases.get((location, hash(text), len(text)), lambda: _parse(text, files))


def _parse(text: str, files: Files) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        files.skip(BROKEN_CONFIG)
        return {}
    found: dict[str, dict[str, Any]] = {}
    for entry in map(objects, entries[:_MAX_ENTRIES] if isinstance(entries, list) else ()):
        folder, file = entry.get("directory"), entry.get("file")
        if isinstance(folder, str) and isinstance(file, str):
            location = join(folder.replace("\\", "/"), file.replace("\\", "/"))
            found[location] = entry
            found.setdefault(folder_of(location), entry)
            found.setdefault("", entry)
    return found


def _arguments(entry: dict[str, Any]) -> list[str]:
    if "arguments" in entry:
        return strings(entry["arguments"])
    command = entry.get("command")
    try:
        return shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return []


def _options(entry: dict[str, Any]) -> Iterator[str]:
    folder = str(entry["directory"]).replace("\\", "/")
    taken = False
    for argument in _arguments(entry):
        option = next((option for option in _OPTIONS if argument.startswith(option)), None)
        if taken:
            yield join(folder, argument.replace("\\", "/"))
            taken = False
        elif option == argument:
            taken = True
        elif option is not None:
            yield join(folder, argument[len(option) :].replace("\\", "/"))
