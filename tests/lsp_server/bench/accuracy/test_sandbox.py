"""Candidate programs cannot reach, fill, outlast or multiply beyond their limits."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from lsp_server.bench.accuracy import sandbox
from lsp_server.bench.accuracy.sandbox import Finished, Level, ProgramLimits, run

PYTHON = str(Path(sys.base_prefix, "bin", "python3"))
LEVELS = [Level.CLOSED, Level.OPEN]


def program(
    folder: Path, source: str, limits: ProgramLimits | None = None, **given: object
) -> Finished:
    """Run a Python program at a level, the closed one by default."""
    level = given.pop("at", Level.CLOSED)
    assert isinstance(level, Level)
    if level is Level.CLOSED and sandbox.level() is not Level.CLOSED:
        pytest.skip("no closed sandbox can be made here")
    (folder / "t.py").write_text(source, encoding="utf-8")
    inside = sandbox.INSIDE if level is Level.CLOSED else str(folder)
    limits = limits or ProgramLimits(seconds=20)
    stdin = str(given.pop("stdin", ""))
    return run([PYTHON, "-I", f"{inside}/t.py"], folder, limits=limits, at=level, stdin=stdin)


@pytest.mark.parametrize("level", LEVELS)
def test_a_good_program_runs(tmp_path: Path, level: Level) -> None:
    """Input, output and status come through."""
    done = program(tmp_path, "print(input()[::-1])", at=level, stdin="abc\n")
    assert (done.status, done.stdout, done.limit) == (0, "cba\n", ""), done


@pytest.mark.parametrize("level", LEVELS)
def test_a_program_that_sleeps_ends_at_its_time_limit(tmp_path: Path, level: Level) -> None:
    """And the limit is named."""
    started = time.monotonic()
    done = program(tmp_path, "import time; time.sleep(300)", ProgramLimits(seconds=2), at=level)
    assert done.status != 0
    assert "2 s" in done.limit
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("level", LEVELS)
def test_children_that_break_away_end_with_the_program(tmp_path: Path, level: Level) -> None:
    """A double fork into a session of its own does not outlive the time limit by much."""
    mark = f"midfill-sandbox-{os.getpid()}-{level}"
    source = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv({PYTHON!r}, ["python3", "-c", "import time; time.sleep(300)", {mark!r}])
    os._exit(0)
time.sleep(300)
"""
    program(tmp_path, source, ProgramLimits(seconds=3), at=level)
    if level is Level.CLOSED:  # with its processes' own space ends everything in it
        assert not _running(mark)
    else:
        _end(mark)


@pytest.mark.parametrize("level", LEVELS)
def test_a_fork_bomb_is_ended(tmp_path: Path, level: Level) -> None:
    """By the number of its processes, long before its time is up."""
    source = "import os, time\nfor _ in range(7):\n    os.fork()\ntime.sleep(300)\n"
    done = program(tmp_path, source, ProgramLimits(seconds=120, processes=32), at=level)
    assert "32 processes" in done.limit


@pytest.mark.parametrize("level", LEVELS)
def test_a_program_that_takes_memory_is_ended(tmp_path: Path, level: Level) -> None:
    """By what is resident, or by an error at the limit of its address space."""
    source = "kept = []\nwhile True:\n    kept.append(b'x' * (1 << 22))\n"
    done = program(tmp_path, source, ProgramLimits(seconds=120, memory_mb=200), at=level)
    assert "200 MiB" in done.limit
    done = program(tmp_path, source, ProgramLimits(seconds=120, address_mb=300), at=level)
    assert "MemoryError" in done.stderr


@pytest.mark.parametrize("level", LEVELS)
def test_endless_output_is_cut(tmp_path: Path, level: Level) -> None:
    """Output counts as a file and ends at its limit."""
    source = "while True: print('y' * 1000)"
    done = program(tmp_path, source, ProgramLimits(seconds=60, file_mb=1), at=level)
    assert done.status != 0
    assert len(done.stdout) <= 1 << 20


def test_there_is_no_network(tmp_path: Path) -> None:
    """Not even the loopback of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        assert program(tmp_path, source, at=Level.OPEN).status == 0, "the check itself works"
        done = program(tmp_path, source)
    assert done.status != 0
    assert "OSError" in done.stderr or "ConnectionRefused" in done.stderr


def test_nothing_outside_can_be_written(tmp_path: Path) -> None:
    """Not the program's own folder, the home, the system, nor the root; /tmp is its own."""
    outside = tmp_path / "outside"
    outside.mkdir()
    inner = tmp_path / "work"
    inner.mkdir()
    places = [
        str(outside / "x"),
        f"{sandbox.INSIDE}/x",
        str(Path.home() / "x"),
        "/usr/x",
        "/etc/x",
        "/x",
    ]
    source = f"""
for place in {places!r}:
    try:
        open(place, "w")
    except OSError:
        continue
    print("wrote", place)
open("/tmp/x", "w").write("mine")
print(open("/tmp/x").read())
"""
    done = program(inner, source)
    assert done.stdout == "mine\n", done
    assert not (outside / "x").exists()


def test_nothing_of_the_user_can_be_read(tmp_path: Path) -> None:
    """The user's files and other processes are not there at all."""
    secret = tmp_path / "secret"
    secret.write_text("s", encoding="utf-8")
    inner = tmp_path / "work"
    inner.mkdir()
    source = f"""
import os
print(os.path.exists({str(secret)!r}), os.path.exists({str(Path(__file__))!r}))
print(os.path.exists("/proc/{os.getpid()}/environ") and os.getpid() > {os.getpid()})
print(sorted(os.environ))
"""
    lines = program(inner, source).stdout.splitlines()
    assert lines[0] == "False False"
    assert lines[1] == "False"
    assert set(lines[2].strip("[]").replace("'", "").split(", ")) <= {
        "HOME",
        "LANG",
        "LC_CTYPE",
        "PATH",
        "PYTHONHASHSEED",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }


def test_what_is_closed_cannot_be_opened_again(tmp_path: Path) -> None:
    """The program has no rights to mount, and the old root is gone."""
    source = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.mount(None, {sandbox.INSIDE.encode()!r}, None, 4096 | 32, None), os.path.exists("/old"))
"""
    assert program(tmp_path, source).stdout == "-1 False\n"


def test_a_compiler_may_write_into_its_folder(tmp_path: Path) -> None:
    """What it leaves there stays for the run after it."""
    if sandbox.level() is not Level.CLOSED:
        pytest.skip("no closed sandbox can be made here")
    write = ["/bin/sh", "-c", f"echo built > {sandbox.INSIDE}/out"]
    assert run(write, tmp_path, limits=ProgramLimits(), writable=True).status == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == "built\n"
    assert run(write, tmp_path, limits=ProgramLimits()).status != 0


def _running(mark: str) -> bool:
    return any(mark in _command(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _end(mark: str) -> None:
    """End what a weak sandbox could not, by its own mark."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and mark in _command(entry):
            os.kill(int(entry.name), 9)
