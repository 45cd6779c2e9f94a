"""Novelty: of an outline stays what the prompt does not know, with the blocks around it."""

from __future__ import annotations

import pytest

from context.candidate import Candidate, CandidateKind
from context.prompt.novelty import names_in, without_known

PYTHON = """\
class Store:
    def find(self, number: int) -> Invoice: ...
    def drop(self, number: int) -> None: ...
class Empty:
    def find(self) -> None: ...
def total(store: Store) -> int: ...
"""
JAVA = """\
public class Store {
    public Invoice find(int number);
    private static class Row {
        int cents;
    }
}
"""


DROP = "class Store:\n    def drop(self, number: int) -> None: ...\nclass Empty:\n"
ROW = "public class Store {\n    private static class Row {\n        int cents;\n    }\n}\n"
FIND = "public class Store {\n    public Invoice find(int number);\n}\n"
GO = "type Store struct {\n\tcents int\n}\nfunc (s *Store) Find(number int) Invoice\n"


@pytest.mark.parametrize(
    ("text", "known", "left"),
    [
        (PYTHON, "", PYTHON),
        (PYTHON, "Store find total", DROP),
        (PYTHON, "Store find drop Empty total", ""),
        (JAVA, "", JAVA),
        (JAVA, "Store find Row Invoice", ROW),
        (JAVA, "Store Row cents Invoice", FIND),
        (GO, "Store cents", "func (s *Store) Find(number int) Invoice\n"),
        (GO, "Store Find", "type Store struct {\n\tcents int\n}\n"),
        ("", "x", ""),
    ],
)
def test_lines_about_known_names_are_left_out(text: str, known: str, left: str) -> None:
    """Headers stay above what stays, and so do their ends."""
    outline = Candidate(CandidateKind.IMPORT, "/a", "a", "python", text, 0.5, "")
    assert without_known(outline, names_in(known)).text == left
