"""The right definition for a task: the other file that holds it, and where."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lsp_server.bench.accuracy import definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lsp_server.bench.tasks.holes import HoleTask

Files = dict[str, dict[str, str]]
"""Repository, then path, then text."""


def repositories(tasks: Iterable[HoleTask]) -> Files:
    """Whole files by repository and path, as the rows of a task file hold them."""
    files: Files = defaultdict(dict)
    for task in tasks:
        files[task.repo][task.file] = task.whole
    return files


def oracle(
    task: HoleTask, files: Mapping[str, Mapping[str, str]]
) -> tuple[str, definitions.WantedDefinition] | None:
    """Path and place of the definition that the answer needs; never from the task's own file."""
    named = [
        path
        for path in task.fields.get("defined_in") or ()
        if path in files.get(task.repo, {}) and path != task.file
    ]
    # of several files that define the name, one that the current file seems to import
    named.sort(key=lambda path: not _mentioned(path, task.before))
    for path in named:
        found = definitions.find(files[task.repo][path], task.fields["symbol"], task.language)
        if found is not None:
            return path, found
    return None


def _mentioned(path: str, text: str) -> bool:
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    return any(
        word and word in text for word in (f"/{stem}", f".{stem} ", folder.split("/")[-1] + '"')
    )
