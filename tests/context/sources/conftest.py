"""Fixtures for sources of candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.context.sources.tree import ROOT, Tree

if TYPE_CHECKING:
    from context.candidate import Candidate
    from tests.context.sources.tree import Look, Source


@pytest.fixture
def look() -> Look:
    """Candidates of a workspace, by path; the current file is the one with a `|` cursor."""

    def run(source: Source, texts: dict[str, str]) -> dict[str, Candidate]:
        path, text = next((path, text) for path, text in texts.items() if "|CURSOR|" in text)
        before = text[: text.index("|CURSOR|")]
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        tree = Tree(texts | {path: text.replace("|CURSOR|", "")})
        location = path if path.startswith("/") else f"{ROOT}/{path}"
        current = tree.read(location)
        assert current is not None
        found: dict[str, Candidate] = {}
        for candidate in source(current, line, tree, column=column):
            found.setdefault(candidate.path, candidate)
        return found

    return run
