"""What the environment does to a start: foreign packages, sockets that cannot be, no threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.wire import Wire
from tests.faults.servers import env, ill, lines, session, told

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
REMOTE = "remote-fake:return a + b"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A project with packages that are called as midfill's, and must not run."""
    folder = tmp_path / "project"
    for name in ("engine", "context", "lsp_server"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit(97)\n", encoding="utf-8")
    return folder


@pytest.fixture
def script(tmp_path: Path) -> str:
    """The command as pip and pipx install it."""
    file = tmp_path / "bin" / "midfill"
    file.parent.mkdir()
    file.write_text("import sys\nfrom midfill import main\nsys.exit(main())\n", encoding="utf-8")
    return str(file)


@pytest.fixture(params=["absolute", "."])
def path_of(request: pytest.FixtureRequest, stranger: Path) -> Mapping[str, str]:
    """An environment whose `PYTHONPATH` has the project in front."""
    place = str(stranger) if request.param == "absolute" else "."
    return {**os.environ, "PYTHONPATH": os.pathsep.join([place, str(ROOT)])}


def test_packages_of_a_projects_reach_neither_server_nor_host(
    tmp_path: Path, stranger: Path, script: str, path_of: Mapping[str, str]
) -> None:
    """With the project as working folder and in `PYTHONPATH`, a whole session is midfill's own."""
    command = (sys.executable, script, "serve")
    folders = {**path_of, "MIDFILL_RUNTIME_DIR": str(tmp_path / "run")}
    with Wire(engine=REMOTE, command=command, env=folders, cwd=stranger) as wire:
        session(wire, tmp_path)
    assert "engine process" not in "\n".join(lines(wire))


def test_the_doctor_names_packages_that_are_kept_away(
    stranger: Path, script: str, path_of: Mapping[str, str]
) -> None:
    """It is not led astray itself, and says where they are."""
    code = "from lsp_server.commands import doctor; doctor.CHECKS = (doctor._owners,)"
    Path(script).write_text(
        f"from midfill import own_first; own_first(); {code}; doctor.run()", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, script], cwd=stranger, env=path_of, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{stranger} has another lsp_server, context, engine" in done.stdout.decode()


def test_without_threads_for_a_host_the_start_is_tried_again(tmp_path: Path) -> None:
    """The engine never comes inside; the status says what to raise, and then all is well."""
    folders = env(STATE_DIR=tmp_path / "state", RUNTIME_DIR=tmp_path / "run")
    with ill("few-threads", engine=REMOTE, env=folders) as wire:
        session(wire, tmp_path)
    (status,) = told(wire, "ulimit -u")
    assert status["state"] == "error"
    assert "inside" not in "\n".join(lines(wire))


def test_a_tilde_and_relative_paths_mean_the_same_to_server_and_host(tmp_path: Path) -> None:
    """Editors hand variables over as they are written; no folder called `~` comes into being."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (home / "config.toml").write_text("[engine]\nlinger_s = 30\n", encoding="utf-8")
    folders = {
        **env(STATE_DIR="~/state", RUNTIME_DIR="run", CONFIG="~/config.toml", DATA_DIR="data"),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    options = {"engine": {"linger_s": 0}}
    wires = [
        Wire("--log-file", "~/logs/log", engine=REMOTE, env=folders, cwd=work) for _ in range(2)
    ]
    with wires[0] as first, wires[1] as second:
        for wire in (first, second):
            wire.initialize(initializationOptions=options)
            wire.ready()
        (card,) = (work / "run").glob("*.json")  # one host for both
        assert card.with_suffix(".sock").exists()
        assert first.leave() == second.leave() == 0
    assert {path.name for path in home.iterdir()} == {"state", "logs", "config.toml"}
    assert {path.name for path in work.iterdir()} == {"run"}
    assert (home / "state" / "engine-host.log").exists()


def run(tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command by a user of whom the system knows nothing, with these variables alone."""
    code = f"""if 1:
        import os, pwd, sys
        def nobody(*_): raise KeyError("no such user")
        pwd.getpwuid = pwd.getpwnam = nobody
        from midfill import main
        sys.argv[1:] = {words!r}
        main()"""
    bare = {"PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=bare,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "stats", "config", "models list"])
def test_without_any_home_one_line_says_what_to_set(tmp_path: Path, command: str) -> None:
    """As in a container that runs as a number; nothing is made in the working folder."""
    done = run(tmp_path, *command.split())
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("midfill: ")
    assert "has no home folder; set MIDFILL_" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["relative", "~nobody-of-this-name"])
def test_a_path_that_begins_nowhere_is_refused(tmp_path: Path, home: str) -> None:
    """A home that is no absolute path, and the home of a user that is not there."""
    set_one = {"HOME": home} if home == "relative" else {"MIDFILL_STATE_DIR": f"{home}/x"}
    done = run(tmp_path, "stats", **set_one)
    assert done.returncode == 1
    assert "set MIDFILL_STATE_DIR to an absolute path" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_working_folder_that_is_gone_serves_all_the_same(tmp_path: Path) -> None:
    """Only what is relative to it is refused."""
    code = f"""if 1:
        import os, sys
        os.chdir({str(tmp_path)!r}); os.mkdir("gone"); os.chdir("gone"); os.rmdir("../gone")
        from midfill import main
        main()"""
    folders = env(STATE_DIR=tmp_path / "state", RUNTIME_DIR=tmp_path / "run")
    folders = {**folders, "PYTHONPATH": os.pathsep.join([str(ROOT), "."])}
    command = (sys.executable, "-c", code, "serve")
    with Wire(engine=REMOTE, command=command, env=folders) as wire:
        session(wire, tmp_path)
    with Wire(engine=REMOTE, command=command, env=folders | {"MIDFILL_STATE_DIR": "x"}) as wire:
        assert wire.wait() == 1
        wire.until(lambda: b"no working folder; set MIDFILL_STATE_DIR" in wire.stderr)
