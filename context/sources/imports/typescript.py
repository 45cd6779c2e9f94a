"""TypeScript and JavaScript: relative modules, path maps, workspace packages, CommonJS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.locations import folder_of, join
from context.sources.imports.configs import objects, read_object
from context.sources.imports.model import Import, ImportTarget, rows_of
from context.sources.imports.packages import (
    matched,
    module_files,
    own_package,
    package_files,
    split_name,
    workspace_package,
)
from context.sources.imports.tsconfig import path_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.access.files import Files, SourceFile
    from context.syntax.trees import Syntax

_STATEMENTS = """
(import_statement) @found
(export_statement) @found
(variable_declarator value: (call_expression function: (identifier) @_f)
  (#eq? @_f "require")) @found
(variable_declarator value: (await_expression (call_expression function: (import)))) @found
(assignment_expression left: (member_expression property: (property_identifier) @_p)
  (#eq? @_p "exports")) @found
"""


class TypeScriptResolver:
    """Finds TypeScript and JavaScript modules of the workspace."""

    def imports(self, syntax: Syntax) -> list[Import]:
        """See `Resolver.imports`."""
        return [found for node in syntax.matches(_STATEMENTS) for found in _statement(syntax, node)]

    def locate(self, statement: Import, origin: SourceFile, files: Files) -> ImportTarget:
        """See `Resolver.locate`."""
        module = statement.module
        if not module:
            return ImportTarget((origin.location,))
        if module.startswith(("./", "../")) or module in {".", ".."}:
            return ImportTarget(module_files(join(folder_of(origin.location), module), files))
        if module.startswith("#"):
            return ImportTarget(_private(module, origin, files))
        for place in path_map(origin.location, files).lookup(module):
            if found := module_files(place, files):
                return ImportTarget(found)
        name, subpath = split_name(module)
        folder = workspace_package(name, origin.location, files)
        return ImportTarget(package_files(folder, subpath, files) if folder else ())


def _private(module: str, origin: SourceFile, files: Files) -> tuple[str, ...]:
    """`#name` of the package's own `imports`."""
    folder = own_package(origin.location, files)
    if folder is None:
        return ()
    table = objects(read_object(f"{folder}/package.json", files).get("imports"))
    for place in matched(table, module):
        if found := module_files(join(folder, place), files):
            return found
    return ()


def _statement(syntax: Syntax, node: Node) -> Iterator[Import]:
    rows = rows_of(node.start_point[0], node.end_point[0])
    if node.type == "variable_declarator":
        yield from _required(syntax, node, rows)
    elif node.type == "assignment_expression":
        yield from _commonjs(syntax, node, rows)
    elif node.type == "export_statement":
        yield from _exported(syntax, node, rows)
    else:
        module = _string(syntax, node.child_by_field_name("source"))
        for clause in node.named_children:
            if clause.type == "import_clause" and module:
                yield from _clause(syntax, clause, module, rows)
            elif clause.type == "import_require_clause":
                module = _string(syntax, clause.child_by_field_name("source"))
                if module and clause.named_children:
                    yield Import(module, "", syntax.text(clause.named_children[0]), rows)


def _clause(syntax: Syntax, clause: Node, module: str, rows: tuple[int, int]) -> Iterator[Import]:
    for part in clause.named_children:
        if part.type == "identifier":
            yield Import(module, "default", syntax.text(part), rows)
        elif part.type == "namespace_import" and part.named_children:
            yield Import(module, "", syntax.text(part.named_children[0]), rows)
        elif part.type == "named_imports":
            yield from _specifiers(syntax, part, module, rows)


def _specifiers(
    syntax: Syntax, clause: Node, module: str, rows: tuple[int, int]
) -> Iterator[Import]:
    for specifier in clause.named_children:
        name, alias = (specifier.child_by_field_name(field) for field in ("name", "alias"))
        if name is not None:
            text = syntax.text(name).strip("\"'")
            yield Import(module, text, syntax.text(alias) if alias is not None else text, rows)


def _exported(syntax: Syntax, node: Node, rows: tuple[int, int]) -> Iterator[Import]:
    """What a module passes on; a module "" is the file itself, for `export { a as b }`."""
    module = _string(syntax, node.child_by_field_name("source"))
    value = node.child_by_field_name("value")
    parts = [part for part in node.named_children if part.type != "comment"]
    if value is not None and value.type == "identifier":
        yield Import("", syntax.text(value), "default", rows)
        return
    for part in parts:
        if part.type == "export_clause":
            for found in _specifiers(syntax, part, module, rows):
                if module or found.name != found.alias:
                    yield found
        elif part.type == "namespace_export" and module and part.named_children:
            yield Import(module, "", syntax.text(part.named_children[0]), rows)
    if module and not any(part.type.endswith(("clause", "_export")) for part in parts):
        yield Import(module, "*", "", rows)


def _required(syntax: Syntax, node: Node, rows: tuple[int, int]) -> Iterator[Import]:
    """`const name = require("module")` and `const { name } = await import("module")`."""
    name, call = node.child_by_field_name("name"), node.child_by_field_name("value")
    if call is not None and call.type == "await_expression" and call.named_children:
        call = call.named_children[0]
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if name is None or arguments is None or not arguments.named_children:
        return
    module = _string(syntax, arguments.named_children[0])
    if not module:
        return
    if name.type == "identifier":
        yield Import(module, "", syntax.text(name), rows)
        yield Import(module, "default", syntax.text(name), rows)
        return
    for part in name.named_children:
        if part.type == "shorthand_property_identifier_pattern":
            yield Import(module, syntax.text(part), syntax.text(part), rows)
        elif part.type == "pair_pattern":
            key, value = (part.child_by_field_name(field) for field in ("key", "value"))
            if key is not None and value is not None:
                yield Import(module, syntax.text(key), syntax.text(value), rows)


def _commonjs(syntax: Syntax, node: Node, rows: tuple[int, int]) -> Iterator[Import]:
    """`module.exports = Name`, `module.exports = { a: b }`: names of the file itself."""
    right = node.child_by_field_name("right")
    if right is None:
        return
    if right.type == "identifier":
        yield Import("", syntax.text(right), "default", rows)
    elif right.type == "object":
        for pair in right.named_children:
            key, value = (pair.child_by_field_name(field) for field in ("key", "value"))
            if key is not None and value is not None and value.type == "identifier":
                yield Import("", syntax.text(value), syntax.text(key), rows)


def _string(syntax: Syntax, node: Node | None) -> str:
    if node is None or node.type != "string":
        return ""
    return syntax.text(node).strip("\"'")
