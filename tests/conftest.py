"""What all tests share: a state folder of their own, and marked-up snapshots."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import hypothesis
import pytest

from context.snapshot import Cursor, Snapshot
from context.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

# how long an example takes says something of the machine's load, nothing of the code
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

CURSOR = "‸"
"""Marks the cursor in the texts of tests."""
PATIENCE_S = 30.0
"""How long a test waits for what should take a moment; only failures wait so long."""


def at(
    marked: str,
    *,
    uri: str = "file:///space/app/main.py",
    path: str = "app/main.py",
    language: str = "python",
    version: int = 1,
) -> Snapshot:
    """A snapshot of a text with the cursor where `‸` stands."""
    before, mark, after = marked.partition(CURSOR)
    assert mark, "no cursor in the text"
    text = Text.of(before + after)
    head = Text.of(before)
    line = len(head) - 1
    cursor = Cursor(line, len(head.line(line)))
    return Snapshot(uri, path, language, version, text, cursor)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Measured rates never reach the user's own folder, the user's settings never the tests."""
    patch = pytest.MonkeyPatch()
    if "MIDFILL_STATE_DIR" not in os.environ:
        patch.setenv("MIDFILL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    patch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    patch.setenv("MIDFILL_CONFIG", str(tmp_path_factory.mktemp("config") / "config.toml"))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> None:
    """A shell that runs the suite in the background ignores SIGINT, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def typed(snapshot: Snapshot, new: str) -> Snapshot:
    """The next version of a snapshot with `new` typed at the cursor."""
    place = (snapshot.cursor.line, snapshot.cursor.column)
    text = snapshot.text.replace(place, place, new)
    head = Text.of(snapshot.text.slice((0, 0), place) + new)
    line = len(head) - 1
    cursor = Cursor(line, len(head.line(line)))
    return Snapshot(
        snapshot.uri, snapshot.path, snapshot.language, snapshot.version + 1, text, cursor
    )
