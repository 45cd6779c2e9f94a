"""The other files of a task, as the commit before it had them: an archive, or git's tree."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lsp_server.bench.errors import TaskFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lsp_server.bench.tasks.typing import TypingTask

_COMMIT_DIGITS = 12
_GIT_S = 60


@dataclass(frozen=True, slots=True)
class ArchivedTree:
    """A tree in a `.tar.gz`."""

    path: Path

    def unpack(self, folder: Path) -> None:
        """Write its files."""
        try:
            with tarfile.open(self.path) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            message = f"cannot unpack {self.path}: {error}; leave out --workspaces to do without"
            raise TaskFileError(message) from error


@dataclass(frozen=True, slots=True)
class GitTree:
    """The tree of a commit in a repository at hand."""

    repo: Path
    commit: str

    def unpack(self, folder: Path) -> None:
        """Write its files."""
        command = ["git", "-C", str(self.repo), "archive", "--format=tar", self.commit]
        try:
            done = subprocess.run(command, capture_output=True, check=True, timeout=_GIT_S)
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
            message = f"git cannot give the tree of {self.commit} in {self.repo}: {error}"
            raise TaskFileError(message) from error


def with_archives(tasks: Sequence[TypingTask], folder: Path) -> list[TypingTask]:
    """The tasks, each with the archive of its parent commit.

    Args:
        tasks: what is typed.
        folder: holds `PARENT.tar.gz`, by the first 12 digits of the commit.

    Raises:
        TaskFileError: a task has no parent, or the folder no archive of it.
    """
    found, missing = [], []
    for task in tasks:
        path = folder / f"{task.parent[:_COMMIT_DIGITS]}.tar.gz"
        if not task.parent or not path.is_file():
            missing.append(task.id)
        found.append(replace(task, tree=ArchivedTree(path)))
    if missing:
        message = (
            f"{folder} has no PARENT.tar.gz for {len(missing)} of {len(tasks)} tasks, "
            f"such as {missing[0]}; choose tasks that have one (--quick), or leave out --workspaces"
        )
        raise TaskFileError(message)
    return found
