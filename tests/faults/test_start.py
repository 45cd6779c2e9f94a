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
