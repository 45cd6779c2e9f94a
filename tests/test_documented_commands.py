"""Every `midfill` command that a page shows is one that the command line takes."""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lsp_server.cli import parser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "editors").glob("*/README.md")),
]
PLACEHOLDERS: frozenset[str] = frozenset()
"""Commands in code blocks that stand for others; there is none."""

_BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`(midfill [^`]+)`(?!`)")


def in_blocks(page: str) -> Iterator[str]:
    """Command lines of a page's shell blocks that run midfill, without comments."""
    for block in _BLOCK.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if "midfill" not in line:
                continue
            words = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
            words.whitespace_split = True
            for between, command in itertools.groupby(
                words, lambda word: set(word) <= set("&|;<>")
            ):
                name, *arguments = command
                if not between and Path(name).name == "midfill":
                    yield shlex.join(["midfill", *arguments])


def in_spans(page: str) -> Iterator[str]:
    """What a page's sentences and tables call commands, one for each of `a | b`."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    for span in _SPAN.findall(prose):
        yield " ".join(span.split())


def cases(commands: str) -> list[tuple[str, str]]:
    """Each page with each of its commands, once."""
    find = {"blocks": in_blocks, "spans": in_spans}[commands]
    return [
        (path.relative_to(ROOT).as_posix(), command)
        for path in PAGES
        for command in dict.fromkeys(find(path.read_text(encoding="utf-8")))
        if command not in PLACEHOLDERS
    ]


@pytest.mark.parametrize(("page", "command"), cases("blocks"))
def test_a_command_of_a_code_block_is_taken(
    page: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, options, and the kinds of their values."""
    try:
        parser().parse_args(shlex.split(command)[1:])
    except SystemExit as left:
        pytest.fail(f"{page}: {command}: {capsys.readouterr().err}") if left.code else None


def commands_of(parsers: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands below a parser, by name."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parsers._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


@pytest.mark.parametrize(("page", "command"), cases("spans"))
def test_a_command_of_a_sentence_exists(page: str, command: str) -> None:
    """Its words are commands as far as commands go, and the command has its options."""
    below = parser()
    words = re.findall(r"[^\s\[\]\\|]+|\|", command)[1:]
    for word, following in itertools.pairwise([*words, ""]):
        inner = commands_of(below)
        if word.startswith("-"):
            options = {
                name for one in (below, *inner.values()) for name in one._option_string_actions
            }
            assert word.partition("=")[0] in options, f"{page}: {command}: no option {word}"
        elif inner and re.fullmatch(r"[a-z][a-z-]*", word):
            assert word in inner, f"{page}: {command}: no command {word}"
            # in `models list | add` the next word is a sister of this one
            below = below if following == "|" else inner[word]


def test_there_are_commands_to_check() -> None:
    """The pages are found, and their commands too."""
    pages = {page for page, _ in cases("blocks")}
    assert "README.md" in pages
    assert any(page.endswith("benchmarks.md") for page in pages)
    assert len(cases("blocks")) > 50
    assert len(cases("spans")) > 50
