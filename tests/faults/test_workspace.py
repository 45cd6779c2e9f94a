"""Workspaces that would hold up a server which trusted them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from tests.conftest import PATIENCE_S
from tests.faults.servers import ill, lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.wire import Wire

CONTEXT: dict[str, Any] = {
    "prompt": {"context": "repo", "max_tokens": 2000},
    "latency": {"target_ms": 20_000},
    "suggestions": {"ahead": "off"},
}


def start(wire: Wire, root: Path, name: str = "main.py") -> str:
    """A ready server with one document of the workspace."""
    folder = {"uri": root.as_uri(), "name": root.name}
    wire.initialize(workspaceFolders=[folder], initializationOptions=CONTEXT)
    uri = (root / name).as_uri()
    wire.ready().open("from other import thing\nx = \n", uri)
    return uri


def rest(wire: Wire, uri: str) -> None:
    """The cursor rests: time to look around."""
    place = {"line": 1, "character": 4}
    wire.notify("midfill/cursorRested", {"textDocument": {"uri": uri}, "position": place})


def test_a_drive_that_never_answers_holds_up_nobody(tmp_path: Path) -> None:
    """Every look at a disk hangs: answers come without other files, and the server still leaves."""
    with ill("dead-drive") as wire:
        uri = start(wire, tmp_path)
        rest(wire, uri)
        for column in (4, 3, 2):
            (item,) = wire.complete(1, column, uri)
            assert item["insertText"].endswith("return a + b")
        for number in range(50):
            wire.open("y = \n", (tmp_path / f"{number}.py").as_uri())
            rest(wire, uri)
        wire.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": []}})
        assert wire.complete(0, 4, (tmp_path / "49.py").as_uri())
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0
    assert lines(wire) == []


def test_pipes_in_the_place_of_files_are_never_opened(tmp_path: Path) -> None:
    """A FIFO blocks whoever opens it; sources, ignore files and project files may be one."""
    names = ("other.py", ".gitignore", ".midfillignore", "pyproject.toml", ".git", "setup.cfg")
    for name in names:
        os.mkfifo(tmp_path / name)
    with ill() as wire:
        uri = start(wire, tmp_path)
        rest(wire, uri)
        assert wire.complete(1, 4, uri)
        wire.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        end = time.monotonic() + PATIENCE_S
        while not wire.stats()["context"]["gathered"]:
            assert time.monotonic() < end, "looking around was held up"
            rest(wire, uri)
            time.sleep(0.05)
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_a_workspace_that_vanishes_leaves_completions(tmp_path: Path) -> None:
    """The folder is deleted while its files are open."""
    root = tmp_path / "space"
    root.mkdir()
    (root / "other.py").write_text("thing = 1\n", encoding="utf-8")
    with ill() as wire:
        uri = start(wire, root)
        rest(wire, uri)
        (root / "other.py").unlink()
        root.rmdir()
        rest(wire, uri)
        assert wire.complete(1, 4, uri)
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_a_loop_of_links_is_no_way_in(tmp_path: Path) -> None:
    """Folders that contain themselves end the search, not the server."""
    (tmp_path / "other").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "other.py").symlink_to(tmp_path / "other.py")
    with ill() as wire:
        uri = start(wire, tmp_path)
        rest(wire, uri)
        assert wire.complete(1, 4, uri)
        assert wire.stats()["context"]["faults"] == {}
        assert wire.leave() == 0
