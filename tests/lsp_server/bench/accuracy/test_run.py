"""Runs: the server's pipeline answers, results can be resumed and compared."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from engine.errors import MidfillError
from engine.fake import FakeEngine
from lsp_server.bench.accuracy import results, sandbox
from lsp_server.bench.accuracy.options import EvalOptions, draw, settings_of
from lsp_server.bench.accuracy.run import Evaluation, why_not_run
from lsp_server.bench.errors import ResultFileError
from lsp_server.bench.tasks.holes import read_tasks
from lsp_server.cli import run as midfill
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_server.bench.accuracy.results import AccuracyResults, AccuracyRow
    from lsp_server.bench.tasks.holes import HoleTask

OPTIONS = EvalOptions(data="small.jsonl", digest="d", engine="fake", execute=False)


def evaluate(
    tasks: list[HoleTask], folder: Path, answers: list[str], options: EvalOptions = OPTIONS
) -> tuple[AccuracyResults, FakeEngine]:
    """Run with a fake engine that gives these answers in turn."""
    fake = FakeEngine(answers)
    out = folder / "out.json"
    evaluation = Evaluation(options, folder / "memo", out, make_engine=lambda: fake)
    found = asyncio.run(evaluation.run(tasks, lambda _: None))
    assert results.load(out).rows == found.rows
    return found, fake


def test_what_a_user_would_see_is_scored(task_file: Path, tmp_path: Path) -> None:
    """The pipeline's own cuts apply: too short a text is not offered, a block ends."""
    tasks = read_tasks(task_file)
    answers = ["return a", "x", "return a\n\nprint(1)", "return b"]
    found, fake = evaluate(tasks, tmp_path, answers)
    shown = [row.shown for row in found.rows]
    assert shown == ["return a", "", "return a", "return b"]
    assert found.rows[2].decoded.startswith("return a\n\n"), "what was cut is kept beside it"
    [line] = results.figures(found.rows)
    figures = {name: line[name] for name in ("n", "offered", "em1", "em", "over", "wrong")}
    assert figures == {"n": 4, "offered": 75, "em1": 50, "em": 50, "over": 0, "wrong": 25}
    assert len(fake.history) == 4


def test_no_answer_helps_with_the_next_task(task_file: Path, tmp_path: Path) -> None:
    """Holes of the same file do not see each other's text."""
    rows = [json.loads(line) for line in task_file.read_text("utf-8").splitlines()]
    same = [{**row, "file": "pkg/same.py", "prefix": rows[0]["prefix"]} for row in rows]
    task_file.write_text("".join(json.dumps(row) + "\n" for row in same), encoding="utf-8")
    found, _ = evaluate(read_tasks(task_file), tmp_path, ["return a"])
    # one prompt, so one answer is played back for all: from the memo, not from the server's cache
    assert [row.shown for row in found.rows] == ["return a"] * 4


def test_programs_say_whether_an_answer_works(task_file: Path, tmp_path: Path) -> None:
    """Another spelling passes, a wrong answer does not, and the reason is kept."""
    if sandbox.level() is sandbox.Level.OPEN:
        pytest.skip("no sandbox can be made here")
    options = EvalOptions(data="small.jsonl", digest="d", engine="fake")
    answers = ["return a", "return a + 0", "return a + 1", "return 1 +"]
    found, _ = evaluate(read_tasks(task_file), tmp_path, answers, options)
    by_id = {row.id: row for row in found.rows}
    assert [by_id[f"t{i}"].passed for i in range(4)] == [True, True, False, False]
    assert "AssertionError" in by_id["t2"].message
    assert "SyntaxError" in by_id["t3"].message
    [line] = results.figures(found.rows)
    assert (line["pass"], line["judged"]) == (50, 4)


@pytest.mark.parametrize("bwrap", [None, "#!/bin/sh\nexit 1\n"])
def test_without_a_sandbox_no_program_runs_unless_asked(
    task_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bwrap: str | None
) -> None:
    """Bubblewrap is missing or cannot work, as in many containers: the result says so."""
    tools = tmp_path / "tools"
    tools.mkdir()
    if bwrap is not None:
        (tools / "bwrap").write_text(bwrap, encoding="utf-8")
        (tools / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    sandbox.level.cache_clear()
    options = EvalOptions(data="small.jsonl", digest="d", engine="fake")
    try:
        tasks = read_tasks(task_file)
        found, _ = evaluate(tasks, tmp_path, ["return a"], options)
        asked = why_not_run(tasks, weak=True)
    finally:
        sandbox.level.cache_clear()
    assert [row.passed for row in found.rows] == [None] * 4
    assert "bubblewrap" in found.skipped["python (humaneval)"]
    assert found.options["sandbox"] == "open"
    assert asked == {}


def test_a_cut_off_run_goes_on_where_it_was(task_file: Path, tmp_path: Path) -> None:
    """Rows that are there are not made again; the whole equals a run in one piece."""
    tasks = read_tasks(task_file)
    first, _ = evaluate(tasks[:2], tmp_path, ["return a", "return b"])
    fake = FakeEngine(["return c", "return d"])
    evaluation = Evaluation(OPTIONS, tmp_path / "other", None, make_engine=lambda: fake)
    evaluation.resume(first)
    found = asyncio.run(evaluation.run(tasks, lambda _: None))
    assert [row.shown for row in found.rows] == ["return a", "return b", "return c", "return d"]
    assert len(fake.history) == 2


def test_a_cancelled_run_keeps_what_is_done(task_file: Path, tmp_path: Path) -> None:
    """And says that it was interrupted."""
    tasks, out = read_tasks(task_file), tmp_path / "out.json"
    fake = FakeEngine(rest="return a")
    evaluation = Evaluation(OPTIONS, tmp_path / "memo", out, make_engine=lambda: fake)

    async def cancel_after_one() -> None:
        def on_row(_: AccuracyRow) -> None:
            work.cancel()

        work = asyncio.ensure_future(evaluation.run(tasks, on_row))
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(cancel_after_one())
    found = results.load(out)
    assert found.interrupted
    assert 1 <= len(found.rows) < 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_what_is_done(task_file: Path, tmp_path: Path) -> None:
    """The exit code says interrupted, the file holds whole rows, and --resume goes on."""
    rows = [json.loads(line) for line in task_file.read_text("utf-8").splitlines()]
    many = [{**rows[0], "id": f"m{n}", "prefix": f"x{n} = 1\n", "exec": None} for n in range(40)]
    task_file.write_text("".join(json.dumps(row) + "\n" for row in many), encoding="utf-8")
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "lsp_server", "eval", str(task_file), "--out", str(out)]
    command += ["--memo", str(tmp_path / "memo"), "--engine", "fake@10:a b c d e"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while not out.exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"--resume goes on" in told
    found = results.load(out)
    assert found.interrupted
    assert 20 <= len(found.rows) < 40
    assert midfill(["eval", *command[4:], "--resume"]) == 0
    whole = results.load(out)
    assert not whole.interrupted
    assert {row.id for row in whole.rows} == {row["id"] for row in many}


def test_a_missing_toolchain_is_skipped_and_said_so(
    task_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the table, in the file and in the row, which has no verdict; other scores are there."""
    row = {"lang": "cpp", "prefix": "int f() {\n  ", "middle": "return a", "suffix": "\n}\n"}
    tests = {"exec": {"kind": "multipl-e", "tests": "int main() {}"}}
    task_file.write_text(json.dumps({"id": "c", **row, **tests}) + "\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out.json"
    arguments = ["--engine", "fake:return a", "--memo", str(tmp_path / "memo"), "--out", str(out)]
    assert midfill(["eval", str(task_file), *arguments]) == 0
    assert "programs not run: cpp (multipl-e): not there: g++" in capsys.readouterr().out
    found = results.load(out)
    assert found.skipped == {"cpp (multipl-e)": "not there: g++"}
    [judged] = found.rows
    assert (judged.passed, judged.message, judged.score.em1) == (None, "not there: g++", True)


def test_a_run_with_other_options_is_not_resumed(task_file: Path, tmp_path: Path) -> None:
    """What differs is named."""
    first, _ = evaluate(read_tasks(task_file)[:1], tmp_path, ["return a"])
    other = EvalOptions(data="small.jsonl", digest="d2", engine="fake", execute=False)
    evaluation = Evaluation(other, tmp_path, None, make_engine=FakeEngine)
    with pytest.raises(ResultFileError, match="digest"):
        evaluation.resume(first)


def test_rows_of_another_model_are_not_gone_on_with(task_file: Path, tmp_path: Path) -> None:
    """The store's choice may have changed since; the earlier file stays as it is."""
    tasks, out = read_tasks(task_file), tmp_path / "out.json"
    first, _ = evaluate(tasks[:1], tmp_path, ["return a"])
    other = Evaluation(OPTIONS, tmp_path, out, make_engine=lambda: FakeEngine(name="b int8 CPUx2"))
    other.resume(first)
    with pytest.raises(ResultFileError, match="is of fake, and now b int8 CPU would answer"):
        asyncio.run(other.run(tasks, lambda _: None))
    assert results.load(out) == first


def test_two_runs_are_paired_by_task(task_file: Path, tmp_path: Path) -> None:
    """Flips are counted on the tasks that both have."""
    tasks = read_tasks(task_file)
    a, _ = evaluate(tasks, tmp_path / "a", ["return a", "return b", "return a", "return b"])
    b, _ = evaluate(tasks[:3], tmp_path / "b", ["return a", "return a", "return b"])
    pair = next(one for one in results.compare(a, b) if one.name == "em1")
    assert (pair.n, pair.only_a, pair.only_b, pair.p) == (3, 1, 1, 1.0)
    assert (round(pair.a), round(pair.b)) == (67, 67)
    with pytest.raises(ResultFileError, match="no task in common"):
        results.compare(a, results.AccuracyResults({}, {}))


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"prompt.max_tokens": -1}, "max_tokens"), ({"prompt.nonsense": 1}, "nonsense")],
)
def test_settings_that_do_not_fit_end_the_run(changed: dict[str, object], words: str) -> None:
    """A figure for settings that were not used would be a lie."""
    with pytest.raises(MidfillError, match=words):
        settings_of(changed)


def test_a_sample_keeps_the_shares_of_sets_and_languages(tmp_path: Path) -> None:
    """And is the same for the same seed, another for another."""
    row = {"prefix": "", "middle": "x", "suffix": "", "set": "s"}
    rows = [{**row, "id": str(i), "lang": "py" if i % 4 else "go"} for i in range(100)]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    tasks = read_tasks(path)
    sample = draw(tasks, 20, 1)
    assert len(sample) == 20
    assert sum(task.lang == "go" for task in sample) == 5
    assert sample == draw(tasks, 20, 1) != draw(tasks, 20, 2)
    assert draw(tasks, 0, 1) == tasks


def test_the_command_runs_shows_and_compares(
    task_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the command line, with the engine that needs no model."""
    a, b, memo = (str(tmp_path / name) for name in ("a.json", "b.json", "memo"))
    base = ["eval", str(task_file), "--no-exec", "--memo", memo]
    assert midfill([*base, "--engine", "fake:return a", "--out", a]) == 0
    assert "100.0" in capsys.readouterr().out
    second = [*base, "--engine", "fake:return b", "--memo", memo + "2", "--out", b]
    assert midfill([*second, "--compare", a]) == 0
    assert "0.1250" in capsys.readouterr().out, "4 of 4 flips: 2 / 2**4"
    assert midfill(["eval", b, "--compare", a]) == 0
    assert "0.1250" in capsys.readouterr().out
    options = json.loads((tmp_path / "a.json").read_text("utf-8"))["options"]
    assert options["data"] == "small.jsonl"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.jsonl"], "gone.jsonl"),
        (["gone.json"], "gone.json"),
        (["{tasks}", "--set", "nonsense"], "NAME=VALUE"),
        (["{tasks}", "--only", "cobol"], "no task"),
        (["{tasks}", "--compare", "{tasks}"], "cannot read results"),
    ],
)
def test_bad_arguments_end_with_one_line(
    task_file: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And exit code 1."""
    given = [one.replace("{tasks}", str(task_file)) for one in arguments]
    assert midfill(["eval", *given, "--engine", "fake:x"]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.startswith("midfill: ")
