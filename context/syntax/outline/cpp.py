"""Outlines of C and C++ files, headers above all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from context.syntax.outline.model import Definition, cut, first_sentence, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_CONTAINERS = frozenset(
    {
        "ERROR",
        "declaration_list",
        "linkage_specification",
        "namespace_definition",
        "preproc_elif",
        "preproc_else",
        "preproc_if",
        "preproc_ifdef",
        "preproc_ifndef",
    }
)
_RECORDS = frozenset({"class_specifier", "struct_specifier", "union_specifier"})
_WHOLE_ENUM = 24
_DEPTH = 8
_FILLER = "// ..."


def definitions(syntax: Syntax, node: Node, depth: int = 0) -> Iterator[Definition]:
    """Definitions directly in a file, namespace, condition or `extern "C"` block."""
    for child in node.named_children:
        if child.type in _CONTAINERS:
            if depth < _DEPTH:
                yield from definitions(syntax, child, depth + 1)
        else:
            yield from _item(syntax, child, child)


def _item(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    kind = node.type
    if kind == "template_declaration":
        for child in node.named_children[1:]:
            yield from _item(syntax, child, outer)
    elif kind in _RECORDS or kind == "enum_specifier":
        name = node.child_by_field_name("name")
        if name is not None and node.child_by_field_name("body") is not None:
            yield _type(syntax.text(name), syntax, node, outer)
    elif kind in {"type_definition", "alias_declaration"}:
        yield from _alias(syntax, node, outer)
    elif kind in {"declaration", "function_definition", "field_declaration"}:
        yield from _declaration(syntax, node, outer)
    elif kind in {"preproc_def", "preproc_function_def"}:
        yield from _macro(syntax, node)


def _type(name: str, syntax: Syntax, node: Node, outer: Node) -> Definition:
    body = node.child_by_field_name("body")
    if node.type == "enum_specifier" or body is None:
        lines = [cut(line) for line in syntax.lines(outer, node.end_byte)]
        if len(lines) > _WHOLE_ENUM:
            lines = [*lines[: _WHOLE_ENUM - 2], f"  {_FILLER}", lines[-1]]
        lines[-1] = lines[-1].rstrip(";") + ";"
        return _definition(name, syntax, outer, lines)
    lines = signature(syntax.lines(outer, body.start_byte), "//")
    lines[-1] += " {"
    found = _definition(name, syntax, outer, lines)
    return replace(found, members=tuple(_members(syntax, body, 0)), tail=("};",))


def _members(syntax: Syntax, body: Node, depth: int) -> Iterator[Definition]:
    for child in body.named_children:
        if child.type == "access_specifier":
            text = syntax.text(child).rstrip(":")
            yield Definition("", (f"{text}:",), row=child.start_point[0])
        elif child.type in _CONTAINERS and depth < _DEPTH:
            yield from _members(syntax, child, depth + 1)
        else:
            yield from _item(syntax, child, child)


def _alias(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    inner = node.child_by_field_name("type")
    name = _name(syntax, node.child_by_field_name("declarator") or node.child_by_field_name("name"))
    if not name:
        return
    body = inner.child_by_field_name("body") if inner is not None else None
    if inner is not None and inner.type in _RECORDS and body is not None:
        lines = [*signature(syntax.lines(outer, body.start_byte), "//")]
        lines[-1] += " {"
        found = _definition(name, syntax, outer, lines)
        members = tuple(_members(syntax, body, 0))
        yield replace(found, members=members, tail=(f"}} {name};",))
    else:
        lines = signature(syntax.lines(outer, node.end_byte), "//")
        yield _definition(name, syntax, outer, lines)


def _declaration(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    inner = node.child_by_field_name("type")
    if inner is not None and inner.child_by_field_name("body") is not None:
        yield from _item(syntax, inner, outer)
    declarator = node.child_by_field_name("declarator")
    name = _name(syntax, declarator)
    if not name or declarator is None:
        return
    end = node.end_byte
    body = node.child_by_field_name("body")
    if body is not None:
        end = body.start_byte
        for child in node.named_children:
            if child.type == "field_initializer_list":
                end = child.start_byte
    elif declarator.type == "init_declarator":
        value = declarator.child_by_field_name("value")
        if value is not None and value.end_point[0] - node.start_point[0] > 1:
            end = value.start_byte
    lines = signature(syntax.lines(outer, end), "//")
    lines[-1] = lines[-1].rstrip("{; ") + (" ...;" if lines[-1].endswith("=") else ";")
    yield _definition(name, syntax, outer, lines)


def _macro(syntax: Syntax, node: Node) -> Iterator[Definition]:
    name = node.child_by_field_name("name")
    if name is None or node.child_by_field_name("value") is None:
        return
    first, *rest = syntax.text(node).rstrip().split("\n")
    line = first.rstrip("\\ ") + (" ..." if rest else "")
    yield _definition(syntax.text(name), syntax, node, [cut(line)])


def _name(syntax: Syntax, declarator: Node | None) -> str:
    """The declared name inside pointers, parameters and scopes."""
    node = declarator
    for _ in range(_DEPTH * 2):
        if node is None:
            return ""
        if node.type in _NAMES:
            return syntax.text(node)
        inner = node.child_by_field_name("declarator") or node.child_by_field_name("name")
        node = inner or next((child for child in node.named_children), None)
    return ""


_NAMES = frozenset(
    {
        "destructor_name",
        "field_identifier",
        "identifier",
        "operator_name",
        "primitive_type",
        "type_identifier",
    }
)


def _definition(name: str, syntax: Syntax, node: Node, lines: list[str]) -> Definition:
    doc = first_sentence(syntax.comment_above(node))
    above = (f"// {doc}",) if doc else ()
    return Definition(
        name,
        above + tuple(cut(line) for line in lines),
        filler=_FILLER,
        row=node.start_point[0],
        indent="  ",
    )
