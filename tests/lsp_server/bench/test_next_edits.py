"""The edit replay: what is right, what is wrong, and who is measured beside midfill."""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from context.next_edit.due import EditKind
from context.next_edit.predict import Prediction
from context.text import Text
from lsp_server.bench.cli import add_parser
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.next_edits.calibrate import calibrated
from lsp_server.bench.next_edits.commits import CommitTask, LineHunk, read_commits
from lsp_server.bench.next_edits.figures import figures
from lsp_server.bench.next_edits.forecasters import FORECASTERS
from lsp_server.bench.next_edits.history import commits_from
from lsp_server.bench.next_edits.replay import Outcome, judged, replay

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = "".join(f"row = old(value{n}, table)\n#\n" for n in range(5))
HUNKS = tuple(
    LineHunk(2 * n, (f"row = old(value{n}, table)",), (f"row = new(value{n}, table)",))
    for n in range(5)
)
TASK = CommitTask("t", "python", "me/it", "a.py", BEFORE, HUNKS)


def _says(line: int, old: str, new: str) -> Prediction:
    return Prediction("file:///task", line, (old,), (new,), EditKind.RENAME, "", 1.0)


@pytest.mark.parametrize(
    ("answer", "outcome", "hunk"),
    [
        (None, Outcome.SILENT, None),
        (_says(2, "row = old(value1, table)", "row = new(value1, table)"), Outcome.RIGHT, 0),
        (_says(2, "row = old(value1, table)", "row = new(1)"), Outcome.RIGHT_LINE, None),
        (_says(1, "#", "# new"), Outcome.WRONG, None),
    ],
)
def test_an_answer_is_judged_by_the_hunks_left(
    answer: Prediction | None, outcome: Outcome, hunk: int | None
) -> None:
    """Right is what equals a hunk, right line what touches one, all else wrong."""
    assert judged(answer, HUNKS[1:], Text.of(BEFORE)) == (outcome, hunk)


def test_the_guards_hold() -> None:
    """Silence is never wrong and covers nothing; a plain repetition is foreseen by midfill."""
    silent = figures(replay(TASK, FORECASTERS["silent"]("python")))
    assert (silent["wrong"], silent["coverage"], silent["silent"]) == (0, 0.0, 5)
    own = figures(replay(TASK, FORECASTERS["midfill"]("python")))
    assert own["right"] >= 2
    assert own["wrong"] == own["right line"] == 0


def test_after_the_last_hunk_only_silence_is_right() -> None:
    """A rename that goes on where the commit ended is wrong there."""
    asked = replay(
        CommitTask("t", "python", "me/it", "a.py", BEFORE, HUNKS[:4]),
        FORECASTERS["rename only"]("python"),
    )
    assert [one.outcome for one in asked] == [Outcome.RIGHT] * 3 + [Outcome.WRONG]


def test_calibration_learns_that_repetition_is_right() -> None:
    """Fitted to commits that repeat themselves, doing it twice counts for it."""
    points = calibrated([TASK])
    assert points["made twice"] > 0
    assert points["import"] == 1.5


def test_the_command_prints_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`midfill bench edits` shows all forecasters and writes the same figures."""
    tasks, out = tmp_path / "edits.jsonl", tmp_path / "out.json"
    hunks = [{"line": h.line, "old": h.old, "new": h.new} for h in HUNKS]
    row = {"id": "t", "lang": "python", "repo": "r", "file": "a.py", "before": BEFORE}
    tasks.write_text(json.dumps({**row, "hunks": hunks}) + "\n")
    monkeypatch.setenv("COLUMNS", "160")
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["bench", "edits", str(tasks), "--json", str(out)])
    assert parsed.run(parsed) == 0
    assert "rename only" in capsys.readouterr().out
    assert json.loads(out.read_text())["forecasters"]["silent"]["silent"] == 5


def test_a_row_that_is_no_task_is_named(tmp_path: Path) -> None:
    """A hunk without lines is told with its file and line."""
    tasks = tmp_path / "edits.jsonl"
    row = {"id": "t", "lang": "python", "repo": "r", "file": "a.py", "before": ""}
    tasks.write_text(json.dumps({**row, "hunks": [{"line": 1}]}) + "\n")
    with pytest.raises(TaskFileError, match=r"edits.jsonl line 1: a hunk is not"):
        read_commits(tasks)


def test_a_repository_gives_its_own_commits(tmp_path: Path) -> None:
    """A commit that changes a file in three places is a task whose hunks give the new file."""

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, timeout=60)  # noqa: S607 - git is found as the user finds it

    git("init", "-q")
    file = tmp_path / "a.py"
    rows = [f"x{n} = {n}" for n in range(12)]
    file.write_text("\n".join(rows) + "\n")
    git("add", ".")
    git("commit", "-qm", "one")
    rows[1], rows[5] = "y = 1", "y = 5\nz = 5"
    del rows[9]
    file.write_text("\n".join(rows) + "\n")
    git("commit", "-qam", "two")
    (task,) = commits_from(tmp_path, commits=10)
    text, moved = Text.of(task.before), 0
    for hunk in task.hunks:
        text = hunk.moved(moved).applied(text)
        moved += len(hunk.new) - len(hunk.old)
    assert len(task.hunks) == 3
    assert str(text) == file.read_text()
