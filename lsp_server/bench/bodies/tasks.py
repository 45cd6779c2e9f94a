"""Functions without their bodies, out of any set of fill-in-the-middle tasks.

A task of the kind `body` is one as it is. Of any other the function around its hole is taken, so
that sets with tests keep them: the body begins behind the documentation.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from context.syntax.trees import parse
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.keystrokes.person.editor import AutoPairEditor
from lsp_server.bench.tasks.holes import read_tasks
from lsp_server.bench.tasks.typing import TypingTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tree_sitter import Node

    from lsp_server.bench.tasks.holes import HoleTask

LONGEST: Final = 30
"""Lines of a body that somebody may want at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class BodyTask:
    """One function whose body is missing.

    Attributes:
        hole: the task it is from, with the whole body as its hole; its tests are the program's.
        opened: the document up to the end of the line that opens the body.
        after: the document behind the body.
    """

    hole: HoleTask
    opened: str
    after: str

    @property
    def started(self) -> str:
        """The document up to the cursor once Enter was pressed: the editor has indented."""
        text = self.opened + self.after
        editor = AutoPairEditor(text, len(self.opened), self.hole.language)
        editor.enter()
        return editor.left

    def typing(self) -> TypingTask:
        """What a server is given to open."""
        return TypingTask(
            id=self.hole.id,
            language=self.hole.language,
            file=self.hole.file,
            before=self.opened + self.after,
            offset=len(self.opened),
            typed=self.hole.answer,
            repo=self.hole.repo.rpartition("/")[2] or "workspace",
        )

    def completed(self, body: str) -> HoleTask:
        """The program with this body: all of it stands before a hole that needs nothing."""
        return dataclasses.replace(
            self.hole, prefix=self.started + body, suffix=self.after, answer=""
        )


def read_bodies(path: Path, *, quick: bool = False) -> list[BodyTask]:
    """The functions that a task file has, each once.

    Raises:
        TaskFileError: no such file, a row that is no task, or no function in it.
    """
    tasks = [task for task in read_tasks(path) if task.quick or not quick]
    found: dict[tuple[str, str], BodyTask] = {}
    for task in tasks:
        body = _body_of(task)
        if body is not None:
            found.setdefault((body.opened, body.after), body)
    if not found:
        message = f"no hole of {path} is in the body of a function of 1 to {LONGEST} lines"
        raise TaskFileError(message + ("; run without --quick" if quick else ""))
    return list(found.values())


def _body_of(task: HoleTask) -> BodyTask | None:
    text = task.before + task.answer + task.after
    start, end = len(task.before), len(task.before) + len(task.answer)
    if task.fields.get("kind") != "body":
        span = _span(task.language, text, start)
        if span is None:
            return None
        start, end = span
    body = text[start:end]
    if not body.strip() or body.count("\n") >= LONGEST:
        return None
    opened = text[:start].rstrip()
    if "\n" not in text[len(opened) : start]:
        return None  # it stands on the line of its signature
    return BodyTask(dataclasses.replace(task, answer=body), opened, text[end:])


def _span(language: str, text: str, offset: int) -> tuple[int, int] | None:
    """From the first statement to the end of the last of the function around an offset."""
    syntax = parse(language, text)
    if syntax is None:
        return None
    at = len(text[:offset].encode("utf-8", "replace"))
    node: Node | None = syntax.root.descendant_for_byte_range(at, at)
    inner = next((one for one in _up(node) if _is_function(one)), None)
    body = inner.child_by_field_name("body") if inner is not None else None
    statements = list(body.named_children) if body is not None else []
    if statements and _is_documentation(statements[0]):
        del statements[0]
    if not statements:
        return None
    start, end = statements[0].start_byte, statements[-1].end_byte
    return len(syntax.between(0, start)), len(syntax.between(0, end))


def _up(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent


def _is_function(node: Node) -> bool:
    named = "function" in node.type or "method" in node.type
    return named and node.child_by_field_name("body") is not None


def _is_documentation(node: Node) -> bool:
    if node.type != "expression_statement" or not node.named_children:
        return False
    return node.named_children[0].type == "string"
