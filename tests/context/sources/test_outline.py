"""Outlines: what stays of a file, readable in `tests/golden/outlines`.

MIDFILL_GOLDEN=write pytest tests/context/sources/test_outline.py && git diff tests/golden
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from context.access.files import SourceFile
from context.languages import language_of
from context.syntax.outline import Interest, outline_of
from context.syntax.outline.model import Definition, first_sentence, signature, words_of

GOLDEN = Path(__file__).parents[2] / "golden" / "outlines"
CUT = "======== outline ========\n"
NAMES = sorted(path.name.removesuffix(".txt") for path in GOLDEN.iterdir())


def _definitions(name: str, text: str) -> tuple[Definition, ...]:
    file = SourceFile(f"/{name}", name, language_of(name), text, (len(text), hash(text)))
    return outline_of(file).definitions


@pytest.mark.parametrize("name", NAMES)
def test_golden_outlines(name: str) -> None:
    """Every definition of a file, by the names that others use for it."""
    path = GOLDEN / f"{name}.txt"
    source = path.read_text("utf-8").partition(CUT)[0]
    rendered = "".join(
        f"[{definition.name}]\n" + "".join(f"{line}\n" for line in definition.render(40))
        for definition in _definitions(name, source)
    )
    if os.environ.get("MIDFILL_GOLDEN") == "write":
        path.write_text(source + CUT + rendered, "utf-8")
    assert path.read_text("utf-8") == source + CUT + rendered


BROKEN = {
    "py": "def half(a, b=[\n    x = foo(",
    "ts": "export class Half {\n  get(a: string, b = {",
    "go": "func half(a int, b []\n\tx := foo(",
    "java": "class Half {\n  int get(String a, List<",
    "rs": "fn half(a: u8) -> {\n    let x = foo(",
    "h": "class Half {\n  int get(int a,",
}


@pytest.mark.parametrize("name", NAMES)
def test_half_written_code_costs_only_itself(name: str) -> None:
    """Definitions before an unfinished one stay."""
    source = (GOLDEN / f"{name}.txt").read_text("utf-8").partition(CUT)[0].rstrip()
    source = source.removesuffix("#endif")
    whole = {definition.name for definition in _definitions(name, source)}
    broken = f"{source}\n{BROKEN[name.rpartition('.')[2]]}\n"
    assert whole <= {definition.name for definition in _definitions(name, broken)}


def test_members_that_fit_are_those_of_interest() -> None:
    """Constructors first, then names made of the words at the cursor, private ones last."""
    members = tuple(
        Definition(name, (f"def {name}(self): ...",))
        for name in ("_hidden", "close", "read_header", "__init__", "write_header", "flush")
    )
    whole = Definition("Store", ("class Store:",), members)
    assert whole.render(4, Interest(frozenset({"header"}))) == [
        "class Store:",
        "    def read_header(self): ...",
        "    def __init__(self): ...",
        "    def write_header(self): ...",
        "    ...",
    ]
    assert "    def _hidden(self): ..." not in whole.render(6)


@pytest.mark.parametrize(
    ("begun", "kept"),
    [
        ("", ["__init__", "read_header"]),
        ("fl", ["__init__", "flush"]),
        ("CLO", ["close", "__init__"]),
        ("_hid", ["_hidden", "__init__"]),
        ("nothing", ["__init__", "read_header"]),
    ],
)
def test_members_that_begin_as_is_typed_come_first(begun: str, kept: list[str]) -> None:
    """Before constructors and whatever the words say; the file's order stays."""
    names = ("_hidden", "close", "read_header", "__init__", "flush")
    members = tuple(Definition(name, (f"def {name}(self): ...",)) for name in names)
    whole = Definition("Store", ("class Store:",), members)
    expected = [f"    def {name}(self): ..." for name in sorted(kept, key=names.index)]
    shown = whole.render(3, Interest(frozenset({"header"}), begun))
    assert shown == ["class Store:", *expected, "    ..."]


def test_long_signatures_are_wrapped_and_endless_ones_cut() -> None:
    """A parameter a line takes too much room; comments keep their lines."""
    assert signature(["def f(", "    a,", "    b,", ")"], "#") == ["def f(a, b)"]
    assert signature(["def f(", "    a,  # x", "    b,", ")"], "#")[1] == "    a,  # x"
    many = signature(["def f(", *(f"    name{index}: int = 0," for index in range(500)), ")"], "#")
    assert len(many) <= 10
    assert all(len(line) <= 160 for line in many)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("/**\n * Opens it.\n * @param x y\n */", "Opens it."),
        ("// Opens it.\n// More.", "Opens it."),
        ("/// # Panics", "Panics"),
        ("//go:generate x\n// Opens it.", "Opens it."),
        ("/* */", ""),
        ("/**\n * @param x y\n */", ""),
    ],
)
def test_the_first_line_of_a_comment_is_what_it_says(comment: str, expected: str) -> None:
    """Marks and directives are no text."""
    assert first_sentence(comment) == expected


def test_words_of_identifiers() -> None:
    """Every habit of writing names gives the same words."""
    expected = {"parse", "http", "header"}
    for name in ("parseHTTPHeader", "parse_http_header", "PARSE_HTTP_HEADER", "ParseHttpHeader2"):
        assert words_of(name) == expected
