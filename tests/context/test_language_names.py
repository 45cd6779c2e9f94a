"""Names of languages as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.language_names import language_named, languages_in, near, same_language
from context.languages import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("names", "identifier"),
    [
        ("sh bash zsh shell shellscript Shell-Script .sh SH", "shellscript"),
        ("cs c# C# csharp CSharp c_sharp", "csharp"),
        ("c++ C++ cpp CPP cxx .cpp hpp cplusplus", "cpp"),
        ("Markdown markdown md *.md .MD", "markdown"),
        ("tex latex LaTeX plaintex .tex", "latex"),
        ("objc objective-c Objective-C ObjectiveC", "objective-c"),
        ("js JavaScript node", "javascript"),
        ("jsx javascriptreact javascript.jsx", "javascriptreact"),
        ("ts TypeScript", "typescript"),
        ("py python3 Python .py", "python"),
        ("golang Go go", "go"),
        ("make Makefile mk", "makefile"),
        ("docker Dockerfile", "dockerfile"),
        ("viml vim VimScript", "vim"),
        ("yml YAML", "yaml"),
        ("rst reStructuredText", "restructuredtext"),
        ("txt text plaintext Plain", "plaintext"),
        ("gitcommit git-commit", "git-commit"),
        ("h c C", "c"),
        ("rs Rust", "rust"),
    ],
)
def test_every_usual_name_is_understood(names: str, identifier: str) -> None:
    """Identifiers, aliases of editors, endings and names, in any case."""
    assert {name: language_named(name) for name in names.split()} == dict.fromkeys(
        names.split(), identifier
    )


def test_every_language_is_known_by_its_own_names() -> None:
    """No name of one language is taken by another."""
    for language in LANGUAGES.values():
        for name in (language.id, language.name, *language.aliases):
            assert language_named(name) == language.id


def test_what_editors_send_and_what_people_write_are_one_language() -> None:
    """Also where the language has no row of its own."""
    assert same_language(language_of("a.rst", "rst")) == same_language("reStructuredText")
    assert same_language("Qqq ") == "qqq"


@pytest.mark.parametrize(
    ("listed", "found", "unknown"),
    [
        ("", set(), ()),
        ("rust, python", {"rust", "python"}, ()),
        ("rust python", {"rust", "python"}, ()),
        ("Common Lisp, Vim script;C++", {"lisp", "vim", "cpp"}, ()),
        ("pyton, rust", {"pyton", "rust"}, ("pyton",)),
        (", ,", set(), ()),
    ],
)
def test_a_list_is_read_as_it_is_meant(
    listed: str, found: set[str], unknown: tuple[str, ...]
) -> None:
    """Commas or blanks between; names with blanks where commas are."""
    assert languages_in(listed) == (frozenset(found), unknown)


def test_a_slip_has_a_suggestion() -> None:
    """The nearest name, if one is near."""
    assert near("pyton") == "python"
    assert near("markdwon") == "markdown"
    assert near("qqqqqq") == ""


@given(st.text())
def test_no_list_is_too_odd(listed: str) -> None:
    """Each word is known or unknown."""
    found, unknown = languages_in(listed)
    assert len(unknown) == 0 or found
