"""Hunks that change lines, and the other files of their commit."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.changes import Replacement, narrowed
from lsp_server.bench.tasks.parent_trees import ArchivedTree, GitTree, with_archives
from lsp_server.bench.tasks.typing import TypingTask, read_tasks

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = "one\ntwo(a)\nthree\n\nfive\n"


def read(path: Path, hunks: Any, parent: str = "0123456789abcdef") -> TypingTask:
    """The task of one row."""
    row = {"id": "a", "file": "src/a.py", "before": BEFORE, "hunks": hunks, "parent": parent}
    path.write_text(json.dumps(row), encoding="utf-8")
    return read_tasks(path)[0]


def test_a_file_is_changed_as_its_hunks_say(tmp_path: Path) -> None:
    """Lines are added, changed and deleted, from the top down."""
    hunks = [
        {"line": 0, "old": [], "new": ["zero"]},
        {"line": 1, "old": ["two(a)"], "new": ["two(b)"]},
        {"line": 2, "old": ["three"], "new": []},
        {"line": 4, "old": [], "new": ["four", "4"]},
        {"line": 4, "old": ["five"], "new": ["six", "seven five"]},
    ]
    task = read(tmp_path / "t.jsonl", hunks)
    assert task.steps == (
        Replacement(0, "", "zero\n"),
        Replacement(8, "a", "b", in_lines=True),
        Replacement(11, "three\n", "", in_lines=True),
        Replacement(17, "", "\nfour\n4"),
        Replacement(18, "", "six\nseven ", in_lines=True),
    )


@pytest.mark.parametrize(
    ("old", "new", "removed", "typed"),
    [
        ("get_user()", "get_users()", "", "s"),
        ("get_user()", "set_user()", "get_user", "set_user"),
        ("user_get()", "user_set()", "user_get", "user_set"),
        ("f(a)", "f(a, b)", "", ", b"),
        ("f(a, b)", "f(a)", ", b", ""),
        ("aa", "aaa", "", "a"),
    ],
)
def test_whole_words_are_written_anew(old: str, new: str, removed: str, typed: str) -> None:
    """Nobody changes half a word."""
    found = narrowed(0, old, new)
    assert (found.removed, found.typed) == (removed, typed)


@pytest.mark.parametrize(
    ("hunks", "says"),
    [
        ([], "nothing to change"),
        ([{"line": 0}], "hunk 0 needs"),
        ([{"line": 0, "old": ["two"], "new": []}], "do not stand at line 0"),
        ([{"line": 99, "old": [], "new": ["x"]}], "do not stand at line 99"),
        (
            [{"line": 1, "old": ["two(a)"], "new": []}, {"line": 0, "old": ["one"], "new": []}],
            "not in the order",
        ),
    ],
)
def test_hunks_that_do_not_fit_are_refused(tmp_path: Path, hunks: Any, says: str) -> None:
    """With the line of the file."""
    with pytest.raises(TaskFileError, match=f"line 1: .*{says}"):
        read(tmp_path / "t.jsonl", hunks)


def test_the_workspace_is_the_parent_with_the_file_as_it_was(tmp_path: Path) -> None:
    """The archive's own copy of the file is overwritten."""
    with tarfile.open(tmp_path / "0123456789ab.tar.gz", "w:gz") as archive:
        for name in ("src/a.py", "src/b.py"):
            info = tarfile.TarInfo(name)
            info.size = 6
            archive.addfile(info, io.BytesIO(b"answer"))
    task = read(tmp_path / "t.jsonl", [{"line": 0, "old": [], "new": ["zero"]}])
    (found,) = with_archives([task], tmp_path)
    path = found.lay_out(tmp_path / "w")
    assert path.read_text(encoding="utf-8") == BEFORE
    assert (tmp_path / "w/src/b.py").read_text(encoding="utf-8") == "answer"


def test_a_task_without_an_archive_is_named(tmp_path: Path) -> None:
    """With what to do."""
    task = read(tmp_path / "t.jsonl", [{"line": 0, "old": [], "new": ["zero"]}], parent="")
    with pytest.raises(TaskFileError, match=r"1 of 1 tasks, such as a; choose tasks"):
        with_archives([task], tmp_path)
    broken = tmp_path / "x.tar.gz"
    broken.write_bytes(b"no")
    with pytest.raises(TaskFileError, match="cannot unpack"):
        ArchivedTree(broken).unpack(tmp_path / "w")


def test_git_gives_the_tree_of_a_commit(tmp_path: Path) -> None:
    """And says so when there is no such commit."""
    repo = tmp_path / "repo"
    git = [
        shutil.which("git") or "git",
        "-C",
        str(repo),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
    ]
    repo.mkdir()
    subprocess.run([*git, "init", "-q"], check=True)
    (repo / "a.py").write_text("old", encoding="utf-8")
    subprocess.run([*git, "add", "a.py"], check=True)
    subprocess.run([*git, "commit", "-qm", "a"], check=True)
    (repo / "a.py").write_text("new", encoding="utf-8")
    GitTree(repo, "HEAD").unpack(tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "old"
    with pytest.raises(TaskFileError, match="git cannot give the tree of nope"):
        GitTree(repo, "nope").unpack(tmp_path)
