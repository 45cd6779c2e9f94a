"""Tasks out of a repository's history."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.git_history import tasks_from

if TYPE_CHECKING:
    from pathlib import Path

BODY = "".join(f"    value_{n} = compute({n}) + {n}\n" for n in range(6))


def git(repo: Path, *arguments: str) -> None:
    """Run git as nobody in particular."""
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(repo), *who, *arguments], check=True, capture_output=True)  # noqa: S607 -- git from PATH


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository in which one commit adds a function's body between existing lines."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.py").write_text("# é\ndef f():\n    return 1\n", encoding="utf-8")
    (folder / "notes.txt").write_text("one\n", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    (folder / "a.py").write_text(f"# é\ndef f():\n{BODY}    return 1\n", encoding="utf-8")
    (folder / "notes.txt").write_text("one\n" + "two words\n" * 20, encoding="utf-8")
    git(folder, "commit", "-qam", "second")
    return folder


def test_added_hunks_become_tasks(repo: Path) -> None:
    """The text before is the parent's; head, hunk and tail make the commit's text."""
    (task,) = tasks_from(repo, count=5, commits=10)
    assert (task.language, task.file, task.repo) == ("python", "a.py", "project")
    assert task.head == "# é\ndef f():\n"
    assert task.head + task.typed + task.tail == (repo / "a.py").read_text(encoding="utf-8")


def test_a_history_without_hunks_says_what_was_looked_for(tmp_path: Path) -> None:
    """And what to try."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "nothing")
    with pytest.raises(TaskFileError, match="larger --commits"):
        tasks_from(tmp_path, count=5, commits=10)


@pytest.mark.parametrize("missing", ["no repository", "no folder", "no commit"])
def test_what_is_no_repository_gives_git_s_own_reason(tmp_path: Path, missing: str) -> None:
    """One line, no traceback."""
    folder = tmp_path / missing
    if missing != "no folder":
        folder.mkdir()
    if missing == "no commit":
        git(folder, "init", "-q")
    with pytest.raises(TaskFileError, match="git cannot read the history"):
        tasks_from(folder, count=1, commits=1)


def test_without_git_recorded_tasks_are_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the other option."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TaskFileError, match="--tasks"):
        tasks_from(tmp_path, count=1, commits=1)
