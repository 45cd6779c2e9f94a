"""Outlines of Rust files: types with what is implemented for them, traits, functions, macros."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from context.syntax.outline.model import Definition, cut, first_sentence, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_WHOLE = frozenset({"struct_item", "enum_item", "union_item", "type_item", "associated_type"})
_VALUES = frozenset({"const_item", "static_item"})
_FUNCTIONS = frozenset({"function_item", "function_signature_item"})
_WHOLE_TYPE = 24
_DEPTH = 4
_FILLER = "// ..."


def definitions(syntax: Syntax, root: Node) -> list[Definition]:
    """Definitions of a file and its inline modules; methods follow their type."""
    found: list[Definition] = []
    implemented: dict[str, list[tuple[str, tuple[Definition, ...]]]] = {}
    for node in _items(root, 0):
        if node.type == "impl_item":
            _implementation(syntax, node, implemented)
        else:
            found += _item(syntax, node)
    named = [_with_methods(each, implemented.pop(each.name, [])) for each in found]
    rest = [
        _with_methods(Definition(name, (), filler=_FILLER), blocks)
        for name, blocks in implemented.items()
    ]
    return named + rest


def _items(node: Node, depth: int) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in {"ERROR", "foreign_mod_item", "declaration_list"}:
            yield from _items(child, depth + 1) if depth < _DEPTH else ()
        elif child.type == "mod_item":
            body = child.child_by_field_name("body")
            if body is not None and depth < _DEPTH:
                yield from _items(body, depth + 1)
        else:
            yield child


def _implementation(
    syntax: Syntax,
    node: Node,
    implemented: dict[str, list[tuple[str, tuple[Definition, ...]]]],
) -> None:
    kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
    if kind is None or body is None:
        return
    name = syntax.text(kind).partition("<")[0].rpartition("::")[2].strip()
    head = " ".join(syntax.between(node.start_byte, body.start_byte).split())
    of_trait = node.child_by_field_name("trait") is not None
    members = (
        ()
        if of_trait
        else tuple(
            definition for child in body.named_children for definition in _item(syntax, child)
        )
    )
    implemented.setdefault(name, []).append((cut(head), members))


def _with_methods(
    definition: Definition, blocks: list[tuple[str, tuple[Definition, ...]]]
) -> Definition:
    """A type with the methods of its `impl` blocks in one, and the traits it has, a line each."""
    traits = [Definition("impl", (f"{head} {{ ... }}",)) for head, members in blocks if not members]
    own = [(head, members) for head, members in blocks if members]
    attached = traits[:_TRAITS]
    if own:
        members = tuple(member for _, block in own for member in block)
        head = f"{own[0][0]} {{"
        attached.append(Definition("", (head,), members, ("}",), filler=_FILLER))
    row = definition.row or (own[0][1][0].row if own else 0)
    return replace(definition, attached=tuple(attached), row=row)


_TRAITS = 4


def _item(syntax: Syntax, node: Node) -> Iterator[Definition]:
    name = node.child_by_field_name("name")
    if name is None:
        return
    text, kind = syntax.text(name), node.type
    if kind in _FUNCTIONS:
        yield _function(text, syntax, node)
    elif kind == "trait_item":
        body = node.child_by_field_name("body")
        end = node.end_byte if body is None else body.start_byte
        head = signature(syntax.lines(node, end), "//")
        head[-1] += " {"
        children = body.named_children if body is not None else []
        members = tuple(member for child in children for member in _item(syntax, child))
        found = _definition(text, syntax, node, head)
        yield replace(found, members=members, tail=("}",))
    elif kind in _WHOLE:
        lines = [cut(line) for line in syntax.lines(node, node.end_byte)]
        if len(lines) > _WHOLE_TYPE:
            lines = [*lines[: _WHOLE_TYPE - 2], f"    {_FILLER}", lines[-1]]
        yield _definition(text, syntax, node, lines)
    elif kind in _VALUES:
        lines = signature(syntax.lines(node, node.end_byte), "//")
        yield _definition(text, syntax, node, lines[:1] if len(lines) > 1 else lines)
    elif kind == "macro_definition":
        yield _definition(text, syntax, node, [f"macro_rules! {text} {{ ... }}"])


def _function(name: str, syntax: Syntax, node: Node) -> Definition:
    body = node.child_by_field_name("body")
    end = node.end_byte if body is None else body.start_byte
    lines = signature(syntax.lines(node, end), "//")
    lines[-1] = lines[-1].rstrip(";") + ";"
    return _definition(name, syntax, node, lines)


def _definition(name: str, syntax: Syntax, node: Node, lines: list[str]) -> Definition:
    marks: list[str] = []
    top = node
    above = node.prev_named_sibling
    while above is not None and above.type == "attribute_item" and len(marks) < _ATTRIBUTES:
        text = syntax.text(above)
        if text.startswith(("#[derive", "#[macro_export", "#[deprecated")):
            marks.insert(0, cut(text.split("\n")[0]))
        top = above
        above = above.prev_named_sibling
    doc = first_sentence(syntax.comment_above(top))
    start = [f"/// {doc}"] if doc else []
    return Definition(name, (*start, *marks, *lines), filler=_FILLER, row=node.start_point[0])


_ATTRIBUTES = 8
