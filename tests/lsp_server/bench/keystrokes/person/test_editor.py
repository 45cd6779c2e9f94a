"""What an editor does on its own."""

from __future__ import annotations

import pytest

from lsp_server.bench.keystrokes.person.editor import AutoPairEditor, indent_unit, repeated


def after(keys: str, language: str = "python", text: str = "|") -> str:
    """The text after these keys, the cursor as `|`; `<` is Backspace, `v` Down."""
    left, _, right = text.partition("|")
    editor = AutoPairEditor(left + right, len(left), language)
    for key in keys:
        if key == "\n":
            editor.enter()
        elif key == "<":
            editor.backspace()
        elif key == "v":
            editor.down()
        else:
            editor.press(key)
    return f"{editor.left}|{editor.right}"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("f(a", "f(a|)"),
        ("f(a)", "f(a)|"),  # typed over
        ("f([{", "f([{|}])"),
        ("f(<", "f|"),  # both halves go
        ("f(a<<", "f|"),
        ('x = "a', 'x = "a|"'),
        ('x = "a"', 'x = "a"|'),
        ('x = f"a', 'x = f"a|"'),
        ('"""', '"""|"""'),
        ('"""a"""', '"""a"""|'),
        ("# don't", "# don't|"),
        ("it's", "it's|"),
        ('"it\'s"', '"it\'s"|'),
        ("r('a')", "r('a')|"),
    ],
)
def test_pairs_are_closed_typed_over_and_deleted_together(keys: str, text: str) -> None:
    """As VS Code does it, and Neovim with autopairs."""
    assert after(keys) == text


def test_nothing_is_closed_before_a_word() -> None:
    """Somebody wraps what is there."""
    assert after("(", text="|name") == "(|name"
    assert after("(", text="|, name") == "(|), name"


@pytest.mark.parametrize(
    ("language", "keys", "text"),
    [
        ("python", "if a:\nb\nc", "if a:\n    b\n    c|"),
        ("python", "if a:\nreturn\nc", "if a:\n    return\nc|"),
        ("python", "if a:\n\nc", "if a:\n\n    c|"),  # blanks of an empty line do not stay
        ("typescript", "f {\nx", "f {\n  x|\n}"),
        ("typescript", "f {\nv\ny", "f {\n  \n}\ny|"),
        ("typescript", "f(a, {\nx", "f(a, {\n  x|\n})"),
        ("go", "f {\nx", "f {\n\tx|\n}"),
    ],
)
def test_enter_indents_and_opens_pairs(language: str, keys: str, text: str) -> None:
    """A level behind an opener; the closer goes to a line of its own."""
    assert after(keys, language) == text


def test_backspace_takes_a_level_of_indentation() -> None:
    """And a single blank where there is no whole level."""
    assert after("<", text="if a:\n    |") == "if a:\n|"
    assert after("<", text="if a:\n    b\n  |") == "if a:\n    b\n |"


def test_quotes_of_one_language_are_none_of_another() -> None:
    """Rust's lifetimes are not closed, nor are Python's backticks."""
    assert after("&'a", "rust") == "&'a|"
    assert after("`a", "python") == "`a|"
    assert after("`a", "go") == "`a|`"


@pytest.mark.parametrize(
    ("language", "text", "unit"),
    [
        ("python", "if a:\n  b\n  if c:\n    d\n", "  "),
        ("typescript", "f {\n    a\n        b\n}\n", "    "),
        ("java", "class A {\n\tint a;\n}\n", "\t"),
        ("typescript", "", "  "),
        ("python", "", "    "),
    ],
)
def test_the_unit_is_that_of_the_text(language: str, text: str, unit: str) -> None:
    """Else that of the language."""
    assert indent_unit(text, language) == unit


@pytest.mark.parametrize(
    ("accepted", "pending", "count"),
    [
        ("a, b", [")"], 0),
        ("a, b)", [")"], 1),
        ("f(a), b", [")"], 0),
        ("f(a)), b]", [")", "]"], 2),
        ("a'b)\"", ['"', ")"], 1),
        ("x\n}", ["\n}"], 1),
        ('")")', [")"], 1),
        ("a)", [], 0),
    ],
)
def test_closers_that_come_once_more_are_counted(
    accepted: str, pending: list[str], count: int
) -> None:
    """Those of pairs that the text itself opens are not among them."""
    assert repeated(accepted, pending) == count
