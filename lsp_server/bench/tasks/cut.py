"""Holes and bodies cut out of the files of one commit."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from context.access.files import SourceFile
from context.syntax.outline import outline_of
from context.syntax.outline.model import NAME
from context.syntax.trees import parse
from lsp_server.bench.tasks.git_history import LEAK, leaks, typeable
from lsp_server.bench.tasks.typing import language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from random import Random

    from tree_sitter import Node

    from context.syntax.outline import Definition

    Cut = tuple[int, int, dict[str, Any]]
    """Offsets of an answer in its file, in code points, and further fields of its row."""

KINDS: Final = ("line", "midline", "xfile", "body")
A_FILE: Final = 4
"""Most holes of one kind in a file, so that no file decides a figure."""
SHORTEST, LONGEST = 8, 100
"""Characters of a line that is taken out, and of the rest of one."""
BODY_LINES, BODY_LONGEST = range(3, 31), 1500
_LEAST_REST = 4
_OWN_NAME: Final = 5
_DEFINERS = 2
"""A name that more files define, or a shorter one, is a common word."""
_TRIES = 20
_COMMENT = re.compile(r"\s*(#|//|/\*|\*|--|\"\"\"|''')")
_PLACE = re.compile(r"\w+|[^\w\s]")
_NO_CODE = ("comment", "string", "import", "use_declaration", "package")


class HoleCutter:
    """Cuts holes out of one tree; the same draw gives the same holes."""

    def __init__(self, tree: Mapping[str, str], draw: Random) -> None:
        """Prepare.

        Args:
            tree: source files by path.
            draw: decides which holes are taken.
        """
        self._draw = draw
        self._all = tree
        copies = Counter(tree.values())
        # of two files with one text each would hold the other's answers
        self._tree = {
            path: text for path, text in tree.items() if copies[text] == 1 and language_of(path)
        }
        self._syntax = {
            path: syntax
            for path, text in self._tree.items()
            if (syntax := parse(language_of(path) or "", text)) is not None
            and len(syntax.data) == len(text.encode("utf-8", "replace"))
            and not syntax.root.has_error
        }
        self._words = {path: set(NAME.findall(self._tree[path])) for path in self._syntax}
        self._defined = self._definitions()

    def cut(self, kind: str, count: int) -> list[dict[str, Any]]:
        """Rows of one of `KINDS`, at most `count`, files in turn.

        An answer of `LEAK` characters or more stands nowhere else in the tree.
        """
        make: dict[str, Callable[[str, str], Iterator[Cut]]] = {
            "line": self._lines,
            "midline": self._midlines,
            "xfile": self._uses,
            "body": self._bodies,
        }
        files = sorted(self._tree)
        self._draw.shuffle(files)
        sources = {path: make[kind](path, self._tree[path]) for path in files}
        rows: list[dict[str, Any]] = []
        for path in files * A_FILE:
            if len(rows) == count:
                break
            row = next((row for cut in sources[path] if (row := self._row(kind, path, cut))), None)
            if row is not None:
                rows.append(row)
        return rows

    def _row(self, kind: str, path: str, cut: Cut) -> dict[str, Any] | None:
        """The row of a cut, None for an answer that stands in another place too."""
        start, end, more = cut
        text = self._tree[path]
        answer = text[start:end]
        left = {**self._all, path: text[:start] + "\0" + text[end:]}
        if not typeable(answer) or leaks(answer, left):
            return None
        line = text.count("\n", 0, start)
        return {
            "id": f"{path}:{line + 1}:{kind}",
            "set": kind,
            "kind": kind,
            "lang": language_of(path),
            "file": path,
            "line": line,
            "character": start - (text.rfind("\n", 0, start) + 1),
            "prefix": text[:start],
            "middle": answer,
            "suffix": text[end:],
            **more,
        }

    def _lines(self, path: str, text: str) -> Iterator[Cut]:
        for start, end in self._code_lines(path, text):
            yield start, end, {}

    def _midlines(self, path: str, text: str) -> Iterator[Cut]:
        for start, end in self._code_lines(path, text):
            places = [
                found.start()
                for found in _PLACE.finditer(text, start, end)
                if start < found.start() <= end - _LEAST_REST
            ]
            if places:
                yield self._draw.choice(places), end, {}

    def _code_lines(self, path: str, text: str) -> Iterator[tuple[int, int]]:
        """Offsets of lines of code behind their indentation, each once, in a drawn order."""
        found, start = [], 0
        for line in text.split("\n")[:-1]:
            stripped = line.strip()
            if (
                SHORTEST <= len(stripped) <= LONGEST
                and NAME.search(stripped)
                and not _COMMENT.match(line)
            ):
                found.append((start + len(line) - len(line.lstrip()), start + len(line)))
            start += len(line) + 1
        self._draw.shuffle(found)
        return (one for one in found if self._is_code(path, text, one[0]))

    def _is_code(self, path: str, text: str, offset: int, *, imports: bool = True) -> bool:
        """Whether no comment or string (nor import) lies there; unknown syntax counts as code."""
        syntax = self._syntax.get(path)
        if syntax is None:
            return True
        at = len(text[:offset].encode("utf-8", "replace"))
        node = syntax.root.descendant_for_byte_range(at, at)
        kinds = _NO_CODE[:2] if imports else _NO_CODE
        while node is not None and node.parent is not None:
            if any(kind in node.type for kind in kinds) and "interpolation" not in node.type:
                return False
            node = node.parent
        return True

    def _uses(self, path: str, text: str) -> Iterator[Cut]:
        """Places right before a name that one or two other files define, and this one does not."""
        if path not in self._syntax:
            return
        found = [
            (use, there) for use in NAME.finditer(text) if (there := self._there(use[0], path))
        ]
        self._draw.shuffle(found)
        for use, there in found[: _TRIES * A_FILE]:
            end = text.find("\n", use.start())
            own = re.search(rf"\b{use[0]}\s*(=|:=|:)(?!=)", text)
            inside = end >= 0 and end - use.start() <= LONGEST
            if inside and not own and self._is_code(path, text, use.start(), imports=False):
                yield use.start(), end, {"symbol": use[0], "defined_in": there}

    def _there(self, name: str, path: str) -> list[str]:
        """The other files that define a name, none if it is common or means something else here."""
        found = self._defined.get((language_of(path), name), [])
        if len(name) < _OWN_NAME or not 0 < len(found) <= _DEFINERS or path in found:
            return []
        here = PurePosixPath(path)
        words = self._words[path]
        near = [PurePosixPath(one) for one in found]
        known = all(
            one.parent == here.parent or one.stem in words or one.parent.name in words
            for one in near
        )
        return found if known else []

    def _definitions(self) -> dict[tuple[str | None, str], list[str]]:
        """Which files define a name, by language and name."""
        found: dict[tuple[str | None, str], list[str]] = defaultdict(list)
        for number, path in enumerate(self._syntax):
            language = language_of(path)
            text = self._tree[path]
            # the caches of outlines go by place and stamp; no other tree may meet these
            file = SourceFile(path, path, language or "", text, (id(self), number))
            for name in sorted(set(_names(outline_of(file).definitions))):
                found[language, name].append(path)
        return found

    def _bodies(self, path: str, text: str) -> Iterator[Cut]:
        """Bodies of functions, from the first statement behind the documentation to the last."""
        syntax = self._syntax.get(path)
        if syntax is None:
            return
        functions = list(_functions(syntax.root))
        self._draw.shuffle(functions)
        for function in functions:
            statements = _statements(function)
            if not statements:
                continue
            start = len(syntax.between(0, statements[0].start_byte))
            end = len(syntax.between(0, statements[-1].end_byte))
            answer = text[start:end].rstrip()
            opens_line = not text[text.rfind("\n", 0, start) + 1 : start].strip()
            lines = answer.count("\n") + 1
            if opens_line and lines in BODY_LINES and LEAK <= len(answer) <= BODY_LONGEST:
                name = function.child_by_field_name("name")
                symbol = {"symbol": syntax.text(name)} if name is not None else {}
                yield start, start + len(answer), symbol


def _names(definitions: Sequence[Definition]) -> Iterator[str]:
    for definition in definitions:
        yield definition.name
        yield from _names(definition.members + definition.attached)


def _functions(node: Node) -> Iterator[Node]:
    left = [node]
    while left:
        one = left.pop()
        if ("function" in one.type or "method" in one.type) and one.child_by_field_name("body"):
            yield one
        left += reversed(one.named_children)


def _statements(function: Node) -> list[Node]:
    """What a body says, without a docstring; none for a body that is an expression."""
    body = function.child_by_field_name("body")
    if body is None or ("block" not in body.type and "compound" not in body.type):
        return []
    found = list(body.named_children)
    if found and found[0].type == "expression_statement" and found[0].named_child_count:
        first = found[0].named_children[0]
        found = found[first.type == "string" :]
    return found
