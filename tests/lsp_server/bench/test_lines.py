"""Whole lines in real code: a model that is always right, played at hundreds of places."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.bench.studies.lines import accepted, files_of, is_broken, is_whole, spots
from lsp_server.completion.presentation.constraints import TextConstraints
from lsp_server.completion.presentation.present import present
from lsp_server.settings.model import SuggestionSettings
from tests.lsp_server.completion.presentation.test_present import decoded, tokens_of

DEV = Path(__file__).resolve().parents[4] / "shared" / "evals" / "dev"
TASKS = [DEV / "repofim.jsonl", DEV / "safim.jsonl"]


@pytest.mark.skipif(not all(path.exists() for path in TASKS), reason="no development data here")
def test_a_model_that_is_right_breaks_no_line_of_real_code() -> None:
    """Behind a closed bracket its line comes out as it is in the file; elsewhere it stays."""
    found = spots([one for path in TASKS for one in files_of(path)], each=40, seed=3)
    assert len(found) >= 300
    assert len({spot.snapshot.language for spot in found}) == 5
    shown, wrong = 0, []
    for spot in found:
        pieces = tokens_of(spot.truth)
        answer = decoded(pieces, log_probs=[0.0] * len(pieces))
        text = present(answer, TextConstraints.of(spot.snapshot), SuggestionSettings())
        if not text:
            continue
        shown += 1
        inserted, left = accepted(spot, text)
        first = inserted.split("\n")[0] + ("" if "\n" in inserted else left)
        truth = spot.truth.split("\n")[0].rstrip()
        if is_broken(spot, inserted, left) or not (first.startswith(truth) or left):
            wrong.append((spot.snapshot.line_before, inserted, left))
    assert not wrong
    assert shown >= 150


@pytest.mark.parametrize(
    ("line", "whole"),
    [("f(a, 'b')", True), ("f(a))", False), ("f(a]", False), ("f('a", False), ("f(a", True)],
)
def test_a_line_is_whole_when_what_it_closes_is_open(line: str, whole: bool) -> None:
    """Quotes hide brackets; what goes on in the next line is whole."""
    assert is_whole(line) is whole
