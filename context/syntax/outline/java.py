"""Outlines of Java files: types with their members; nested types also stand for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.syntax.outline.model import Definition, cut, first_sentence, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_TYPES = frozenset(
    {
        "annotation_type_declaration",
        "class_declaration",
        "enum_declaration",
        "interface_declaration",
        "record_declaration",
    }
)
_DEPTH = 4
_SHORT_VALUE = 2


def definitions(syntax: Syntax, node: Node, depth: int = 0) -> Iterator[Definition]:
    """Types directly in a file or type, each followed by those nested in it."""
    for child in node.named_children:
        if child.type in _TYPES:
            yield from _type(syntax, child)
            body = child.child_by_field_name("body")
            if body is not None and depth < _DEPTH:
                yield from definitions(syntax, body, depth + 1)
        elif child.type in {"ERROR", "enum_body_declarations"} and depth < _DEPTH:
            yield from definitions(syntax, child, depth + 1)


def _type(syntax: Syntax, node: Node) -> Iterator[Definition]:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return
    end = node.end_byte if body is None else body.start_byte
    head = signature(syntax.lines(node, end), "//")
    members = tuple(_members(syntax, body)) if body is not None else ()
    head[-1] += " {" if members else " {}"
    tail = ("}",) if members else ()
    lines = _documented(syntax, node, head)
    yield Definition(
        syntax.text(name), lines, members, tail, filler="// ...", row=node.start_point[0]
    )


def _members(syntax: Syntax, body: Node) -> Iterator[Definition]:
    constants = [child for child in body.named_children if child.type == "enum_constant"]
    if constants:
        text = ", ".join(" ".join(syntax.text(child).split()) for child in constants)
        yield Definition("", (cut(f"{text};"),), row=constants[0].start_point[0])
    for child in body.named_children:
        if child.type == "enum_body_declarations":
            yield from _members(syntax, child)
        elif child.type not in _TYPES and not _private(syntax, child):
            yield from _member(syntax, child)


def _member(syntax: Syntax, node: Node) -> Iterator[Definition]:
    name = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    if name is None and declarator is not None:
        name = declarator.child_by_field_name("name")
    if name is None or node.type == "enum_constant":
        return
    body = node.child_by_field_name("body")
    end = node.end_byte if body is None else body.start_byte
    lines = signature(syntax.lines(node, end), "//")
    if node.type == "field_declaration" and len(lines) > _SHORT_VALUE:
        lines = [f"{lines[0].rstrip('=; ')} = ...;"]
    lines[-1] = lines[-1].rstrip(";") + ";"
    lines = [line.removeprefix("@Override ") for line in lines]
    yield Definition(syntax.text(name), _documented(syntax, node, lines), row=node.start_point[0])


def _private(syntax: Syntax, node: Node) -> bool:
    return any(
        child.type == "modifiers" and "private" in syntax.text(child).split()
        for child in node.named_children[:1]
    )


def _documented(syntax: Syntax, node: Node, lines: list[str]) -> tuple[str, ...]:
    comment = syntax.comment_above(node)
    doc = first_sentence(comment) if comment.startswith("/**") else ""
    return (f"/** {doc} */", *lines) if doc else tuple(lines)
