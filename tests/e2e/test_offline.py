"""A whole session never reaches for the network, and writes where it may and nowhere else."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {"engine": {"process": "shared", "linger_s": 0}}
_WRITES = re.compile(
    r"\b(?:openat|open|creat|mkdir|mkdirat|rename|renameat2?|link|linkat|symlinkat?)\((.*)"
)
_READ_ONLY = re.compile(r"O_RDONLY|O_PATH")


def session(wire: Wire) -> None:
    """Open, type, complete, accept, change settings, rest, close, leave."""
    with wire:
        wire.initialize(initializationOptions=OPTIONS)
        wire.ready().open("x = \n")
        assert wire.complete(0, 4) != []
        wire.edit((0, 4), (0, 4), "r")
        wire.complete(0, 5)
        wire.notify("workspace/didChangeConfiguration", {"settings": {"midfill": OPTIONS}})
        wire.notify(
            "midfill/cursorRested",
            {
                "textDocument": {"uri": "file:///space/app/main.py"},
                "position": {"line": 0, "character": 5},
            },
        )
        wire.stats()
        wire.notify("textDocument/didClose", {"textDocument": {"uri": "file:///space/app/main.py"}})
        assert wire.leave() == 0


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder with a name so short that a socket fits into its state folder."""
    with tempfile.TemporaryDirectory(prefix="m") as folder:
        yield Path(folder)


def own_home(folder: Path) -> dict[str, str]:
    """An environment whose every default lies in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIDFILL_")}
    kept = {name: value for name, value in kept.items() if not name.startswith("XDG_")}
    # what an installer does once is not the server's doing
    return {**kept, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def contents(folder: Path) -> dict[str, int]:
    """Files and folders below a folder, and when they changed."""
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_only_midfills_own_folders_are_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that is new in the home folder after a session lies in the state folder."""
    work = tmp_path / "work"
    work.mkdir()
    for folder in (home, work):
        (folder / "a.txt").write_text("the user's", encoding="utf-8")
    monkeypatch.chdir(work)
    before = contents(work)
    file = contents(home)["a.txt"]
    session(Wire(engine="remote-fake:return a + b", env=own_home(home)))
    after = contents(home)
    assert contents(work) == before
    assert after.pop("a.txt") == file
    state = ".local/state/midfill"
    assert [
        path for path in after if not f"{state}/".startswith(f"{path}/") and state not in path
    ] == []
    assert f"{state}/engine-host.log" in after


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_system_call_reaches_for_the_network_or_writes_elsewhere(
    home: Path, tmp_path: Path
) -> None:
    """What the kernel saw of the server and of the engine host, native code included."""
    trace = tmp_path / "trace"
    calls = "trace=%network,openat,open,creat,mkdir,rename,renameat,renameat2,link,symlink"
    command = ("strace", "-f", "-qq", "-e", calls, "-s", "300", "-o", str(trace))
    serve = (sys.executable, "-m", "lsp_server", "serve")
    session(Wire(engine="remote-fake:return a + b", command=(*command, *serve), env=own_home(home)))
    seen = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert any("AF_UNIX" in line for line in seen)  # it looked at the right processes
    assert [line for line in seen if re.search(r"AF_INET|AF_NETLINK|AF_PACKET", line)] == []
    written = {path for line in seen for path in _written(line)}
    allowed = (str(home / ".local/state/midfill"), "/dev/", "/proc/")
    strange = {
        path
        for path in written
        if not path.startswith(allowed) and not str(home / ".local/state").startswith(path)
    }
    assert strange == set()
    assert any(path.endswith("engine-host.log") for path in written)


def _written(line: str) -> list[str]:
    """Paths that a traced system call creates or changes."""
    found = _WRITES.search(line)
    if not found or _READ_ONLY.search(line) or " = -1 " in line:
        return []
    return re.findall(r'"([^"]*)"', found[1])


def test_a_refused_attempt_is_told_to_the_user(tmp_path: Path) -> None:
    """A library that tries in the middle of a session changes the status, and the session lives."""
    script = """
import sys, socket
from engine import fake
answer = fake.FakeEngine._decode
def curious(self, *arguments):
    try:
        socket.create_connection(("192.0.2.7", 80))
    except OSError:
        pass
    return answer(self, *arguments)
fake.FakeEngine._decode = curious
from lsp_server.cli import run
sys.exit(run(["serve", *sys.argv[1:]]))
"""
    env = {**os.environ, "MIDFILL_STATE_DIR": str(tmp_path)}
    with Wire(command=(sys.executable, "-c", script), env=env) as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        assert wire.complete(0, 4) != []
        wire.until(
            lambda: any("socket." in status["message"] for status in wire.said("midfill/status")),
            "the status",
        )
        assert wire.leave() == 0
    assert wire.stderr.count(b"refused") == 1
    assert b"192.0.2.7" not in wire.stderr
