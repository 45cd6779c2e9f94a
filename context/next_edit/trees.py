"""Syntax trees that follow the text: each version is parsed from the tree of the one before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tree_sitter import Parser, Point

from context.syntax.trees import grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from context.text import Text

MOST_BYTES: Final = 600_000
"""Larger files have no tree here: the first parse alone would take a tenth of a second."""

_CONTINUES: Final = 0b10
"""First bits of a byte that goes on with a character in UTF-8."""
_FUNCTION: Final = re.compile(r"function|method|constructor|lambda|func_literal")


class TreeMirror:
    """The tree of one document."""

    def __init__(self, language: str) -> None:
        try:
            self._parser: Parser | None = Parser(grammar(language))
        except KeyError:
            self._parser = None
        self._data = b""
        self._tree: Tree | None = None
        self._waiting: Text | None = None

    @property
    def root(self) -> Node | None:
        """The tree of the last version; None without a grammar, or of a file too large."""
        if self._waiting is not None:
            data = str(self._waiting).encode("utf-8", "replace")
            self._waiting = None
            if self._tree is None or data != self._data:
                self._tree, self._data = self._parsed(data), data
        return None if self._tree is None else self._tree.root_node

    def update(self, text: Text, size: int) -> None:
        """Take a new version, which is parsed when it is asked for.

        Args:
            text: all of it.
            size: its bytes in UTF-8.
        """
        if self._parser is None:
            return
        if size > MOST_BYTES:
            self._tree, self._data, self._waiting = None, b"", None
        else:
            self._waiting = text

    def broken_by(self, start: int, end: int, new: str) -> bool | None:
        """Whether replacing bytes `start` to `end` breaks code that is whole.

        Returns:
            None when there is no tree to tell, or no whole code around the place.
        """
        root = self.root
        if root is None:
            return None
        fresh = new.encode("utf-8", "replace")
        data = self._data[:start] + fresh + self._data[end:]
        if not root.has_error:
            return bool(self._parsed(data).root_node.has_error)
        if _faults_around(root, start, end):
            return None
        return _faults_around(self._parsed(data).root_node, start, start + len(fresh))

    def zone(self, offset: int) -> str:
        """What stands at a byte: `comment`, `string` or `code`; "" without a tree."""
        root = self.root
        node = None if root is None else root.descendant_for_byte_range(offset, offset + 1)
        if node is None:
            return ""
        return next((zone for zone in ("comment", "string") if zone in node.type), "code")

    def is_definition(self, offset: int) -> bool:
        """Whether the name at a byte is that of a function being defined."""
        root = self.root
        node = None if root is None else root.descendant_for_byte_range(offset, offset + 1)
        for _ in range(3):  # C puts declarators between a name and its definition
            parent = None if node is None else node.parent
            if node is None or parent is None:
                return False
            named = parent.child_by_field_name("name") or parent.child_by_field_name("declarator")
            if named != node:
                return False
            if _FUNCTION.search(parent.type) and parent.child_by_field_name("parameters"):
                return True
            node = parent
        return False

    def function_at(self, offset: int) -> str:
        """The text of the innermost function around a byte, "" outside of all."""
        root = self.root
        node = None if root is None else root.descendant_for_byte_range(offset, offset + 1)
        while node is not None:
            if _FUNCTION.search(node.type) and node.child_by_field_name("body"):
                return self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            node = node.parent
        return ""

    def _parsed(self, data: bytes) -> Tree:
        """The tree of other bytes; this one's is used where they are the same."""
        if self._parser is None:
            raise ValueError("no grammar")
        if self._tree is None:
            return self._parser.parse(data)
        old = self._data
        short = min(len(old), len(data))
        start = _common(old, data, short)
        rest = short - start
        tail = _common(old[len(old) - rest :][::-1], data[len(data) - rest :][::-1], rest)
        while start and start < len(old) and _inside_character(old[start]):
            start -= 1  # a parser resumes between characters, not in one
        while tail and _inside_character(data[len(data) - tail]):
            tail -= 1
        tree = self._tree.copy()
        old_end, new_end = len(old) - tail, len(data) - tail
        tree.edit(
            start, old_end, new_end, _point(old, start), _point(old, old_end), _point(data, new_end)
        )
        return self._parser.parse(data, tree)


def _faults_around(root: Node, start: int, end: int) -> bool:
    """Whether the top-level pieces at a place hold code that does not parse."""
    touched = [
        child for child in root.children if child.start_byte <= end and child.end_byte >= start
    ]
    return any(child.has_error for child in touched) or not touched


def _inside_character(byte: int) -> bool:
    return byte >> 6 == _CONTINUES


def _point(data: bytes, offset: int) -> Point:
    start = data.rfind(b"\n", 0, offset) + 1
    return Point(data.count(b"\n", 0, offset), offset - start)


def _common(one: bytes, other: bytes, most: int) -> int:
    """Length of the common beginning, found by halving."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
