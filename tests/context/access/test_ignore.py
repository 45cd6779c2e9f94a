"""Ignore files: the same answers as git's own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context.access.disk import Disk
from context.access.ignore import IgnoreFiles, excludes_file_in

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Run the real git, on nothing but the folder's own configuration."""
    settings_of = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words],  # noqa: S607
        cwd=folder,
        env=settings_of,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any git configuration."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    return home


@pytest.fixture
def space(tmp_path: Path, home: Path) -> Path:
    """A work tree in an empty home."""
    assert home.exists()
    space = tmp_path / "space"
    space.mkdir()
    git(space, "init", "-q")
    return space


def write(path: Path, text: str = "") -> None:
    """A file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def ignored(path: Path, root: Path, **options: bool) -> bool:
    """What midfill says, without anything it remembers."""
    return IgnoreFiles(Disk()).covers(path.as_posix(), root.as_posix(), **options)


TREE = ["a.py", "b.log", "build/a.py", "build/keep.py", "sub/a.py", "sub/b.log", "sub/deep/a.py"]
TREE += ["sub/build/x/y.py", "docs/a b.md", "docs/é.md", "sub/!odd.py", "sub/#odd.py"]
PATTERNS = [
    *("*.log", "!keep.log", "build", "build/", "/build/", "*.py", "!a.py", "!/a.py", "/a.py"),
    *("sub/*.py", "sub/**", "**/a.py", "sub/**/a.py", "!sub/deep/", "deep", "*", "!*/", "!*.py"),
    *("doc?/*", "[ab].py", "[!a]*", r"\!odd.py", r"\#odd.py", "# comment", "", " ", "a b.md"),
    *("docs/é.md", "sub/build/x", "!sub/build/x/y.py", "/*", "!/sub", "*.md  ", "build/*"),
    *("!build/keep.py", "**/build/**", "sub/", "!sub/", "x/y.py", "**", "/**/deep/*", "a.*/"),
]


@given(
    top=st.lists(st.sampled_from(PATTERNS), max_size=6),
    inner=st.lists(st.sampled_from(PATTERNS), max_size=4),
    exclude=st.lists(st.sampled_from(PATTERNS), max_size=3),
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_says_what_git_says(
    space: Path, top: list[str], inner: list[str], exclude: list[str]
) -> None:
    """For files in all depths, with patterns of the root, a folder and `info/exclude`."""
    for name in TREE:
        write(space / name)
    write(space / ".gitignore", "\n".join(top))
    write(space / "sub/.gitignore", "\n".join(inner) + "\r\n")
    write(space / ".git/info/exclude", "\n".join(exclude))
    told = git(space, "-c", "core.quotePath=off", "check-ignore", "--no-index", *TREE).split("\n")
    assert {name for name in TREE if ignored(space / name, space)} == set(filter(None, told))


def test_the_global_excludes_file_counts(space: Path, home: Path) -> None:
    """At its default place, and where the user's or the repository's configuration says."""
    write(home / ".config/git/ignore", "*.default\n")
    assert ignored(space / "a.default", space)
    write(home / ".gitconfig", '[user]\n\tname = me\n[core]\n\texcludesFile = "~/mine"  \n')
    write(home / "mine", "*.mine\n")
    assert ignored(space / "a.mine", space)
    assert not ignored(space / "a.default", space)
    git(space, "config", "core.excludesFile", str(home / "theirs"))
    write(home / "theirs", "*.theirs\n")
    assert ignored(space / "a.theirs", space)
    assert not ignored(space / "a.mine", space)


def test_linked_work_trees_and_submodules_find_their_excludes(space: Path, tmp_path: Path) -> None:
    """`.git` is a file there, which leads to the common folder."""
    git(
        space,
        "-c",
        "user.name=me",
        "-c",
        "user.email=me@x",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    )
    git(space, "worktree", "add", "-q", str(tmp_path / "linked"))
    write(space / ".git/info/exclude", "*.tmp\n")
    assert ignored(tmp_path / "linked/a.tmp", tmp_path / "linked")
    assert not ignored(tmp_path / "linked/a.py", tmp_path / "linked")


def test_a_workspace_below_the_repository_takes_its_patterns(space: Path) -> None:
    """And patterns of a repository end at the one inside it."""
    write(space / ".gitignore", "*.log\n")
    assert ignored(space / "app/a.log", space / "app")
    inner = space / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    assert not ignored(inner / "a.log", space)


def test_a_folder_opened_on_purpose_is_not_ignored_as_a_whole(space: Path) -> None:
    """A home kept in git ignores everything; what is in a workspace below it still counts."""
    write(space / ".gitignore", "*\n")
    write(space / "app/.gitignore", "*.log\n")
    assert not ignored(space / "app/a.py", space / "app")
    assert ignored(space / "app/a.log", space / "app")


def test_midfillignore_has_the_last_word(space: Path) -> None:
    """It adds to what git ignores and can take from it, with or without a repository."""
    write(space / ".gitignore", "scratch/\n")
    assert ignored(space / "scratch/a.py", space)
    write(space / ".midfillignore", "!scratch/\nprivate/\n")
    assert not ignored(space / "scratch/a.py", space)
    assert ignored(space / "private/a.py", space)
    assert ignored(space / "private/a.py", space, own=True)
    assert not ignored(space / "scratch/a.py", space, own=True)


def test_midfillignore_of_the_workspace_reaches_into_repositories_inside(space: Path) -> None:
    """A submodule is no way around it."""
    inner = space / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    write(space / ".midfillignore", "*.py\n")
    assert ignored(inner / "a.py", space)


def test_without_a_repository_gitignore_still_counts(tmp_path: Path, home: Path) -> None:
    """An exported tree has no `.git`, and its author's wishes did not change."""
    assert home.exists()
    write(tmp_path / "tree/.gitignore", "*.log\n")
    assert ignored(tmp_path / "tree/sub/a.log", tmp_path / "tree")


def test_case_is_folded_where_the_file_system_does(space: Path) -> None:
    """As git does with `core.ignoreCase`."""
    write(space / ".gitignore", "Build/\n")
    assert not ignored(space / "build/a.py", space)
    assert ignored(space / "build/a.py", space, fold=True)


def test_a_changed_file_is_read_again(space: Path) -> None:
    """After a moment, in which the old answer is given."""
    now = [0.0]
    files = IgnoreFiles(Disk(), clock=lambda: now[0])

    def ask() -> bool:
        return files.covers((space / "a.log").as_posix(), space.as_posix())

    assert not ask()
    write(space / ".gitignore", "*.log\n")
    assert not ask()
    now[0] += 2
    assert ask()
    (space / ".gitignore").unlink()
    files.forget()
    assert not ask()


@pytest.mark.parametrize("text", ["/", "!", "\\", "[", "a\\", "[]", "[z-a]", "\0", "\udcff"])
def test_odd_patterns_do_not_hide_the_good_ones(space: Path, text: str) -> None:
    """What git would not take is skipped, the lines around it count."""
    (space / ".gitignore").write_bytes(f"{text}\n*.log\n".encode("utf-8", "surrogateescape"))
    assert ignored(space / "a.log", space)
    assert not ignored(space / "a.py", space)


def test_a_hostile_pattern_costs_no_time(space: Path) -> None:
    """Many wildcards against a long name would be tried in more ways than there is time for."""
    write(space / ".gitignore", "*a" * 40 + "b\n*.log\n")
    assert not ignored(space / ("a" * 200), space)
    assert ignored(space / "a.log", space)


def test_git_configuration_is_read_as_git_does() -> None:
    """The last one counts, keys and sections ignore case, other sections do not matter."""
    text = (
        "[core]\n\tExcludesFile = one\n[other]\nexcludesFile=two\n[CORE]\nexcludesfile = three ; x"
    )
    assert excludes_file_in(text) == "three"
    assert excludes_file_in("") == ""
