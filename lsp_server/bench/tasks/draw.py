"""`midfill bench draw`: sets of tasks out of any git repository that do not give answers away.

The leak rule: an answer of 40 characters or more stands nowhere else that a server could look. For
holes and bodies that is the rest of the tree at HEAD; for what commits changed, the whole tree of
the parent commit.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from collections import Counter
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Any

from lsp_server.bench.errors import ResultFileError, TaskFileError
from lsp_server.bench.result_files import write
from lsp_server.bench.tasks.cut import HoleCutter
from lsp_server.bench.tasks.git_history import (
    changes,
    git,
    leaks,
    name_of,
    shuffled,
    tree,
    typeable,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from lsp_server.bench.tasks.git_history import FileChange

    Row = dict[str, Any]

FILES = ("holes.jsonl", "bodies.jsonl", "typing.jsonl", "edits.jsonl")
HUNKS = range(3, 25)
HUNK_LINES, HUNKS_LONGEST = 12, 3000
"""A commit to make again: how many hunks, lines of one, characters of all that is new."""
_QUICK = 3
"""The first third of a set is marked quick."""


def run(arguments: argparse.Namespace) -> int:
    """Draw, write and tell; returns the exit code.

    Raises:
        TaskFileError: git cannot read the repository, or nothing in it fits.
        ResultFileError: the folder cannot be written, or holds sets already.
    """
    folder: Path = arguments.out
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        message = f"{folder} holds {', '.join(there)} already; choose another --out"
        raise ResultFileError(message)
    drawn = draw(
        arguments.repo, count=arguments.count, commits=arguments.commits, seed=arguments.seed
    )
    if not any(drawn.values()):
        message = (
            f"nothing to draw from {arguments.repo}: it has no source file of its own with lines "
            "of code; which endings count is said in docs/lab/evaluation.md"
        )
        raise TaskFileError(message)
    try:
        (folder / "workspaces").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot write to {folder}: {error.strerror}; choose another --out"
        raise ResultFileError(message) from error
    for name, rows in drawn.items():
        if rows:
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            write(folder / name, "".join(lines))
        kinds = Counter(row.get("kind") or row["lang"] for row in rows)
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        sys.stdout.write(f"{folder / name}: {len(rows)} tasks{f' ({told})' if told else ''}\n")
    commits = [row for name in FILES[2:] for row in drawn[name] if row["quick"]]
    for parent in sorted({row["parent"] for row in commits}):
        packed = _packed(tree(arguments.repo, parent))
        (folder / "workspaces" / f"{parent[:12]}.tar.gz").write_bytes(packed)
    return 0


def draw(repo: Path, *, count: int, commits: int, seed: int = 0) -> dict[str, list[Row]]:
    """The rows of each of `FILES`; the same repository, options and seed give the same rows.

    Args:
        repo: a git repository; what is not committed is not looked at.
        count: most rows of each kind.
        commits: how many of the last commits to look at.
        seed: of the draw.

    Raises:
        TaskFileError: git cannot read the repository.
    """
    head = git(repo, "rev-parse", "HEAD").strip()
    name = name_of(repo)
    cutter = HoleCutter(tree(repo, head), Random(seed))  # noqa: S311 -- a draw of tasks, not a key
    cuts = {kind: cutter.cut(kind, count) for kind in ("line", "midline", "xfile", "body")}
    for row in chain.from_iterable(cuts.values()):
        row.update(id=f"{name}:{row['id']}", repo=name, commit=head, quick=False)
    holes = [row for kind in ("line", "midline", "xfile") for row in _marked(cuts[kind])]
    typing: list[Row] = []
    edits: list[Row] = []
    for commit in shuffled(repo, commits, seed):
        if len(typing) >= count and len(edits) >= count:
            break
        before: dict[str, str] = {}
        for change in changes(repo, commit):
            before = before or tree(repo, commit.parent)
            for rows, make in ((typing, _typing), (edits, _edits)):
                taken = any(
                    commit.hash == row["commit"] or change.file == row["file"] for row in rows
                )
                if len(rows) < count and not taken:
                    rows.extend(make(change, before, name))
    return dict(
        zip(FILES, (holes, _marked(cuts["body"]), _marked(typing), _marked(edits)), strict=True)
    )


def _typing(change: FileChange, before: Mapping[str, str], repo: str) -> list[Row]:
    """The first hunk of a change that only adds, if it was nowhere before."""
    for hunk, text in change.to_type():
        if not leaks(text, before):
            row = _common(change, repo)
            row["id"] += f":{hunk.line}"
            return [{**row, "offset": change.offset(hunk.line), "typed": text}]
    return []


def _edits(change: FileChange, before: Mapping[str, str], repo: str) -> list[Row]:
    """All hunks of a change, if there are some, none is long, and none was anywhere before."""
    hunks = change.hunks
    new = ["\n".join(hunk.new) for hunk in hunks]
    fits = (
        len(hunks) in HUNKS
        and all(max(len(hunk.old), len(hunk.new)) <= HUNK_LINES for hunk in hunks)
        and sum(map(len, new)) <= HUNKS_LONGEST
        and all(map(typeable, new))
        # a commit that only moves text about in its lines is a formatter's
        and any(_dense(hunk.old) != _dense(hunk.new) for hunk in hunks)
    )
    if not fits or any(leaks(text, before) for text in new):
        return []
    made = [{"line": hunk.line, "old": list(hunk.old), "new": list(hunk.new)} for hunk in hunks]
    return [{**_common(change, repo), "hunks": made}]


def _dense(lines: tuple[str, ...]) -> str:
    return "".join("".join(lines).split())


def _common(change: FileChange, repo: str) -> Row:
    commit = change.commit
    return {
        "id": f"{repo}@{commit.hash[:9]}:{change.file}",
        "lang": change.language,
        "repo": repo,
        "commit": commit.hash,
        "parent": commit.parent,
        "date": commit.date,
        "file": change.file,
        "quick": False,
        "before": change.before,
    }


def _marked(rows: list[Row]) -> list[Row]:
    """The rows, the first third of them marked quick."""
    for row in rows[: -(-len(rows) // _QUICK)]:
        row["quick"] = True
    return rows


def _packed(files: Mapping[str, str]) -> bytes:
    """A `.tar.gz` of a tree; the same tree gives the same bytes."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as packed,
    ):
        for path, text in sorted(files.items()):
            content = text.encode()
            member = tarfile.TarInfo(path)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()
