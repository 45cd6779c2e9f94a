"""Watching files: told or looked at, and names followed only where a file really moved."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lsp_server.workspace.watch import FileWatch
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class News:
    """What a watch told."""

    def __init__(self, *, watches: bool, at_start: bool = False) -> None:
        self.changed: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.watch = FileWatch(self._take, at_start=at_start, watches=watches, poll_s=0.05)

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


def test_a_file_that_is_replaced_by_another_is_news(news: News, tmp_path: Path) -> None:
    """Editors and `midfill models use` write a draft and give it the name."""
    file, draft = tmp_path / "config.toml", tmp_path / "draft"
    file.write_text("a = 1")
    follow(news, file)
    draft.write_text("a = 2")
    draft.replace(file)
    news.until(lambda: news.changed == {file.as_posix()})


def test_what_changed_before_the_watch_began_is_news_for_who_wants_that(
    news: News, tmp_path: Path
) -> None:
    """A file that was read before counts as changed once; others are known as they are."""
    file = tmp_path / "config.toml"
    file.write_text("a = 1")
    follow(news, file)
    assert news.changed == set()
    early = News(watches=True, at_start=True)
    early.watch.follow([file.as_posix()])
    early.until(lambda: early.changed == {file.as_posix()})
    early.watch.stop()


def test_a_file_that_is_not_there_yet_is_seen_when_it_comes(news: News, tmp_path: Path) -> None:
    """Also in a folder that is not there yet."""
    file = tmp_path / "sub" / "a.py"
    follow(news, file)
    file.parent.mkdir()
    file.write_text("a")
    news.until(lambda: news.changed == {file.as_posix()})


@pytest.mark.skipif(os.name == "nt", reason="accounts of Windows may not make links")
def test_the_target_of_a_link_is_watched_and_so_is_the_next_one(news: News, tmp_path: Path) -> None:
    """Dotfiles are often links into another folder, and links are led elsewhere."""
    targets = [tmp_path / name / "midfill.toml" for name in ("one", "two")]
    for target in targets:
        target.parent.mkdir()
        target.write_text("a = 1")
    file = tmp_path / "config.toml"
    file.symlink_to(targets[0])
    follow(news, file)
    targets[0].write_text("a = 22")
    news.until(lambda: news.changed == {file.as_posix()})
    file.unlink()
    file.symlink_to(targets[1])
    time.sleep(1)
    news.changed.clear()
    targets[1].write_text("a = 333")
    news.until(lambda: news.changed == {file.as_posix()})


def test_without_watches_left_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that refuses to watch costs seconds, no news."""

    def refuse(*_: object) -> None:
        raise OSError("no watches left")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.schedule", refuse)
    news = News(watches=True)
    file = tmp_path / "a.py"
    follow(news, file)
    file.write_text("a")
    news.until(lambda: news.changed == {file.as_posix()})
    news.watch.stop()


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


def test_reading_a_file_wakes_nobody(tmp_path: Path) -> None:
    """The watch itself, backups and searches read files all the time."""
    file = tmp_path / "a.py"
    file.write_text("a")
    watch = FileWatch(lambda *_: None)
    watch.follow([file.as_posix()])
    time.sleep(0.6)
    woken = threading.Event()
    watch._news.set = woken.set  # type: ignore[method-assign]
    file.read_text()
    time.sleep(0.3)
    assert not woken.is_set()
    watch.told("modified", file.as_posix(), "")
    assert woken.is_set()
    watch._stopped.set()


def test_a_stopped_watch_follows_nothing(tmp_path: Path) -> None:
    """No thread begins after the end."""
    news = News(watches=False)
    news.watch.stop()
    news.watch.follow([(tmp_path / "a.py").as_posix()])
    assert news.watch._thread is None
