"""Rust: modules of the crate, `mod` files, crates of the workspace and by path."""

from __future__ import annotations

import tomllib
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from context.access.files import BROKEN_CONFIG
from context.locations import ancestors, folder_of, join, name_of, stem_of
from context.memo import Memo
from context.sources.imports.configs import objects, project_file, strings
from context.sources.imports.model import Import, ImportTarget, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

_STATEMENTS = """
(use_declaration) @found
(mod_item !body) @found
"""
_ENTRIES = ("src/lib.rs", "src/main.rs", "lib.rs", "main.rs")
_ROOT_NAMES = frozenset({"lib", "main", "mod"})
_MAX_MEMBERS: Final = 200
_MAX_NAMES: Final = 400
_DEPTH: Final = 12

_manifests: Memo[dict[str, Any]] = Memo(128)


class RustResolver:
    """Finds Rust modules of the workspace."""

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`."""
        found: list[Import] = []
        for node in syntax.matches(_STATEMENTS):
            rows = rows_of(node.start_point[0], node.end_point[0])
            if node.type == "mod_item":
                name = node.child_by_field_name("name")
                if name is not None:
                    found.append(Import("self", syntax.text(name), syntax.text(name), rows))
                continue
            argument = node.child_by_field_name("argument")
            if argument is not None:
                used = islice(_used(syntax, argument, "", 0), _MAX_NAMES)
                found += [Import(*path, rows) for path in used]
        return found

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        entry, *names = statement.module.split("::")
        start = _start(entry, origin, files)
        if start is None and entry and _child(origin.location, entry, files):
            # a path that begins with a module declared in this file
            start, names = origin.location, [entry, *names]
        while start and names and names[0] == "super":
            start, names = _module_file(folder_of(_folder_of(start)), files, start), names[1:]
        for name in names:
            inner = _child(start, name, files) if start else None
            if inner is None:
                break  # an inline module or a type: the name stands in this file
            start = inner
        if start is None:
            return ImportTarget()
        submodule = _child(start, statement.name, files) if statement.name != "*" else None
        return ImportTarget((start,), (submodule,) if submodule else ())


def _used(syntax: Syntax, node: Node, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(module, name, alias) of everything that a `use` tree names."""
    if depth > _DEPTH:
        return
    match node.type:
        case "scoped_use_list":
            inner, names = node.child_by_field_name("path"), node.child_by_field_name("list")
            longer = _joined(path, syntax.text(inner)) if inner is not None else path
            if names is not None:
                yield from _used(syntax, names, longer, depth + 1)
        case "use_list":
            for child in node.named_children:
                yield from _used(syntax, child, path, depth + 1)
        case "use_as_clause":
            inner, alias = node.child_by_field_name("path"), node.child_by_field_name("alias")
            module, name = _split(_joined(path, syntax.text(inner or node)))
            yield module, name, syntax.text(alias or node)
        case "use_wildcard":
            inner = next(iter(node.named_children), None)
            yield _joined(path, syntax.text(inner) if inner is not None else ""), "*", ""
        case "self" | "identifier" | "scoped_identifier" | "crate" | "super":
            more = "" if node.type == "self" and path else syntax.text(node)
            module, name = _split(_joined(path, more))
            yield module, name, name


def _joined(path: str, more: str) -> str:
    more = "".join(more.split())
    return f"{path}::{more}" if path and more else path or more


def _split(path: str) -> tuple[str, str]:
    module, _, name = path.rpartition("::")
    return module, name


def _start(entry: str, origin: SourceFile, files: Files) -> str | None:
    """The file that the first part of a path means."""
    if entry in {"self", ""}:
        return origin.location
    if entry == "super":
        return _module_file(folder_of(_own_folder(origin)), files, origin.location)
    folder = next(
        (
            above
            for above in ancestors(origin.location, files.root_of(origin.location))
            if files.is_file(f"{above}/Cargo.toml")
        ),
        None,
    )
    if entry == "crate":
        return _entry_of(folder, files) if folder else _crate_root(origin, files)
    return _other_crate(entry, folder, origin, files) if folder else None


def _crate_root(origin: SourceFile, files: Files) -> str | None:
    """Without Cargo.toml: the nearest lib.rs or main.rs above."""
    for above in ancestors(origin.location, files.root_of(origin.location)):
        for name in ("lib.rs", "main.rs"):
            if files.is_file(f"{above}/{name}"):
                return f"{above}/{name}"
    return None


def _other_crate(entry: str, folder: str, origin: SourceFile, files: Files) -> str | None:
    """The entry file of the own crate's library, of a crate by path, or of the workspace."""
    manifest = _manifest(folder, files)
    if _crate_name(manifest, folder) == entry:
        return _entry_of(folder, files)
    for table in ("dependencies", "dev-dependencies", "build-dependencies"):
        for name, value in objects(manifest.get(table)).items():
            path = objects(value).get("path")
            if name.replace("-", "_") == entry and isinstance(path, str):
                return _entry_of(join(folder, path), files)
    for above in ancestors(origin.location, files.root_of(origin.location)):
        members = objects(_manifest(above, files).get("workspace")).get("members")
        for member in islice(_members(above, strings(members), files), _MAX_MEMBERS):
            if _crate_name(_manifest(member, files), member) == entry:
                return _entry_of(member, files)
    return None


def _members(root: str, patterns: list[str], files: Files) -> Iterator[str]:
    for pattern in patterns:
        head, star, _ = pattern.partition("*")
        if not star:
            yield join(root, pattern)
        else:
            base = (
                join(root, head) if head.endswith("/") or not head else folder_of(join(root, head))
            )
            for name in files.names(base):
                yield join(base, name)


def _crate_name(manifest: dict[str, Any], folder: str) -> str:
    library = objects(manifest.get("lib")).get("name")
    package = objects(manifest.get("package")).get("name")
    name = library or package or name_of(folder)
    return str(name).replace("-", "_")


def _manifest(folder: str, files: Files) -> dict[str, Any]:
    text = project_file(f"{folder}/Cargo.toml", files)
    if not text:
        return {}

    def make() -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            files.skip(BROKEN_CONFIG)
            return {}

    return _manifests.get((folder, hash(text), len(text)), make)


def _entry_of(folder: str, files: Files) -> str | None:
    path = objects(_manifest(folder, files).get("lib")).get("path")
    entries = (*((path,) if isinstance(path, str) else ()), *_ENTRIES)
    return next(
        (join(folder, entry) for entry in entries if files.is_file(join(folder, entry))), None
    )


def _own_folder(file: SourceFile) -> str:
    return _folder_of(file.location)


def _folder_of(location: str) -> str:
    """Where the modules declared in a file lie: beside `mod.rs`, else in a folder of its name."""
    stem = stem_of(location)
    return folder_of(location) if stem in _ROOT_NAMES else join(folder_of(location), stem)


def _child(location: str, name: str, files: Files) -> str | None:
    """The file of module `name` declared in a file."""
    folder = _folder_of(location)
    for place in (f"{folder}/{name}.rs", f"{folder}/{name}/mod.rs"):
        if files.is_file(place):
            return place
    return None


def _module_file(folder: str, files: Files, child: str) -> str | None:
    """The file of the module whose modules lie in a folder."""
    names = (f"{folder}.rs", f"{folder}/mod.rs", f"{folder}/lib.rs", f"{folder}/main.rs")
    return next((name for name in names if name != child and files.is_file(name)), None)
