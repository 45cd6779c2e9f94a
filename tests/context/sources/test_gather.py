"""Gathering: every source is asked, none can break the others, time is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from context.access.files import SourceFile
from context.access.reader import Reader
from context.candidate import Candidate, CandidateKind
from context.sources import imports
from context.sources.environments import Places
from context.sources.gather import Gatherer, GatherRequest

if TYPE_CHECKING:
    from pathlib import Path

STORE = "class Store:\n    def fetch(self, number: int) -> int:\n        return number\n"
APP = "from store import Store\n\n\ndef total(store: Store) -> int:\n    return store."


def wish(root: Path) -> GatherRequest:
    """A file that imports another one."""
    location = (root / "app.py").as_posix()
    current = SourceFile(location, "app.py", "python", APP, (0, 0))
    return GatherRequest(current, 4, recent=[(root / "other.py").as_posix()], tokens=600)


def gatherer(root: Path) -> Gatherer:
    """A gatherer over a workspace with two other files."""
    (root / "store.py").write_text(STORE)
    (root / "other.py").write_text(STORE.replace("Store", "Shelf") + "\n\nstore: Store\n")
    reader = Reader()
    reader.set_roots([root.as_posix()])
    return Gatherer(reader, str)


def test_every_source_is_asked(tmp_path: Path) -> None:
    """Imports and windows in one list, equal each time."""
    made = gatherer(tmp_path)
    found = made.gather(wish(tmp_path))
    assert {candidate.kind for candidate in found} >= {CandidateKind.IMPORT, CandidateKind.WINDOW}
    assert made.gather(wish(tmp_path)) == found
    assert gatherer(tmp_path).gather(wish(tmp_path)) == found
    assert not made.faults
    assert not made.late


def test_a_source_that_raises_costs_its_own_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is counted by name, the other sources go on."""

    def broken(*_: object, **__: object) -> list[Candidate]:
        raise RecursionError

    monkeypatch.setattr(imports, "gather", broken)
    made = gatherer(tmp_path)
    assert {candidate.kind for candidate in made.gather(wish(tmp_path))} == {CandidateKind.WINDOW}
    assert made.faults == {"imports:RecursionError": 1}


def test_what_comes_too_late_is_counted(tmp_path: Path) -> None:
    """When time has run out nothing more is asked."""
    made = gatherer(tmp_path)
    answers = iter([False, True])
    found = made.gather(wish(tmp_path), late=lambda: next(answers, True))
    assert {candidate.kind for candidate in found} == {CandidateKind.IMPORT}
    assert made.late["windows"] == 1


@pytest.mark.parametrize("language", ["python", "cobol", "plaintext"])
def test_any_language_has_windows(tmp_path: Path, language: str) -> None:
    """A language without grammar has no imports, but files that look alike."""
    current = SourceFile("/nowhere/a", "a", language, APP, (0, 0))
    recent = [(tmp_path / "other.py").as_posix()]
    found = gatherer(tmp_path).gather(GatherRequest(current, 4, recent=recent, tokens=600))
    assert CandidateKind.WINDOW in {candidate.kind for candidate in found}


def test_libraries_of_the_active_environment_are_asked(tmp_path: Path) -> None:
    """Also when it lies elsewhere than beside the code, and not when libraries are off."""
    package = tmp_path / "env/lib/python3.12/site-packages/shelf.py"
    package.parent.mkdir(parents=True)
    package.write_text(STORE)
    root = tmp_path / "space"
    root.mkdir()
    made = gatherer(root)
    current = replace(wish(root).current, text="from shelf import Store\n\nStore(")
    places = Places.of({"VIRTUAL_ENV": (tmp_path / "env").as_posix()})
    asked = GatherRequest(current, 2, places=places)
    assert [one.path for one in made.gather(asked) if one.kind is CandidateKind.LIBRARY] == [
        "shelf.py"
    ]
    assert all(
        one.kind is not CandidateKind.LIBRARY
        for one in made.gather(replace(asked, libraries=False))
    )
