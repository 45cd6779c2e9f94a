"""Programs are built and judged as the reference does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server.bench.accuracy import sandbox
from lsp_server.bench.accuracy.programs import (
    check,
    cut_call,
    cut_control,
    missing_tools,
    same_output,
)
from lsp_server.bench.tasks.holes import HoleTask, read_tasks

from .conftest import reference_rows

if TYPE_CHECKING:
    from pathlib import Path

IO_PREFIX = {
    "python": "n = int(input())\nprint(",
    "cpp": "#include <iostream>\nint main() {\n  int n; std::cin >> n;\n  std::cout << ",
    "java": "import java.util.Scanner;\npublic class Main {\n"
    "  public static void main(String[] a) {\n"
    "    int n = new Scanner(System.in).nextInt();\n    System.out.println(",
}
IO_SUFFIX = {"python": ")\n", "cpp": ";\n}\n", "java": ");\n  }\n}\n"}


def _task(folder: Path, row: dict[str, Any]) -> HoleTask:
    path = folder / "one.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    [task] = read_tasks(path)
    return task


@pytest.mark.parametrize("lang", ["python", "cpp", "java"])
def test_whole_programs_are_judged_by_their_output(tmp_path: Path, lang: str) -> None:
    """Another spelling passes, a wrong value fails, what does not compile says so."""
    tests = [{"input": "2\n", "output": ["4"]}, {"input": "5\n", "output": ["25", "25.0"]}]
    row = {
        "id": "x",
        "set": "safim_block",
        "lang": lang,
        "prefix": "described otherwise",
        "middle": "n * n",
        "suffix": "",
        "eval_prefix": IO_PREFIX[lang],
        "eval_suffix": IO_SUFFIX[lang],
        "exec": {"kind": "io", "tests": tests},
    }
    task = _task(tmp_path, row)
    if missing_tools(task) or sandbox.level() is sandbox.Level.OPEN:
        pytest.skip("the language or the sandbox is not there")
    verdicts = [check(task, text) for text in ("n*n", "n + n", "n *", "")]
    assert [verdict and verdict.passed for verdict in verdicts] == [True, False, False, False]
    assert verdicts[1]
    assert "wrong output" in verdicts[1].message


def test_verdicts_agree_with_the_reference_on_real_rows(reference: Any, tmp_path: Path) -> None:
    """Right, nearly right and senseless completions of the sets in Python and JavaScript."""
    if sandbox.level() is sandbox.Level.OPEN:
        pytest.skip("no sandbox can be made here")
    judged = 0
    for name in ("santacoder_fim.jsonl", "humaneval_infill.jsonl", "safim.jsonl"):
        rows = [row for row in reference_rows(name) if row["lang"] in {"py", "js", "python"}]
        for row in rows[:: len(rows) // 4]:
            task = _task(tmp_path, row)
            if missing_tools(task):
                continue
            for completion in (row["middle"], row["middle"] + "  ", "pass", ""):
                verdict = check(task, completion)
                assert (verdict and verdict.passed) == reference.execute(row, completion), row["id"]
                judged += 1
    assert judged >= 40


def test_tasks_without_tests_have_no_verdict(tmp_path: Path) -> None:
    """Nothing is run for them."""
    row = {"id": "x", "lang": "go", "prefix": "", "middle": "x", "suffix": ""}
    assert check(_task(tmp_path, row), "x") is None


def test_tests_that_check_nothing_do_not_pass(tmp_path: Path) -> None:
    """A prefix without a function leaves nothing to call."""
    row = {"id": "x", "lang": "py", "prefix": "x = ", "middle": "1", "suffix": "\n"}
    spec = {"kind": "multipl-e", "tests": "def check(f):\n    assert f(1)\n"}
    verdict = check(_task(tmp_path, {**row, "exec": spec}), "1")
    assert verdict is not None
    assert not verdict.passed


def test_a_missing_toolchain_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its language can be skipped and said so."""
    row = {"id": "x", "lang": "cpp", "prefix": "", "middle": "x", "suffix": ""}
    around = {"eval_prefix": "", "eval_suffix": ""}
    task = _task(tmp_path, {**row, **around, "exec": {"kind": "io", "tests": []}})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_tools(task) == ("g++",)


def test_calls_and_conditions_are_cut_as_the_reference_does() -> None:
    """A call at the bracket that closes it, a condition at one that it did not open."""
    assert cut_call("f(g(x), y) + 1") == "f(g(x), y)"
    assert cut_call("f + 1") == "f + 1"
    assert cut_control("java", "i < f(n)) { x") == "i < f(n)"
    assert cut_control("python", "\ni < n:\n  x") == "i < n:"


@pytest.mark.parametrize(
    ("got", "wanted", "same"),
    [
        ("1 2\n", ["1   2"], True),
        ("YES", ["yes"], True),
        ("0.5", [".50"], True),
        ("1", ["2", "1"], True),
        ("1", ["1 1"], False),
        ("Abc", ["abc"], False),
        ("nan", ["1"], False),
    ],
)
def test_outputs_are_compared_token_by_token(got: str, wanted: list[str], same: bool) -> None:
    """Numbers by value, yes and no in any case, all else exactly."""
    assert same_output(got, wanted) is same
