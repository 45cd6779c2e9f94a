"""`midfill doctor --watch`: a few looks at real processes."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import psutil
import pytest
from rich.console import Console

from lsp_server.commands import doctor_watch
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["/venv/bin/python", "/venv/bin/midfill", "serve", "--stdio"], "server"),
        (["python", "-m", "lsp_server", "serve"], "server"),
        (
            ["python", "-c", "import sys; from engine.host.__main__ import main; main()"],
            "engine host",
        ),
        (["nginx", "serve"], ""),
        (["midfill", "doctor"], ""),
        ([], ""),
    ],
)
def test_processes_are_told_by_their_command_line(words: list[str], kind: str) -> None:
    """Servers and hosts, and nobody else."""
    assert doctor_watch.kind_of(words) == kind


def test_a_server_and_its_host_are_shown(tmp_path: Path) -> None:
    """Memory, share of the processor, and the nice level that the settings ask for."""
    env = {**os.environ, "MIDFILL_STATE_DIR": str(tmp_path)}
    with Wire(engine="remote-fake:return a + b", env=env) as wire:
        options = {"engine": {"process": "own", "nice": 7}}
        wire.initialize(initializationOptions=options)
        wire.ready()
        (host,) = psutil.Process(wire.process.pid).children()
        mine = {sight.pid: sight for sight in doctor_watch.Watch().look()}
        assert mine[wire.process.pid].kind == "server"
        assert mine[wire.process.pid].memory_mb > 1
        assert mine[host.pid].kind == "engine host"
        assert mine[host.pid].nice == psutil.Process(wire.process.pid).nice() + 7
        out = io.StringIO()
        console = Console(file=out, force_terminal=True, width=120)
        assert doctor_watch.run(ticks=3, console=console) == 0
        assert str(host.pid) in out.getvalue()
        assert "tokens/s" in out.getvalue() or "no rates" in out.getvalue()
        assert wire.leave() == 0


def test_without_servers_it_says_so() -> None:
    """An empty table is no answer."""
    assert doctor_watch.Watch(lambda: iter(())).look() == []
