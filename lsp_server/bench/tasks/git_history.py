"""Typing tasks from a git repository's own history: hunks that recent commits added."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.typing import TypingTask, language_of, on_own_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORTEST, LONGEST = 120, 700
"""Characters of a hunk that is worth typing."""
LARGEST_FILE = 200_000
GIT_S = 60
_HUNK = re.compile(r"^@@ -(\d+),0 \+\d+(?:,\d+)? @@", re.MULTILINE)
_NOT_WRITTEN_BY_HAND = re.compile(
    r"(^|/)(vendor|third_party|node_modules|dist|build|testdata|migrations)/"
    r"|\.min\.|_pb2|\.pb\.|\.lock$|(^|[._/-])generated"
)


def tasks_from(repo: Path, *, count: int, commits: int, seed: int = 0) -> list[TypingTask]:
    """Up to `count` hunks out of the last `commits` commits, at most one a file.

    Taken are hunks of 120 to 700 characters that only add lines, in files written by hand in a
    language that is known. The text before a hunk is the file as of the parent commit, so that
    nothing that came with the commit is there.

    Raises:
        TaskFileError: git is missing, this is no repository, or no hunk fits.
    """
    hashes = _git(repo, "log", "--no-merges", f"--max-count={commits}", "--format=%H").split()
    Random(seed).shuffle(hashes)  # noqa: S311 -- a draw of tasks, not a key
    name = repo.resolve().name or "workspace"
    found: list[TypingTask] = []
    files: set[str] = set()
    for commit in hashes:
        for task in _tasks_of(repo, commit, name):
            if task.file not in files:
                files.add(task.file)
                found.append(task)
                break  # one hunk a commit: many commits say more than many hunks of one
        if len(found) >= count:
            break
    if not found:
        message = (
            f"no hunk to type in the last {len(hashes)} commits of {repo}: none only adds "
            f"{SHORTEST} to {LONGEST} characters to a source file; try a larger --commits"
        )
        raise TaskFileError(message)
    return found


def _tasks_of(repo: Path, commit: str, name: str) -> Iterator[TypingTask]:
    listed = _git(repo, "show", "--format=", "--name-only", "--diff-filter=M", "-z", commit)
    for file in filter(None, listed.split("\0")):
        language = language_of(file)
        if language is None or _NOT_WRITTEN_BY_HAND.search(file):
            continue
        patch = _git(repo, "show", "--format=", "--unified=0", "--no-color", commit, "--", file)
        added = list(_added(patch))
        if not added:
            continue
        before = _git(repo, "show", f"{commit}^:{file}")
        if len(before) > LARGEST_FILE or "\r" in before or "\0" in before:
            continue
        lines = before.splitlines(keepends=True)
        for line, typed in added:
            offset = sum(map(len, lines[:line]))
            task_id = f"{name}@{commit[:9]}:{file}:{line}"
            task = TypingTask(task_id, language, file, before, offset, typed, name)
            yield on_own_line(replace(task, parent=f"{commit}^"))


def _added(patch: str) -> Iterator[tuple[int, str]]:
    """Hunks that only add: the line after which they go in, and their text."""
    for found in _HUNK.finditer(patch):
        body = patch[found.end() :].split("\n")[1:]
        lines = []
        for line in body:
            if not line.startswith("+"):
                break
            lines.append(line[1:])
        typed = "\n".join(lines) + "\n"
        if SHORTEST <= len(typed) <= LONGEST and _clean(typed):
            yield int(found.group(1)), typed


def _clean(typed: str) -> bool:
    """Only what a keyboard enters."""
    return all(char in "\n\t" or char.isprintable() for char in typed)


def _git(repo: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repo), "-c", "core.quotepath=off", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=GIT_S)
    except FileNotFoundError as error:
        message = "git is not installed; give recorded tasks with --tasks instead of --repo"
        raise TaskFileError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"git took longer than {GIT_S} s in {repo}"
        raise TaskFileError(message) from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        message = f"git cannot read the history of {repo}: {reason[0] if reason else error}"
        raise TaskFileError(message) from error
    return done.stdout.decode("utf-8", errors="replace")
