"""Syntax trees: tree-sitter parsers, loaded when a language is first seen.

The grammars are compiled wheels of the tree-sitter project, one for each language; nothing is
fetched at run time. A tree is made of half-written code too: what does not parse stands under
`ERROR` nodes, and everything around it keeps its shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from tree_sitter import Language, Parser, Query, QueryCursor

from context.memo import Memo

if TYPE_CHECKING:
    from tree_sitter import Node, Point

    from context.access.files import SourceFile


MAX_BYTES: Final = 160_000
"""Most bytes of a file that are parsed: about 4,000 lines, 20 ms."""

_trees: Memo[Syntax | None] = Memo(8)

_SLICE = 2048
# The parser holds the interpreter's lock. It asks for its text in slices, and between two of them
# other threads get their turn, so that a file of garbage (a second of error recovery) stops nobody.

_GRAMMARS: Final = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "python": ("tree_sitter_python", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
}


@dataclass(frozen=True, slots=True)
class Syntax:
    """A parsed text.

    Attributes:
        language: LSP language identifier.
        root: the tree's root; its offsets are bytes of `data`.
        data: what was parsed, UTF-8; the beginning of the text when it is very long.
    """

    language: str
    root: Node
    data: bytes

    def text(self, node: Node) -> str:
        """The text of a node."""
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    def lines(self, start: Node, end_byte: int) -> list[str]:
        """Lines from a node's start to an offset, indented as if the node began a line."""
        first, *rest = self.between(start.start_byte, end_byte).rstrip().split("\n")
        line_start = self.data.rfind(b"\n", 0, start.start_byte) + 1
        before = self.between(line_start, start.start_byte)
        indent = len(before) - len(before.lstrip())
        return [first, *(_dedented(line, indent) for line in rest)]

    def comment_above(self, node: Node) -> str:
        """The comment that ends on the line above a node, or block of such lines; "" for none."""
        first, above = node, node.prev_named_sibling
        for _ in range(_COMMENT_LINES):
            if above is None or "comment" not in above.type:
                break
            if not 0 <= first.start_point[0] - _last_row(above) <= 1:
                break
            before = above.prev_named_sibling
            if before is not None and _last_row(before) == above.start_point[0]:
                break  # it stands behind code
            first, above = above, before
        return "" if first is node else self.between(first.start_byte, node.start_byte)

    def matches(self, query: str) -> list[Node]:
        """All nodes, in reading order, that a query captures as `@found`."""
        found = QueryCursor(_query(self.language, query)).captures(self.root).get("found", [])
        return sorted(found, key=lambda node: (node.start_byte, node.end_byte))


def parse(language: str, text: str) -> Syntax | None:
    """The tree of a text, None for a language without grammar. Texts are parsed to `MAX_BYTES`."""
    if language not in _GRAMMARS:
        return None
    data = text[:MAX_BYTES].encode("utf-8", "replace")
    if len(text) > MAX_BYTES or len(data) > MAX_BYTES:
        data = data[:MAX_BYTES]
        data = data[: data.rfind(b"\n") + 1]

    def read(offset: int, _: Point) -> bytes:
        return data[offset : offset + _SLICE]

    tree = Parser(grammar(language)).parse(read)
    return Syntax(language, tree.root_node, data)


def syntax_of(file: SourceFile) -> Syntax | None:
    """The tree of a file, None for a language without grammar; the last few are remembered.

    A header that calls itself C is often C++, whose grammar reads both.
    """
    header = file.language == "c" and file.location.endswith(".h")
    language = "cpp" if header else file.language
    key = (file.location, file.stamp, language)
    return _trees.get(key, lambda: parse(language, file.text))


@cache
def grammar(language: str) -> Language:
    """The grammar of a language that has one.

    Raises:
        KeyError: it has none.
    """
    module, function = _GRAMMARS[language]
    return Language(getattr(import_module(module), function)())


@lru_cache(maxsize=64)
def _query(language: str, query: str) -> Query:
    return Query(grammar(language), query)


def _last_row(node: Node) -> int:
    """The last line of a node; some grammars count the line ending to a comment."""
    row, column = node.end_point
    return row - (column == 0 and row > node.start_point[0])


_COMMENT_LINES = 60


def _dedented(line: str, indent: int) -> str:
    own = len(line) - len(line.lstrip())
    return line[min(indent, own) :].rstrip()
