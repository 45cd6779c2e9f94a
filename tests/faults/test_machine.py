"""A machine that is ill: full disks, folders that cannot be made, clocks that jump, no watches."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import Wire
from tests.faults.servers import env, ill, lines, session

if TYPE_CHECKING:
    from pathlib import Path

FAKES = ("fake:return a + b", "remote-fake:return a + b")


@pytest.mark.parametrize("engine", FAKES)
def test_a_full_disk_costs_only_what_is_remembered(tmp_path: Path, engine: str) -> None:
    """Rates, recent files and hosts cannot be written down; completions come all the same."""
    folders = env(STATE_DIR=tmp_path / "state", RUNTIME_DIR=tmp_path / "run")
    with ill("full-disk", engine=engine, env=folders) as wire:
        session(wire, tmp_path)
    about = [line for line in lines(wire) if "remembered" in line]
    assert len(about) == len(set(about)) > 0


def test_a_log_on_a_full_disk_is_lost_and_nothing_else(tmp_path: Path) -> None:
    """The log's own fault prints no text of a message anywhere."""
    log = tmp_path / "midfill.log"
    with ill("full-disk", log=log, env=env(STATE_DIR=tmp_path / "state")) as wire:
        session(wire, tmp_path)
    assert log.stat().st_size == 0
    assert lines(wire) == ["midfill: the log cannot be written; lines are lost"]


@pytest.mark.parametrize("engine", FAKES)
def test_a_home_that_cannot_be_written(tmp_path: Path, engine: str) -> None:
    """State, runtime and configuration below something that is no folder."""
    (tmp_path / "home").write_text("no folder", encoding="utf-8")
    home = tmp_path / "home"
    folders = env(STATE_DIR=home / "s", RUNTIME_DIR=home / "r", CONFIG=home / "c" / "config.toml")
    with ill(engine=engine, env=folders) as wire:
        session(wire, tmp_path)
    about = [line for line in lines(wire) if "remembered" in line]
    assert len(about) == len(set(about)) > 0


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"fake": {"a": NaN}}'])
def test_state_files_of_nonsense_are_made_anew(tmp_path: Path, damage: bytes) -> None:
    """All of them at once: rates, devices, recent files, statistics."""
    state = tmp_path / "state"
    with ill(env=env(STATE_DIR=state)) as wire:
        session(wire, tmp_path)
    written = [path for path in state.rglob("*") if path.is_file()]
    assert written
    for path in [*written, state / "devices.json"]:
        path.write_bytes(damage)
    with ill(env=env(STATE_DIR=state)) as wire:
        session(wire, tmp_path)


def test_a_clock_that_jumps_by_years_changes_nothing(tmp_path: Path) -> None:
    """Deadlines, back-off and pauses follow a clock that only goes forward."""
    with ill("clock", env=env(STATE_DIR=tmp_path / "state")) as wire:
        session(wire, tmp_path)


def test_a_clock_in_2099_changes_nothing(tmp_path: Path) -> None:
    """Neither what is answered nor what is remembered of earlier days."""
    folders = env(STATE_DIR=tmp_path / "state", RUNTIME_DIR=tmp_path / "run")
    for patches in ((), ("far-clock",), ()):
        with ill(*patches, engine=FAKES[1], env=folders) as wire:
            session(wire, tmp_path)
        assert not any("remembered" in line for line in lines(wire))


@pytest.mark.parametrize("engine", FAKES)
def test_without_threads_to_spare_the_answers_come(tmp_path: Path, engine: str) -> None:
    """Watches, other files and statistics are left out, and the log says why."""
    with ill("no-spare-threads", engine=engine, env=env(STATE_DIR=tmp_path / "state")) as wire:
        session(wire, tmp_path)
    assert any("ulimit -u" in line for line in lines(wire))


UNSHARE = ("unshare", "--mount", "--map-root-user")


def _may_hide_proc() -> bool:
    if shutil.which("unshare") is None:
        return False
    hide = [*UNSHARE, "mount", "-t", "tmpfs", "none", "/proc"]
    return subprocess.run(hide, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _may_hide_proc(), reason="this system lets nobody hide /proc")
@pytest.mark.parametrize("engine", FAKES)
def test_without_proc_all_works(tmp_path: Path, engine: str) -> None:
    """As in a sandbox that does not mount it."""
    folders = env(STATE_DIR=tmp_path / "state", RUNTIME_DIR=tmp_path / "run")
    hidden = 'mount -t tmpfs none /proc && exec "$@"'
    serve = (sys.executable, "-m", "lsp_server", "serve")
    command = (*UNSHARE, "sh", "-c", hidden, "sh", *serve)
    with Wire(engine=engine, command=command, env=folders) as wire:
        session(wire, tmp_path)


def test_without_watches_a_changed_file_is_noticed_by_looking(tmp_path: Path) -> None:
    """Inotify is used up: the settings are followed as before, a little later."""
    file = tmp_path / "config.toml"
    with ill("no-watches", env=env(CONFIG=file, STATE_DIR=tmp_path / "state")) as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        assert wire.complete(0, 4)
        file.write_text("[suggestions]\nenabled = false\n", encoding="utf-8")
        end = time.monotonic() + PATIENCE_S
        while wire.complete(0, 4):
            assert time.monotonic() < end, "the file was never read again"
            time.sleep(0.1)
        assert wire.leave() == 0
    assert "Traceback" not in "\n".join(lines(wire))
