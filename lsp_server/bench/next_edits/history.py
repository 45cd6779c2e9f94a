"""Tasks of the edit replay from a repository's own history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.next_edits.commits import CommitTask, LineHunk
from lsp_server.bench.tasks.git_history import LARGEST_FILE, NOT_WRITTEN_BY_HAND, git
from lsp_server.bench.tasks.typing import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEWEST_HUNKS: Final = 3
MOST_HUNKS: Final = 24
_MOST_FILES: Final = 4
"""Files of one commit: what sweeps through a whole tree would count too often."""
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def commits_from(repo: Path, *, commits: int) -> list[CommitTask]:
    """Files that the last `commits` commits changed in 3 to 24 places, the newest first.

    Raises:
        TaskFileError: git is missing, this is no repository, or no commit fits.
    """
    hashes = git(repo, "log", "--no-merges", f"--max-count={commits}", "--format=%H").split()
    name = repo.resolve().name or "workspace"
    found = [task for commit in hashes for task in _tasks(repo, commit, name)]
    if not found:
        message = (
            f"no edits to replay in the last {len(hashes)} commits of {repo}: none changes a "
            f"source file in {FEWEST_HUNKS} to {MOST_HUNKS} places; try a larger --commits"
        )
        raise TaskFileError(message)
    return found


def _tasks(repo: Path, commit: str, name: str) -> Iterator[CommitTask]:
    listed = git(
        repo, "diff-tree", "-r", "--no-commit-id", "--name-only", "--diff-filter=M", commit
    )
    count = 0
    for file in listed.splitlines():
        language = language_of(file)
        if language is None or NOT_WRITTEN_BY_HAND.search(file) or count == _MOST_FILES:
            continue
        diff = git(repo, "diff", "-U0", f"{commit}^", commit, "--", file)
        hunks = _hunks(diff)
        if not FEWEST_HUNKS <= len(hunks) <= MOST_HUNKS:
            continue
        before = git(repo, "show", f"{commit}^:{file}")
        if len(before) <= LARGEST_FILE:
            count += 1
            yield CommitTask(f"{name}@{commit[:9]}:{file}", language, name, file, before, hunks)


def _hunks(diff: str) -> tuple[LineHunk, ...]:
    """The hunks of a diff without context."""
    found: list[LineHunk] = []
    for line in diff.split("\n"):
        if head := _HUNK.match(line):
            start, size = int(head[1]), int(head[2] or 1)
            found.append(LineHunk(start - 1 if size else start, (), ()))
        elif found and line.startswith("-"):
            found[-1] = LineHunk(found[-1].line, (*found[-1].old, line[1:]), found[-1].new)
        elif found and line.startswith("+"):
            found[-1] = LineHunk(found[-1].line, found[-1].old, (*found[-1].new, line[1:]))
    return tuple(found)
