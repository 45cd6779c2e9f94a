"""Outlines of TypeScript and JavaScript files and of type declarations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from context.syntax.outline.model import Definition, cut, first_sentence, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_INDENT = "  "
_DEPTH = 5
_SHORT_TYPE = 14
_SHORT_VALUE = 8

_TYPES = frozenset(
    {
        "abstract_class_declaration",
        "class",
        "class_declaration",
        "enum_declaration",
        "interface_declaration",
    }
)
_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_expression",
        "function_signature",
        "generator_function",
        "generator_function_declaration",
    }
)


def definitions(syntax: Syntax, node: Node, depth: int = 0) -> Iterator[Definition]:
    """Definitions directly in a module, namespace or `declare` block."""
    for child in node.named_children:
        yield from _statement(syntax, child, child, depth)


def _statement(syntax: Syntax, node: Node, outer: Node, depth: int) -> Iterator[Definition]:
    """Definitions of one statement; `outer` begins with `export` or `declare`."""
    if depth > _DEPTH:
        return
    match node.type:
        case "export_statement":
            yield from _exported(syntax, node, outer, depth)
        case "lexical_declaration" | "variable_declaration":
            yield from _variables(syntax, node, outer)
        case "ambient_declaration" | "expression_statement":
            for child in node.named_children:
                yield from _statement(syntax, child, outer, depth + 1)
        case "assignment_expression":
            yield from _assignment(syntax, node, outer)
        case "internal_module" | "module":
            yield from _module(syntax, node, outer, depth)
        case "statement_block" | "ERROR":
            yield from definitions(syntax, node, depth + 1)
        case _:
            yield from _declaration(syntax, node, outer)


def _exported(syntax: Syntax, node: Node, outer: Node, depth: int) -> Iterator[Definition]:
    inner = node.child_by_field_name("declaration") or node.child_by_field_name("value")
    if inner is None or inner.type == "identifier":
        return
    found = list(_statement(syntax, inner, outer, depth + 1))
    if any(child.type == "default" for child in node.children):
        found = found or [_value("default", syntax, inner, outer)]
        found.append(replace(found[-1], name="default"))
    yield from found


def _declaration(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    name = node.child_by_field_name("name")
    if name is None:
        return
    text = syntax.text(name)
    if node.type in _FUNCTIONS:
        yield _function(text, syntax, node, outer)
    elif node.type in _TYPES:
        yield _type(text, syntax, node, outer)
    elif node.type == "type_alias_declaration":
        yield _value(text, syntax, node, outer, _SHORT_TYPE)


def _module(syntax: Syntax, node: Node, outer: Node, depth: int) -> Iterator[Definition]:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None or body is None:
        return
    if name.type == "string":
        yield from definitions(syntax, body, depth + 1)
        return
    members = tuple(definitions(syntax, body, depth + 1))
    yield _with_members(syntax.text(name), syntax, outer, body, members)


def _function(name: str, syntax: Syntax, node: Node, outer: Node) -> Definition:
    body = node.child_by_field_name("body")
    lines = signature(syntax.lines(outer, _end(node, body)), "//")
    lines[-1] = lines[-1].rstrip(" ;{") + (" ...;" if lines[-1].endswith("=>") else ";")
    return _definition(name, syntax, outer, lines)


def _type(name: str, syntax: Syntax, node: Node, outer: Node) -> Definition:
    body = node.child_by_field_name("body")
    if body is None:
        return _value(name, syntax, node, outer)
    members = tuple(_members(syntax, body))
    return _with_members(name, syntax, outer, body, members)


def _members(syntax: Syntax, body: Node) -> Iterator[Definition]:
    separator = "," if body.type == "enum_body" else ";"
    for child in body.named_children:
        if child.type in {"comment", "ERROR", "class_static_block", "decorator"}:
            continue
        if any(
            part.type == "accessibility_modifier" and syntax.text(part) == "private"
            for part in child.named_children[:3]
        ):
            continue
        name = child.child_by_field_name("name") or child.child_by_field_name("property")
        text = syntax.text(name) if name is not None else syntax.text(child)[:_LABEL]
        if text.startswith("#"):
            continue
        value = child.child_by_field_name("value")
        inner = value if value is not None and value.type in _FUNCTIONS else child
        body_of = inner.child_by_field_name("body")
        lines = syntax.lines(child, _end(child, body_of))
        if child.child_by_field_name("parameters") is not None or body_of is not None:
            lines = signature(lines, "//")
        else:
            lines = _short(lines, _SHORT_TYPE)
        ending = " ..." if lines[-1].endswith("=>") else ""
        lines[-1] = lines[-1].rstrip(" ;,{") + ending + separator
        yield _definition(text, syntax, child, lines)


_LABEL = 40


def _variables(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    for declarator in node.named_children:
        name = declarator.child_by_field_name("name")
        if name is not None and name.type == "identifier":
            yield _variable(syntax, declarator, name, outer)


def _variable(syntax: Syntax, node: Node, name: Node, outer: Node) -> Definition:
    value = node.child_by_field_name("value")
    text = syntax.text(name)
    if value is not None and value.type in _FUNCTIONS:
        return _function(text, syntax, value, outer)
    if value is not None and value.type == "class":
        return _type(text, syntax, value, outer)
    return _value(text, syntax, node, outer)


def _assignment(syntax: Syntax, node: Node, outer: Node) -> Iterator[Definition]:
    """CommonJS: `exports.name = ...`, `module.exports = class Name ...`."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or left.type != "member_expression":
        return
    target = syntax.text(left)
    scope, _, name = target.rpartition(".")
    if scope not in {"exports", "module.exports"} and target != "module.exports":
        return
    name = "default" if target == "module.exports" else name
    if right.type in {"identifier", "object"}:
        return
    if right.type in _FUNCTIONS:
        yield _function(name, syntax, right, outer)
    elif right.type == "class":
        yield _type(name, syntax, right, outer)
    else:
        yield _value(name, syntax, right, outer)


def _value(
    name: str, syntax: Syntax, node: Node, outer: Node, most: int = _SHORT_VALUE
) -> Definition:
    # lines are not joined: in an object type they may be all that tells its members apart
    lines = _short(syntax.lines(outer, node.end_byte), most)
    if not lines[-1].endswith((";", "...")):
        lines[-1] += ";"
    return _definition(name, syntax, outer, lines)


def _short(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [f"{lines[0]} ..."]


def _with_members(
    name: str, syntax: Syntax, outer: Node, body: Node, members: tuple[Definition, ...]
) -> Definition:
    lines = signature(syntax.lines(outer, body.start_byte), "//")
    lines[-1] += " {"
    found = _definition(name, syntax, outer, lines)
    return replace(found, members=members, tail=("}",), filler="// ...")


def _definition(name: str, syntax: Syntax, outer: Node, lines: list[str]) -> Definition:
    comment = syntax.comment_above(outer)
    doc = first_sentence(comment) if comment.startswith(("/**", "//")) else ""
    above = [f"/** {doc} */"] if doc else []
    return Definition(
        name,
        tuple(above + [cut(line) for line in lines]),
        row=outer.start_point[0],
        indent=_INDENT,
    )


def _end(node: Node, body: Node | None) -> int:
    return node.end_byte if body is None else body.start_byte
