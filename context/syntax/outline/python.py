"""Outlines of Python files and stubs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from context.syntax.outline.model import INDENT, Definition, cut, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from context.syntax.trees import Syntax

_BLOCKS = frozenset({"if_statement", "else_clause", "elif_clause", "try_statement", "block"})
_BLOCKS_TOO = frozenset({"except_clause", "finally_clause", "with_statement", "ERROR"})
_QUOTES = re.compile(r"""^[rRbBuU]*("{3}|'{3}|"|')""")


def definitions(syntax: Syntax, node: Node, depth: int = 0) -> Iterator[Definition]:
    """Definitions directly in a module or class body, those under conditions included."""
    for child in node.named_children:
        kind = child.type
        if kind in _BLOCKS or kind in _BLOCKS_TOO:
            if depth < _DEPTH:
                yield from definitions(syntax, child, depth + 1)
        elif kind == "decorated_definition":
            inner = child.child_by_field_name("definition")
            if inner is not None:
                decorators = [
                    cut(syntax.text(mark).split("\n")[0])
                    for mark in child.named_children
                    if mark.type == "decorator"
                ]
                if any(mark.endswith((".setter", ".deleter")) for mark in decorators):
                    continue  # the property says it all
                yield from _definition(syntax, inner, decorators, depth)
        elif kind in {"function_definition", "class_definition"}:
            yield from _definition(syntax, child, [], depth)
        elif kind == "type_alias_statement":
            yield from _alias(syntax, child)
        elif kind == "expression_statement" and child.named_children:
            yield from _assignment(syntax, child.named_children[0])


_DEPTH = 6


def _definition(
    syntax: Syntax, node: Node, decorators: list[str], depth: int
) -> Iterator[Definition]:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return
    end = node.end_byte if body is None else body.start_byte
    head = signature(syntax.lines(node, end), "#")
    doc = _docstring(syntax, body)
    members: tuple[Definition, ...] = ()
    if node.type == "class_definition":
        if body is not None and depth < _DEPTH:
            found = list(definitions(syntax, body, depth + 1))
            names = [member.name for member in found]
            made = names.index("__init__") + 1 if "__init__" in names else 0
            found[made:made] = _attributes(syntax, body, set(names))
            members = tuple(found)
        if not members and not doc:
            head[-1] += " ..."
    elif not doc:
        head[-1] += " ..."
    lines = [*decorators, *head]
    if doc:
        lines.append(f'{INDENT}"""{doc}"""')
    yield Definition(syntax.text(name), tuple(lines), members, row=node.start_point[0])


def _docstring(syntax: Syntax, body: Node | None) -> str:
    """First line of a docstring; quotes and backslashes that would end it are left out."""
    if body is None or not body.named_children:
        return ""
    first = body.named_children[0]
    if first.type == "expression_statement" and first.named_children:
        first = first.named_children[0]
    if first.type != "string":
        return ""
    text = syntax.text(first)
    text = _QUOTES.sub("", text).rstrip("\"'").strip()
    line = text.split("\n")[0].strip()
    return line[:100].replace('"""', "'''").rstrip('\\"')


def _alias(syntax: Syntax, node: Node) -> Iterator[Definition]:
    left = node.child_by_field_name("left") or node
    match = re.match(r"(?:type\s+)?(\w+)", syntax.text(left))
    if match:
        lines = signature(syntax.lines(node, node.end_byte), "#")
        yield Definition(match[1], tuple(lines), row=node.start_point[0])


def _assignment(syntax: Syntax, node: Node) -> Iterator[Definition]:
    if node.type != "assignment":
        return
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None or left.type not in {"identifier", "pattern_list"}:
        return
    lines = signature(syntax.lines(node, node.end_byte), "#")
    if len(lines) > _SHORT_VALUE:
        if right is not None and right.type in _LITERALS:
            head = syntax.between(node.start_byte, right.start_byte)
            lines = [cut(f"{head}{_LITERALS[right.type]}")]
        else:
            lines = [f"{lines[0]} ..."]
    for name in [left] if left.type == "identifier" else left.named_children:
        yield Definition(syntax.text(name), tuple(lines), row=node.start_point[0])


def _attributes(syntax: Syntax, body: Node, known: set[str]) -> Iterator[Definition]:
    """Public attributes that `__init__` gives an instance, as if the class declared them."""
    for node in body.named_children:
        name, inside = node.child_by_field_name("name"), node.child_by_field_name("body")
        if node.type != "function_definition" or name is None or inside is None:
            continue
        if syntax.text(name) != "__init__":
            continue
        for statement in inside.named_children:
            if statement.type != "expression_statement" or not statement.named_children:
                continue
            found = _SET_ON_SELF.match(syntax.text(statement.named_children[0]))
            if found and found["name"] not in known:
                known.add(found["name"])
                kind, value = found["type"], found["value"].strip()
                line = f"{found['name']}: {kind.strip()}" if kind else f"{found['name']} = {value}"
                if "\n" in line or len(line) > _LONG_ATTRIBUTE:
                    line = f"{found['name']} = ..."
                yield Definition(found["name"], (line,), row=statement.start_point[0])


_SET_ON_SELF = re.compile(
    r"self\.(?P<name>[^\W\d_]\w*)\s*(?::(?P<type>[^=]+))?=(?!=)(?P<value>.*)", re.DOTALL
)
_LONG_ATTRIBUTE = 80
_SHORT_VALUE = 3
_LITERALS = {"dictionary": "{...}", "list": "[...]", "set": "{...}", "tuple": "(...)"}
