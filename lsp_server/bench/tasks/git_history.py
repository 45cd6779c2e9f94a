"""What a git repository holds and how it came about: trees, commits, and the hunks of a commit."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from random import Random
from typing import TYPE_CHECKING, Final

from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.tasks.typing import TypingTask, language_of, on_own_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHORTEST, LONGEST = 120, 700
"""Characters of a hunk that is worth typing."""
LEAK: Final = 40
"""Characters from which on an answer that stands somewhere else is a leak; what is shorter, such
as `return None`, may well be written twice."""
LARGEST_FILE = 200_000
GIT_S = 60
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@.*\n", re.MULTILINE)
NOT_WRITTEN_BY_HAND = re.compile(
    r"(^|/)(vendor|third_party|node_modules|dist|build|testdata|migrations)/"
    r"|\.min\.|_pb2|\.pb\.|\.lock$|(^|[._/-])generated"
)
_PROJECT = frozenset({"Cargo.toml", "go.mod", "package.json", "pyproject.toml", "tsconfig.json"})


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of a file that a commit replaced.

    Attributes:
        line: 0-based, in the file before the commit; of a hunk that only adds, where it goes in.
        old: what stood there.
        new: what stands there now.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with one parent; `date` is YYYY-MM-DD."""

    hash: str
    parent: str
    date: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a commit: its text as of the parent, and all hunks in the file's order."""

    commit: Commit
    file: str
    language: str
    before: str
    hunks: tuple[Hunk, ...]

    def offset(self, line: int) -> int:
        """Where a line of `before` begins, in code points."""
        return sum(len(text) + 1 for text in self.before.split("\n")[:line])

    def to_type(self) -> Iterator[tuple[Hunk, str]]:
        """The hunks that only add what a keyboard enters, 120 to 700 characters, and their text."""
        for hunk in self.hunks:
            text = "\n".join(hunk.new) + "\n"
            if not hunk.old and SHORTEST <= len(text) <= LONGEST and typeable(text):
                yield hunk, text


def name_of(repo: Path) -> str:
    """What tasks call a repository: its folder's name."""
    return repo.resolve().name.removesuffix(".git") or "workspace"


def tasks_from(repo: Path, *, count: int, commits: int, seed: int = 0) -> list[TypingTask]:
    """Up to `count` hunks out of the last `commits` commits, at most one a file and commit.

    The text before a hunk is the file as of the parent commit, so that nothing that came with the
    commit is there; a hunk that the file held already, in another place, is passed over.

    Raises:
        TaskFileError: git is missing, this is no repository, or no hunk fits.
    """
    name, found, files = name_of(repo), list[TypingTask](), set[str]()
    drawn = shuffled(repo, commits, seed)
    for commit in drawn:
        for change in changes(repo, commit):
            hunks = [] if change.file in files else list(change.to_type())
            fresh = [(hunk, text) for hunk, text in hunks if not leaks(text, {"": change.before})]
            if not fresh:
                continue
            (hunk, text), *_ = fresh
            task_id = f"{name}@{commit.hash[:9]}:{change.file}:{hunk.line}"
            offset = change.offset(hunk.line)
            task = TypingTask(
                task_id, change.language, change.file, change.before, offset, text, name
            )
            files.add(change.file)
            found.append(on_own_line(replace(task, parent=commit.parent)))
            break  # one hunk a commit: many commits say more than many hunks of one
        if len(found) >= count:
            break
    if not found:
        message = (
            f"no hunk to type in the last {len(drawn)} commits of {repo}: none only adds "
            f"{SHORTEST} to {LONGEST} characters to a source file; try a larger --commits"
        )
        raise TaskFileError(message)
    return found


def shuffled(repo: Path, most: int, seed: int) -> list[Commit]:
    """The last `most` commits that have one parent, in an order that follows from the seed.

    Raises:
        TaskFileError: git is missing, or this is no repository.
    """
    listed = git(repo, "log", "--no-merges", f"--max-count={most}", "--format=%H %cs %P")
    found = []
    for line in listed.splitlines():
        commit, date, *parents = line.split()
        if parents:  # the first commit of all changed nothing
            found.append(Commit(commit, parents[0], date))
    Random(seed).shuffle(found)  # noqa: S311 -- a draw of tasks, not a key
    return found


def changes(repo: Path, commit: Commit) -> Iterator[FileChange]:
    """The source files written by hand that a commit changed, in git's order.

    Raises:
        TaskFileError: git cannot read them.
    """
    shown = ("show", "--format=", "--no-renames", "--no-ext-diff", "--no-textconv")
    listed = git(repo, *shown, "--name-only", "--diff-filter=M", "-z", commit.hash)
    for file in filter(None, listed.split("\0")):
        language = language_of(file)
        if language is None or NOT_WRITTEN_BY_HAND.search(file):
            continue
        before = git(repo, "show", f"{commit.parent}:{file}")
        if not _readable(before):
            continue
        patch = git(repo, *shown, "--unified=0", "--no-color", commit.hash, "--", file)
        yield FileChange(commit, file, language, before, tuple(_hunks(patch)))


def tree(repo: Path, commit: str) -> dict[str, str]:
    """The source files written by hand of a commit, and its project files, by path.

    Raises:
        TaskFileError: git cannot read them.
    """
    found = {}
    with tarfile.open(fileobj=io.BytesIO(_git(repo, "archive", "--format=tar", commit))) as packed:
        for member in sorted(packed, key=lambda member: member.name):
            known = language_of(member.name) or PurePosixPath(member.name).name in _PROJECT
            if not member.isfile() or not known:
                continue
            if NOT_WRITTEN_BY_HAND.search(member.name) or member.size > 4 * LARGEST_FILE:
                continue
            content = packed.extractfile(member)
            text = content.read().decode("utf-8", "replace") if content else ""
            if _readable(text):
                found[member.name] = text
    return found


def leaks(answer: str, files: Mapping[str, str]) -> bool:
    """Whether an answer of `LEAK` characters or more stands in one of the files."""
    wanted = answer.strip()
    return len(wanted) >= LEAK and any(wanted in text for text in files.values())


def typeable(text: str) -> bool:
    """Only what a keyboard enters."""
    return all(char in "\n\t" or char.isprintable() for char in text)


def _readable(text: str) -> bool:
    return len(text) <= LARGEST_FILE and not set("\r\0\N{REPLACEMENT CHARACTER}") & set(text)


def _hunks(patch: str) -> Iterator[Hunk]:
    for found in _HUNK.finditer(patch):
        first, taken, put = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        body = patch[found.end() :].split("\n", taken + put + 2)
        # "\ No newline at end of file" may stand after either side
        lines = [line for line in body if not line.startswith("\\")][: taken + put]
        old = tuple(line[1:] for line in lines[:taken])
        yield Hunk(first - (taken > 0), old, tuple(line[1:] for line in lines[taken:]))


def git(repo: Path, *arguments: str) -> str:
    """What a git command prints.

    Raises:
        TaskFileError: git is missing, too slow, or refuses; with its own reason.
    """
    return _git(repo, *arguments).decode("utf-8", errors="replace")


def _git(repo: Path, *arguments: str) -> bytes:
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
    return done.stdout
