"""Outlines of Go files: types with their methods, functions, constants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from context.syntax.outline.model import Definition, cut, first_sentence, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_WHOLE_TYPE = 24
_WHOLE_GROUP = 12
_FILLER = "// ..."


def definitions(syntax: Syntax, root: Node) -> list[Definition]:
    """Definitions of a file; methods follow their type, also when that stands elsewhere."""
    found: list[Definition] = []
    methods: dict[str, list[Definition]] = {}
    for node in _statements(root):
        match node.type:
            case "function_declaration":
                found += _function(syntax, node)
            case "method_declaration":
                receiver = _receiver(syntax, node)
                if receiver:
                    methods.setdefault(receiver, []).extend(_function(syntax, node))
            case "type_declaration" | "const_declaration" | "var_declaration":
                found += _group(syntax, node)
    named = [
        replace(definition, attached=tuple(methods.pop(definition.name, ())))
        for definition in found
    ]
    return named + [
        Definition(name, (), attached=tuple(own), filler=_FILLER, row=own[0].row)
        for name, own in methods.items()
    ]


def _statements(root: Node) -> Iterator[Node]:
    for child in root.named_children:
        if child.type == "ERROR":
            yield from child.named_children
        else:
            yield child


def _function(syntax: Syntax, node: Node) -> list[Definition]:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return []
    end = node.end_byte if body is None else body.start_byte
    lines = signature(syntax.lines(node, end), "//")
    return [_definition(syntax.text(name), syntax, node, lines)]


def _receiver(syntax: Syntax, node: Node) -> str:
    """`Store` of `func (s *Store[T]) Get()`."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return ""
    words = syntax.text(receiver).strip("()").partition("[")[0].split()
    return words[-1].lstrip("*") if words else ""


def _group(syntax: Syntax, node: Node) -> Iterator[Definition]:
    """Types, constants or variables; a short group of constants is kept whole: it is an enum."""
    keyword = node.type.partition("_")[0]
    specs = [spec for spec in _specs(node) if spec.child_by_field_name("name") is not None]
    whole = syntax.lines(node, node.end_byte)
    grouped = len(specs) > 1 and keyword == "const" and len(whole) <= _WHOLE_GROUP
    for spec in specs:
        if grouped:
            lines, above = [cut(line) for line in whole], node
        else:
            lines, above = _spec(syntax, spec, keyword), node if len(specs) == 1 else spec
        for name in spec.children_by_field_name("name"):
            found = _definition(syntax.text(name), syntax, above, lines)
            yield _opened(syntax, spec, found) if keyword == "type" else found


def _opened(syntax: Syntax, spec: Node, found: Definition) -> Definition:
    """A struct or interface with its fields or methods as members."""
    kind = spec.child_by_field_name("type")
    if kind is None or kind.type not in {"struct_type", "interface_type"}:
        return found
    body = kind
    if kind.type == "struct_type":
        body = next(iter(kind.named_children), kind)
    if body.start_point[0] == body.end_point[0]:
        return found
    members = tuple(
        Definition(_field_name(syntax, child), (cut(syntax.text(child).split("\n")[0]),))
        for child in body.named_children
        if child.type != "comment"
    )
    doc = found.lines[:1] if found.lines[0].startswith("//") else ()
    head = f"type {syntax.between(spec.start_byte, kind.start_byte).strip()} "
    head += f"{kind.type.removesuffix('_type')} {{"
    return replace(found, lines=(*doc, head), members=members, tail=("}",), indent="\t")


def _field_name(syntax: Syntax, node: Node) -> str:
    name = node.child_by_field_name("name")
    return syntax.text(name) if name is not None else syntax.text(node)


def _specs(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "var_spec_list":
            yield from child.named_children
        else:
            yield child


def _spec(syntax: Syntax, spec: Node, keyword: str) -> list[str]:
    lines = [cut(line) for line in syntax.lines(spec, spec.end_byte)]
    lines[0] = f"{keyword} {lines[0]}"
    most = _WHOLE_TYPE if keyword == "type" else 3
    if len(lines) <= most:
        return lines
    if keyword == "type":
        return [*lines[: most - 2], f"\t{_FILLER}", lines[-1]]
    return [f"{lines[0]} {_FILLER}"]


def _definition(name: str, syntax: Syntax, node: Node, lines: list[str]) -> Definition:
    doc = first_sentence(syntax.comment_above(node))
    above = (f"// {doc}",) if doc else ()
    return Definition(name, above + tuple(lines), filler=_FILLER, row=node.start_point[0])
