"""The workspace of a task holds no answer, and what is selected from it comes from other files."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.fake import FakeEngine
from lsp_server.bench.accuracy.options import EvalOptions
from lsp_server.bench.accuracy.oracle import oracle, repositories
from lsp_server.bench.accuracy.run import Evaluation
from lsp_server.bench.accuracy.workspace import SELECTIONS, Workspace
from lsp_server.bench.engines.answer_cache import AnswerCache
from lsp_server.bench.studies.context import Study, run, usable
from lsp_server.bench.studies.context_figures import table, unseen
from lsp_server.bench.studies.context_variants import Variant
from lsp_server.bench.tasks.holes import HoleTask, read_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE = """\
class Store:
    def fetch(self, name: str) -> bytes:
        return b""
"""
MAIN = "from app.store import Store\n\n\ndef main(store: Store) -> bytes:\n    return store."
ANSWER = "fetch('SECRET')"


def _row(number: int, file: str, text: tuple[str, str, str], **more: object) -> dict[str, Any]:
    prefix, middle, suffix = text
    row = {"id": str(number), "lang": "python", "kind": "xfile", "repo": "me/demo", "file": file}
    return {**row, "prefix": prefix, "middle": middle, "suffix": suffix, **more}


@pytest.fixture
def tasks(tmp_path: Path) -> list[HoleTask]:
    """A hole whose name another file defines, and rows that hold the other files."""
    wanted = {"symbol": "fetch", "defined_in": ["app/store.py", "app/main.py"]}
    rows = [
        _row(0, "app/main.py", (MAIN, ANSWER, "\n"), **wanted),
        _row(1, "app/store.py", ("", STORE[:5], STORE[5:])),
        _row(2, "app/other.py", ("", "x", " = 1\n")),
        # another hole of the same file: its row holds the first one's answer
        _row(3, "app/main.py", (MAIN[:4], MAIN[4:8], MAIN[8:] + ANSWER + "\n")),
    ]
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_tasks(path)


@pytest.fixture
def workspace(tasks: list[HoleTask]) -> Iterator[Workspace]:
    """The first task's."""
    with Workspace(tasks[0], repositories(tasks)) as made:
        yield made


def test_the_answer_is_nowhere_on_disk(workspace: Workspace) -> None:
    """Also where another hole of the same file has it."""
    texts = [path.read_text("utf-8") for path in workspace.root.rglob("*") if path.is_file()]
    assert len(texts) == 3
    assert not any("SECRET" in text for text in texts)
    assert not any("main.py" in location for location in workspace.open_files())


def test_the_folder_goes_with_its_task(tasks: list[HoleTask]) -> None:
    """Nothing is left behind."""
    with Workspace(tasks[0], repositories(tasks)) as made:
        root = made.root
    assert not root.exists()


@pytest.mark.parametrize("way", SELECTIONS)
def test_no_selection_has_the_answer(workspace: Workspace, way: str) -> None:
    """Whatever looks at the workspace."""
    assert all("SECRET" not in one.text for one in workspace.candidates(way))


@pytest.mark.parametrize("way", ["oracle", "imports", "selected"])
def test_the_definition_is_selected(workspace: Workspace, way: str) -> None:
    """By hand, and by following the import."""
    found = workspace.candidates(way)
    assert any("def fetch" in one.text and one.path == "app/store.py" for one in found)


def test_the_oracle_never_looks_into_the_tasks_own_file(tasks: list[HoleTask]) -> None:
    """Even where the row says that it defines the name, too."""
    found = oracle(tasks[0], repositories(tasks))
    assert found is not None
    assert found[0] == "app/store.py"


def test_only_tasks_with_a_definition_are_used(tasks: list[HoleTask]) -> None:
    """The others say nothing about other files."""
    assert usable(tasks, [Variant.parse("repo/outline", 512)]) == tasks[:1]


def test_cells_are_compared_with_their_prompt_without_context(
    tasks: list[HoleTask], tmp_path: Path
) -> None:
    """Every answer is asked for once, and a second run asks for none."""
    cells = [Variant.parse("repo/outline", 512), Variant.parse("repo/oracle=", 512)]
    fake = FakeEngine(["fetch()", ANSWER, ANSWER])
    memo = AnswerCache(tmp_path / "memo.jsonl")
    rows = run(fake, tasks, tasks[:1], cells, memo, tmp_path / "rows.jsonl")
    assert [(row.cell, row.em1, row.first_id) for row in rows] == [
        ("none@512", False, True),
        ("repo/outline@512", True, True),
        ("repo/oracle@512=", True, True),
    ]
    assert rows[1].added > 0
    assert rows[0].added == 0
    lines = {line["cell"]: line for line in table(rows)}
    assert (lines["repo/outline@512"]["em1_won"], lines["repo/outline@512"]["em1_lost"]) == (1, 0)
    assert unseen(rows) == rows, "the name stands nowhere in the task's own file"
    again = run(FakeEngine(), tasks, tasks[:1], cells, memo, None)
    assert again == rows
    assert len((tmp_path / "rows.jsonl").read_text("utf-8").splitlines()) == 3


def test_within_the_budget_means_within(tasks: list[HoleTask], tmp_path: Path) -> None:
    """The prompt with context is no longer than its tokens."""
    fake = FakeEngine(rest="x")
    study = Study(fake, tasks, AnswerCache(tmp_path / "memo.jsonl"))
    study.answer(tasks[0], Variant.parse("repo/selected@220=", 512))
    assert len(fake.history[0].stable) <= 220


def test_an_evaluation_sees_the_workspace_as_the_server_does(
    tasks: list[HoleTask], tmp_path: Path
) -> None:
    """Imported definitions reach the prompt when context is on, nothing of them when it is off."""
    prompts = {}
    for layout in ("repo", "off"):
        changed = {"prompt.context": layout}
        options = EvalOptions("t", "d", changed=changed, engine="fake", execute=False)
        fake = FakeEngine(rest="fetch()")
        make = functools.partial(_same, fake)
        evaluation = Evaluation(options, tmp_path / layout, None, make_engine=make)
        found = asyncio.run(evaluation.run(tasks[:1], lambda _: None, tasks))
        assert found.rows[0].shown == "fetch()"
        [request] = fake.history
        prompts[layout] = fake.tokenizer.decode(request.stable)
    assert "def fetch(self" in prompts["repo"]
    assert "def fetch(self" not in prompts["off"]
    assert not any("SECRET" in prompt for prompt in prompts.values())


def _same(engine: FakeEngine) -> FakeEngine:
    return engine
