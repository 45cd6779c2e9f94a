"""Counterparts by name: `store.c` and `store.h`, `store.py` and `test_store.py`."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from context.locations import ancestors, folder_of, join, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files

MAX_FOUND: Final = 4

_HEADERS = ("h", "hpp", "hh", "hxx", "h++", "inl", "cuh")
_SOURCES = ("c", "cc", "cpp", "cxx", "c++", "m", "mm", "cu")
_SCRIPTS = ("ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs")
_TEST_FOLDERS = ("tests", "test", "__tests__", "spec")
_SOURCE_FOLDERS = ("", "src", "lib")

_TEST = re.compile(
    r"^test_(?P<py>\w+)\.py$|^(?P<py2>\w+)_test\.py$|^(?P<go>\w+)_test\.go$"
    r"|^(?P<js>.+?)[._-](?:test|spec)\.(?:[mc]?[jt]sx?)$"
    r"|^(?P<java>\w+?)(?:Tests?|IT|TestCase)\.java$|^Test(?P<java2>[A-Z]\w*)\.java$"
)


def is_test(name: str) -> bool:
    """Whether a file is named like a test.

    >>> is_test("store.test.ts"), is_test("test_store.py"), is_test("latest.py")
    (True, True, False)
    """
    return _TEST.match(name) is not None


def counterparts(location: str, files: Files) -> list[str]:
    """Files that are there and belong to this one by name, at most `MAX_FOUND`."""
    there = (place for place in _guesses(location, files) if files.is_file(place))
    found = dict.fromkeys(place for place in there if place != location)
    return list(found)[:MAX_FOUND]


def _guesses(location: str, files: Files) -> Iterator[str]:
    name = name_of(location)
    stem, _, extension = name.rpartition(".")
    if extension in _HEADERS + _SOURCES:
        others = _SOURCES if extension in _HEADERS else _HEADERS
        yield from _beside(location, [f"{stem}.{other}" for other in others], files)
        return
    match = _TEST.match(name)
    tested = next((group for group in match.groups() if group), "") if match else ""
    names = (
        [f"{tested}.{end}" for end in _ends(extension)] if tested else _tests_of(stem, extension)
    )
    if names:
        yield from _beside(location, names, files)


def _ends(extension: str) -> tuple[str, ...]:
    return (extension, *_SCRIPTS) if extension in _SCRIPTS else (extension,)


def _tests_of(stem: str, extension: str) -> list[str]:
    match extension:
        case "py":
            return [f"test_{stem}.py", f"{stem}_test.py"]
        case "go":
            return [f"{stem}_test.go"]
        case "java":
            return [f"{stem}Test.java", f"{stem}Tests.java", f"{stem}IT.java"]
        case _ if extension in _SCRIPTS:
            return [f"{stem}.{kind}.{extension}" for kind in ("test", "spec")]
        case _:
            return []


def _beside(location: str, names: list[str], files: Files) -> Iterator[str]:
    """Where such a file may lie: beside, in a parallel tree, or one folder away."""
    for folder in _folders(location, files):
        for name in names:
            yield join(folder, name)


def _folders(location: str, files: Files) -> Iterator[str]:
    folder = folder_of(location)
    yield folder
    root = files.root_of(location)
    for one, other in _MIRRORS:
        if f"/{one}/" in f"{folder}/":
            yield f"{folder}/".replace(f"/{one}/", f"/{other}/", 1).rstrip("/")
    for name in (*_TEST_FOLDERS, "include", "src"):
        yield join(folder, name)
        yield join(folder_of(folder), name)
    above = list(ancestors(location, root))
    yield from above[1:2]
    inside = folder[len(root) :].strip("/") if root else ""
    if root is None:
        return
    # tests/a/test_b.py tests src/package/a/b.py, or package/a/b.py
    parts = inside.split("/") if inside else []
    for count in range(min(len(parts), _TAILS) + 1):
        tail = parts[count:]
        for top in (*_SOURCE_FOLDERS, *_TEST_FOLDERS):
            yield join(root, top, *tail)
        for base in islice(_packages(root, files), _MAX_PACKAGES):
            yield join(base, *tail)


_MIRRORS = (
    ("src/main", "src/test"),
    ("src/test", "src/main"),
    ("include", "src"),
    ("src", "include"),
    ("src", "tests"),
    ("src", "test"),
    ("tests", "src"),
    ("test", "src"),
)
_TAILS = 3
_MAX_PACKAGES = 40


def _packages(root: str, files: Files) -> Iterator[str]:
    """Top folders of packages in a workspace: `package` and `src/package`."""
    for top in (root, join(root, "src")):
        for name in islice(files.names(top), _MAX_PACKAGES):
            if "." not in name and name not in _TEST_FOLDERS and files.is_folder(join(top, name)):
                yield join(top, name)
