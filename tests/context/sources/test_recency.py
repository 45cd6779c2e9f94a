"""Recency: the newest first, per language, bounded, and read back from anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.sources.recency import MOST_LANGUAGES, Recency

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = st.sampled_from([f"/space/{name}" for name in "abcdefg"])
TOUCHES = st.lists(st.tuples(NAMES, st.sampled_from(["python", "go", "typescript"])), max_size=40)


def touched(touches: Sequence[tuple[str, str]], most: int = 20) -> Recency:
    """A recency after some accesses."""
    recency = Recency(most)
    for location, language in touches:
        recency.touch(location, language)
    return recency


@given(touches=TOUCHES, most=st.integers(1, 4))
def test_the_newest_of_a_language_come_first(touches: list[tuple[str, str]], most: int) -> None:
    """Each location once, by its last access, at most so many."""
    expected: list[str] = []
    newest = dict(touches)
    for location, _ in reversed(touches):
        if newest[location] == "python" and location not in expected:
            expected.append(location)
    files = touched(touches, 100).files("python")
    assert files == tuple(expected)
    limited = touched(touches, most).files("python")
    assert len(limited) <= most
    assert [name for name in files if name in limited] == list(limited)


@given(touches=TOUCHES)
def test_it_survives_a_restart(touches: list[tuple[str, str]]) -> None:
    """What is written is read back the same."""
    recency = touched(touches)
    assert Recency.from_dict(recency.as_dict()).as_dict() == recency.as_dict()


@pytest.mark.parametrize(
    "saved", [None, [], 3, {"python": 3}, {"python": [3, None, ""]}, {3: ["/a"]}, {"go": {}}]
)
def test_a_damaged_state_is_no_state(saved: Any) -> None:
    """Whatever a state file holds, nothing is raised and nothing wrong is taken over."""
    assert list(Recency.from_dict(saved)) == []


def test_related_languages_are_recent_together() -> None:
    """TypeScript files are near to a JavaScript file, C to C++."""
    recency = touched([("/a.ts", "typescript"), ("/b.jsx", "javascriptreact"), ("/c.h", "c")])
    assert recency.files("javascript") == ("/b.jsx", "/a.ts")
    assert recency.files("cpp") == ("/c.h",)


def test_a_repeated_access_is_no_news() -> None:
    """Every key is an access of the same file; only the first is worth writing down."""
    recency = Recency()
    assert recency.touch("/a", "python")
    assert not recency.touch("/a", "python")
    assert recency.touch("/b", "python")
    assert recency.touch("/a", "python")


def test_renames_keep_the_place_and_deletes_leave_none() -> None:
    """A renamed file stays where it was in the order."""
    recency = touched([("/a", "go"), ("/b", "go"), ("/c", "go")])
    assert recency.rename("/b", "/d")
    assert recency.files("go") == ("/c", "/d", "/a")
    assert recency.rename("/d", "/a")
    assert recency.files("go") == ("/c", "/a")
    assert not recency.rename("/x", "/y")
    assert recency.forget("/c")
    assert not recency.forget("/c")
    assert list(recency) == ["/a"]


def test_languages_are_bounded_too() -> None:
    """A thousand languages do not make the state file grow."""
    recency = touched([(f"/{n}", f"language-{n}") for n in range(1000)])
    assert len(list(recency)) == MOST_LANGUAGES
    assert recency.files("language-999")


def test_a_smaller_number_of_files_is_kept_at_once() -> None:
    """The setting can change while the server runs."""
    recency = touched([(f"/{n}", "go") for n in range(9)])
    recency.resize(2)
    assert recency.files("go") == ("/8", "/7")
