"""Watching files: told or looked at, and names followed only where a file really moved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from lsp_server.workspace.watch import DiskWatch
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class News:
    """What a watch told."""

    def __init__(self, *, watches: bool) -> None:
        self.changed: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.watch = DiskWatch(self._take, watches=watches, poll_s=0.05)

    def _take(self, changed: set[str], renamed: dict[str, str]) -> None:
        self.changed |= changed
        self.renamed |= renamed

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for news."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture(params=[True, False], ids=["told", "polled"])
def news(request: pytest.FixtureRequest) -> Iterator[News]:
    """A watch with the system's news, and one without."""
    made = News(watches=request.param)
    yield made
    made.watch.stop()


def follow(news: News, *files: Path) -> None:
    """Watch files, from the state they have now."""
    news.watch.follow([file.as_posix() for file in files])
    time.sleep(0.6)  # the thread looks for the first time


def test_a_change_a_deletion_and_a_return_are_news(news: News, tmp_path: Path) -> None:
    """Whatever happens to a file in the set, and nothing that happens to others."""
    file, other = tmp_path / "a.py", tmp_path / "b.py"
    file.write_text("a")
    follow(news, file)
    other.write_text("b")
    for step in (lambda: file.write_text("aa"), file.unlink, lambda: file.write_text("b")):
        news.changed.clear()
        step()
        news.until(lambda: news.changed == {file.as_posix()})


def test_a_file_that_is_not_there_yet_is_seen_when_it_comes(news: News, tmp_path: Path) -> None:
    """Also in a folder that is not there yet."""
    file = tmp_path / "sub" / "a.py"
    follow(news, file)
    file.parent.mkdir()
    file.write_text("a")
    news.until(lambda: news.changed == {file.as_posix()})


def test_a_rename_is_followed_and_a_backup_is_none(tmp_path: Path) -> None:
    """Editors that save by renaming leave a file under the old name."""
    news = News(watches=True)
    moved, saved = tmp_path / "a.py", tmp_path / "b.py"
    for file in (moved, saved):
        file.write_text("a")
    follow(news, moved, saved)
    moved.rename(tmp_path / "c.py")
    saved.rename(tmp_path / "b.py~")
    saved.write_text("bb")
    news.until(lambda: bool(news.renamed))
    news.watch.stop()
    assert news.renamed == {moved.as_posix(): (tmp_path / "c.py").as_posix()}


def test_a_stopped_watch_follows_nothing(tmp_path: Path) -> None:
    """No thread begins after the end."""
    news = News(watches=False)
    news.watch.stop()
    news.watch.follow([(tmp_path / "a.py").as_posix()])
    assert news.watch._thread is None
