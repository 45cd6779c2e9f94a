"""`midfill bench` as a user runs it."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.cli import add_parser
from lsp_server.bench.errors import BenchError
from lsp_server.bench.keystrokes import contestants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def bench(*arguments: str) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["bench", *arguments])
    return int(parsed.run(parsed))


@pytest.fixture
def quick(task_file: Path, command: Callable[[str], list[str]]) -> list[str]:
    """Options of a quick run into a made-up server."""
    server = shlex.join(command("right"))
    return ["keystrokes", "--tasks", str(task_file), "--speed", "100", "--server", server]


def test_a_run_writes_results_and_a_report(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the bound beside them, the guards, and the machine."""
    files = ["--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    assert bench(*quick, "--zero-latency", "--name", "made up", "--interleave", *files) == 0
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [run["name"] for run in found["runs"]] == ["made up", "made up (zero latency)"]
    assert found["runs"][1]["figures"]["keystrokes_saved"] > 0.7
    assert all(guard["holds"] for guard in found["guards"])
    assert found["environment"]["cores"]
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "keystrokes saved" in capsys.readouterr().out


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Midfill's server with an engine that needs no model."""
    command = [sys.executable, "-m", "lsp_server", "serve", "--engine", "fake:return total"]
    monkeypatch.setattr(contestants, "_command", lambda _: list(command))


@pytest.mark.usefixtures("own_server")
def test_results_name_the_device_that_served(task_file: Path, tmp_path: Path) -> None:
    """As the server says, not as was asked."""
    path = tmp_path / "r.json"
    options = ["--tasks", str(task_file), "--speed", "100", "--device", "auto"]
    assert bench("keystrokes", *options, "--json", str(path)) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["environment"]["served_by"] == {"engine": "fake", "device": "cpu"}


@pytest.mark.usefixtures("own_server")
def test_a_card_that_was_asked_for_and_does_not_serve_is_an_error(task_file: Path) -> None:
    """Figures of a CPU never carry a card's name."""
    with pytest.raises(BenchError, match=r"--device cuda:1: the model runs on cpu"):
        bench("keystrokes", "--tasks", str(task_file), "--device", "cuda:1")


def test_the_device_is_a_setting_beside_the_others() -> None:
    """It becomes an initialization option of the server that is started."""
    given = argparse.Namespace(settings='{"engine": {"threads": 2}}', device="cuda:1", server=None)
    assert contestants._settings(given) == {"engine": {"threads": 2, "device": "cuda:1"}}


def test_results_can_be_compared(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files, or two runs of one."""
    path = tmp_path / "r.json"
    assert bench(*quick, "--zero-latency", "only", "--json", str(path)) == 0
    assert bench("compare", str(path), str(path)) == 0
    assert "2 tasks in common" in capsys.readouterr().out


def test_guards_alone_start_no_server(task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second is enough."""
    arguments = ["--tasks", str(task_file), "--guards-only", "--server", "no-such-server"]
    assert bench("keystrokes", *arguments) == 0
    assert capsys.readouterr().out.count("ok") == 4


def test_a_person_at_an_editor_changes_lines_in_the_tree_of_the_parent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Midfill's own server, an engine without a model, and the guards of a person."""
    row = {
        "id": "a", "file": "a.py", "before": "x = f(1)\n", "parent": "0123456789ab",
        "hunks": [{"line": 0, "old": ["x = f(1)"], "new": ["x = g(12)"]}],
    }  # fmt: skip
    tasks = tmp_path / "edits.jsonl"
    tasks.write_text(json.dumps(row), encoding="utf-8")
    tarfile.open(tmp_path / "0123456789ab.tar.gz", "w:gz").close()
    options = ["keystrokes", "--tasks", str(tasks), "--workspaces", str(tmp_path)]
    with pytest.raises(BenchError, match="add --person real"):
        bench(*options)
    server = f"{sys.executable} -m lsp_server serve --stdio --engine fake:x"
    path = tmp_path / "r.json"
    run = [*options, "--person", "real", "--server", server, "--speed", "20", "--json", str(path)]
    assert bench(*run) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["runs"][0]["tasks"][0]["counts"]["changed_keys"] > 2
    assert found["options"]["typing"]["habits"]["typo"] == 0.015
    assert bench("compare", str(path), str(path)) == 0
    assert "1 tasks in common" in capsys.readouterr().out


def test_a_run_of_nothing_but_faults_fails(
    task_file: Path, command: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reason is printed."""
    server = shlex.join(command("none"))
    assert bench("keystrokes", "--tasks", str(task_file), "--server", server) == 1
    assert "does not offer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--lang", "cobol"], "there are tasks in go, python"),
        (["--settings", "{"], "--settings is not JSON"),
        (["--settings", "[]"], "must be a JSON object"),
        (["--server", "'"], "--server"),
        (["--peer", "tabby=http://x"], "known is llama-server"),
        (["--peer", "llama-server=x"], "not an address"),
        (["--only-peer"], "needs --peer"),
        (["--device", "gpu"], "known are auto, cpu, cuda"),
        (["--device", "cpu", "--server", "x"], "midfill's own server"),
        (["--json", "/no/such/folder/r.json"], "no folder"),
        (["--simulate", "1000"], "expected PREFILL,DECODE"),
        (["--simulate", "0,5"], "expected PREFILL,DECODE"),
        (["--simulate", "1000,45", "--server", "other"], "leave out --server"),
    ],
)
def test_bad_options_say_what_is_wrong(task_file: Path, options: list[str], says: str) -> None:
    """Before anything is measured."""
    with pytest.raises(BenchError) as caught:
        bench("keystrokes", "--tasks", str(task_file), *options)
    assert says in str(caught.value)


@pytest.mark.parametrize("options", [["--speed", "0"], ["--count", "0"], ["--reaction", "-1"]])
def test_numbers_out_of_range_are_refused(options: list[str]) -> None:
    """By the parser."""
    with pytest.raises(SystemExit):
        bench("keystrokes", "--repo", ".", *options)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_ctrl_c_keeps_partial_results(
    task_file: Path, command: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """Tasks done are in the file, the exit code says interrupted, no server stays behind."""
    path = tmp_path / "r.json"
    options = ["--tasks", str(task_file), "--server", shlex.join(command("right"))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lsp_server", "bench", "keystrokes", *options),
        *("--reaction", "0", "--json", str(path)),
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 -- the first task is done when it is
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["interrupted"]
    assert [task["id"] for task in found["runs"][0]["tasks"]] == ["one"]
