"""package.json: what a package offers under which name, and the packages of a workspace."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from context.locations import ancestors, folder_of, join
from context.sources.imports.configs import objects, project_file, read_object, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files

MAX_PACKAGES: Final = 300
_MAX_TARGETS = 24
_CONDITIONS = ("types", "typings", "import", "module", "default", "require", "node", "browser")
_BUILT = frozenset({"dist", "lib", "build", "out", "esm", "cjs", "es"})
_SOURCES = ("src", "lib", "source", ".")

SWAPS: Final = {
    ".js": (".ts", ".tsx", ".d.ts", ".js", ".jsx"),
    ".jsx": (".tsx", ".d.ts", ".jsx"),
    ".mjs": (".mts", ".d.mts", ".mjs"),
    ".cjs": (".cts", ".d.cts", ".cjs"),
}
"""What a name with an extension may mean: TypeScript imports `./a.ts` as `./a.js`."""

_EXTENSIONS = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_WHOLE = (".ts", ".tsx", ".mts", ".cts")


def module_files(base: str, files: Files) -> tuple[str, ...]:
    """The file that a location without sure extension means: itself, a swap, an index file."""
    if base.endswith(_WHOLE) and files.is_file(base):
        return (base,)
    found = _swapped(base, files) or _extended(base, files)
    if found or not files.is_folder(base):
        return found
    found = _extended(f"{base}/index", files)
    if not found and files.is_file(f"{base}/package.json"):
        return package_files(base, "", files)
    return found


def _swapped(location: str, files: Files) -> tuple[str, ...]:
    """The source or the type declarations that a name with an extension stands for."""
    for ending, others in SWAPS.items():
        if location.endswith(ending):
            return _first(location[: -len(ending)], others, files)
    return ()


def _extended(location: str, files: Files) -> tuple[str, ...]:
    return _first(location, _EXTENSIONS, files)


def _first(stem: str, endings: tuple[str, ...], files: Files) -> tuple[str, ...]:
    return next(((stem + end,) for end in endings if files.is_file(stem + end)), ())


def package_files(folder: str, subpath: str, files: Files) -> tuple[str, ...]:
    """The file behind `subpath` ("" or `a/b`) of the package in a folder."""
    package = read_object(f"{folder}/package.json", files)
    for place in islice(_targets(package, subpath), _MAX_TARGETS):
        location = join(folder, place)
        for guess in (location, *_unbuilt(folder, place)):
            if found := _exact(guess, files):
                return found
    if subpath:
        for source in (".", "src"):
            if found := module_files(join(folder, source, subpath), files):
                return found
        return ()
    return _extended(f"{folder}/index", files) or _extended(f"{folder}/src/index", files)


def _exact(location: str, files: Files) -> tuple[str, ...]:
    """A declared file: type declarations beside it win; extension and index may be left out."""
    if found := _swapped(location, files):
        return found
    if files.is_file(location):
        return (location,)
    return _extended(location, files) or _extended(f"{location}/index", files)


def _unbuilt(folder: str, place: str) -> Iterator[str]:
    """Where the source of a built file probably lies: `dist/a.d.ts` was `src/a.ts`."""
    parts = [part for part in place.split("/") if part != "."]
    if not parts or parts[0] not in _BUILT:
        return
    rest = [part for part in parts[1:] if part not in _BUILT and part != "types"]
    tail = re.sub(r"(\.d)?\.([mc]?)[jt]sx?$", r".\2js", "/".join(rest))
    for source in _SOURCES:
        yield join(folder, source, tail)


def _targets(package: dict[str, Any], subpath: str) -> Iterator[str]:
    """Files that package.json names for a subpath, the likeliest first."""
    yield from _exported(package.get("exports"), f"./{subpath}" if subpath else ".")
    if not subpath:
        for field in ("types", "typings", "module", "main"):
            yield from strings(package.get(field))
    else:
        for places in objects(package.get("typesVersions")).values():
            yield from matched(objects(places), subpath)


def _exported(exports: Any, subpath: str) -> Iterator[str]:
    if isinstance(exports, dict) and any(key.startswith(".") for key in exports):
        yield from matched(exports, subpath)
    elif subpath == ".":
        yield from conditions(exports)


def matched(table: dict[str, Any], name: str) -> Iterator[str]:
    """Values of a table of names with at most one `*` each: `exports`, `imports`."""
    if name in table:
        yield from conditions(table[name])
        return
    best = sorted((key for key in table if "*" in key), key=lambda key: -key.index("*"))
    for key in best:
        head, _, tail = key.partition("*")
        if name.startswith(head) and name.endswith(tail) and len(name) >= len(head) + len(tail):
            middle = name[len(head) : len(name) - len(tail)]
            for place in conditions(table[key]):
                yield place.replace("*", middle)
            return


def conditions(value: Any, depth: int = 0) -> Iterator[str]:
    """The files under conditions such as `types` and `import`, types first."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from conditions(item, depth + 1) if depth < _NESTED else ()
    elif isinstance(value, dict) and depth < _NESTED:
        for condition in _CONDITIONS:
            if condition in value:
                yield from conditions(value[condition], depth + 1)


_NESTED = 6


def split_name(module: str) -> tuple[str, str]:
    """Package name and subpath: `@a/b/c/d` gives `@a/b` and `c/d`."""
    parts = module.split("/")
    count = 2 if module.startswith("@") else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def own_package(location: str, files: Files) -> str | None:
    """The folder of the nearest package.json above a file."""
    for folder in ancestors(location, files.root_of(location)):
        if files.is_file(f"{folder}/package.json"):
            return folder
    return None


def workspace_package(name: str, location: str, files: Files) -> str | None:
    """The folder of the workspace package of this name, None when there is none."""
    for folder in ancestors(location, files.root_of(location)):
        if not files.is_file(f"{folder}/package.json"):
            continue
        if read_object(f"{folder}/package.json", files).get("name") == name:
            return folder
        for member in islice(_members(folder, files), MAX_PACKAGES):
            if read_object(f"{member}/package.json", files).get("name") == name:
                return member
    return None


def _members(folder: str, files: Files) -> Iterator[str]:
    """Folders of the packages that a workspace's root names."""
    declared = read_object(f"{folder}/package.json", files).get("workspaces")
    patterns = strings(
        objects(declared).get("packages") if isinstance(declared, dict) else declared
    )
    pnpm = project_file(f"{folder}/pnpm-workspace.yaml", files)
    patterns += _PNPM.findall(pnpm)
    for pattern in patterns:
        head, star, _ = pattern.removeprefix("./").partition("*")
        base = join(folder, head)
        if not star:
            yield base
            continue
        if not head.endswith("/") and head:
            base = folder_of(base)
        for name in files.names(base):
            if name != "node_modules" and not name.startswith("."):
                yield join(base, name)


_PNPM = re.compile(r"""^\s*-\s*["']?([^"'!\s#][^"'\s#]*)""", re.MULTILINE)
