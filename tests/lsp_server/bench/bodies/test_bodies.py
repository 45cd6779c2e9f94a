"""Bodies: which are taken, what is counted, what the tests say."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.accuracy import sandbox
from lsp_server.bench.bodies.run import figures, judged, measure
from lsp_server.bench.bodies.tasks import BodyTask, read_bodies
from lsp_server.bench.engines import virtual_time
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.keystrokes.self_check import MadeUpServer
from lsp_server.bench.servers.base import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_server.bench.bodies.rest import BodyRow

PYTHON = '''\
import os


def double(n):
    """Twice as much."""
    once = n
    return once + once


def other():
    return 1
'''
SCRIPT = "function f(n) {\n  const a = n;\n  return a;\n}\n"
TESTS = {"kind": "humaneval", "test": "def check(f):\n    assert f(2) == 4\n", "entry": "double"}


def row(text: str, hole: str, **more: object) -> dict[str, object]:
    """A task with this hole."""
    before, _, after = text.partition(hole)
    common = {"id": hole, "lang": "py", "prefix": before, "middle": hole, "suffix": after}
    return {**common, **more}


def read(tmp_path: Path, *rows: dict[str, object]) -> list[BodyTask]:
    """Bodies of these tasks."""
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return read_bodies(path)


def test_the_body_around_a_hole_begins_behind_its_documentation(tmp_path: Path) -> None:
    """Two holes of one function are one body."""
    (task,) = read(tmp_path, row(PYTHON, "once = n"), row(PYTHON, "once + once"))
    assert task.hole.answer == "once = n\n    return once + once"
    assert task.started.endswith('"""Twice as much."""\n    ')
    assert task.after.startswith("\n\n\ndef other")


def test_braces_stay_where_the_editor_has_put_them(tmp_path: Path) -> None:
    """The cursor is a level deeper than the signature."""
    (task,) = read(tmp_path, row(SCRIPT, "return a;", lang="js"))
    assert task.started == "function f(n) {\n  "
    assert task.hole.answer == "const a = n;\n  return a;"
    assert task.after == "\n}\n"


def test_a_row_that_is_a_body_stays_as_it_is(tmp_path: Path) -> None:
    """As `bench draw` makes them."""
    (task,) = read(tmp_path, row(SCRIPT, "const a = n;\n  return a;", lang="js", kind="body"))
    assert (task.opened, task.after) == ("function f(n) {", "\n}\n")


def test_a_file_without_a_function_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    with pytest.raises(TaskFileError, match=r"no hole of .*tasks\.jsonl is in the body"):
        read(tmp_path, row(PYTHON, "import os"))


class Offering(MadeUpServer):
    """Offers these texts, one after another."""

    def __init__(self, *texts: str) -> None:
        super().__init__("none", 0)
        self.texts = list(texts)
        self.asked: list[str] = []

    async def complete(self, text: str, offset: int) -> Answer:
        """The next one."""
        self.asked.append(text[:offset])
        return Answer(self.texts.pop(0) if self.texts else "", 1)


def measured(task: BodyTask, *texts: str) -> tuple[BodyRow, BodyRow]:
    """The row of a server that offers these texts, judged."""

    async def start() -> Offering:
        return Offering(*texts)

    (found,) = virtual_time.run(measure([task], start, 3000))
    return found, judged(found, task, {})


@pytest.mark.skipif(sandbox.level() is sandbox.Level.OPEN, reason="no sandbox here")
def test_what_is_offered_and_what_is_taken_are_judged_apart(tmp_path: Path) -> None:
    """A first line is no function yet; with the next it passes."""
    (task,) = read(tmp_path, row(PYTHON, "once = n", exec=TESTS))
    _, found = measured(task, "m = 2 * n", "\n    return m\nprint(1)")
    assert found.shown == "m = 2 * n"
    assert found.taken == "m = 2 * n\n    return m"
    assert (found.passed, found.taken_passed) == (False, True)
    assert found.accepts == 2


def test_nothing_offered_is_no_text_and_does_not_pass(tmp_path: Path) -> None:
    """Its times are unknown, not zero."""
    (task,) = read(tmp_path, row(PYTHON, "once = n", exec=TESTS))
    found, _ = measured(task)
    values = figures([found])
    assert (values["bodies"], values["offered"]) == (1, 0)
    assert math.isnan(values["whole_p50"])
    assert math.isnan(values["passed"])  # not judged yet


def test_the_real_body_is_like_itself(tmp_path: Path) -> None:
    """And counts its lines."""
    (task,) = read(tmp_path, row(PYTHON, "once = n"))
    found, judged_row = measured(task, task.hole.answer)
    values = figures([found])
    assert (values["similarity"], values["lines"], values["tested"]) == (100, 2, 0)
    assert judged_row.passed is None
