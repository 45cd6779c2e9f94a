"""Prompts: cut to a budget, equal for equal buffers, readable in `tests/golden`.

After a wanted change of the prompts, write the golden files again and read the difference:

    MIDFILL_GOLDEN=write pytest tests/context/prompt -k golden && git diff tests/golden
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.prompt.families import FAMILIES, Family
from context.prompt.maker import Prompt, PromptMaker
from context.settings import PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.fake import CharTokenizer
from tests.conftest import at, typed

FAMILY = FAMILIES["qwen2.5-coder"]
TOKENIZER = CharTokenizer(FAMILY)
GOLDEN = Path(__file__).parents[2] / "golden"
HEADER = len("# Path: app/main.py\n")

PIECES = st.sampled_from(
    ["\n", "\n", "\n\n", "\r\n", "    ", "def f(a, b):", "return a + b", "x", ")", '")', ";",
     "é漢🙂", "e\u0301", "<|fim_middle|>", "\f", "\u2028", "y" * 70]
)  # fmt: skip
SOURCES = st.lists(PIECES, max_size=40).map("".join)


def maker(max_tokens: int = 400, family: Family = FAMILY, **settings: float) -> PromptMaker:
    """A maker for the tokenizer with one token a character."""
    return PromptMaker(CharTokenizer(family), family, PromptSettings(**settings), max_tokens)  # type: ignore[arg-type]  # numbers of both kinds


def spell(prompt: Prompt, family: Family = FAMILY) -> str:
    """The whole prompt as the model reads it, control tokens spelled out."""
    tokenizer = CharTokenizer(family)
    spelled = {tokenizer.control(name): name for name in family.control_tokens}
    ids = (*prompt.stable.ids, *prompt.live)
    return "".join(spelled.get(i) or chr(i) for i in ids)


def size(prompt: Prompt) -> int:
    """Tokens of the stable text, the one that is read with the live part included."""
    return len(prompt.stable.ids) + 1


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any small document with the cursor anywhere in it."""
    text = Text.of(draw(SOURCES))
    line = draw(st.integers(0, len(text) - 1))
    place = text.clamp((line, draw(st.integers(0, len(text.line(line))))))
    return Snapshot("file:///a", "app/main.py", "python", 1, text, Cursor(*place))


@given(snapshot=snapshots(), budget=st.integers(HEADER + 3, 400), share=st.floats(0, 0.9))
def test_no_stable_part_exceeds_its_budget(snapshot: Snapshot, budget: int, share: float) -> None:
    """Header, prefix, suffix, lead and control tokens together stay within `max_tokens`."""
    prompt = maker(budget, suffix_share=share).make(snapshot)
    assert size(prompt) <= budget
    control = 3
    assert sum(part.tokens for part in prompt.stable.parts) + control == size(prompt)


@given(snapshot=snapshots())
def test_equal_buffers_give_equal_prompts(snapshot: Snapshot) -> None:
    """Nothing but the snapshot and the settings goes into a prompt."""
    again = Snapshot(
        snapshot.uri, snapshot.path, snapshot.language, 7,
        Text.of(str(snapshot.text)), snapshot.cursor,
    )  # fmt: skip
    assert maker().make(snapshot) == maker().make(again)


@given(snapshot=snapshots(), budget=st.integers(0, 400))
def test_the_cursors_line_is_always_complete(snapshot: Snapshot, budget: int) -> None:
    """However small the budget, the model reads the whole line up to the cursor, last of all."""
    prompt = maker(budget).make(snapshot)
    assert prompt.live_text == snapshot.line_before
    assert spell(prompt).endswith(snapshot.line_before)


@given(snapshot=snapshots(), new=st.text("ab (\n.🙂", max_size=20))
def test_typing_forward_extends_the_same_stable_part(snapshot: Snapshot, new: str) -> None:
    """What is typed only ever adds live tokens."""
    prompts = maker(live_tokens=500)
    first = prompts.make(snapshot)
    after = prompts.extend(first.stable, typed(snapshot, new))
    assert after is not None
    assert after.stable is first.stable
    assert after.live_text == first.live_text + new


@given(snapshot=snapshots())
def test_a_stable_part_fits_the_snapshot_it_was_made_for(snapshot: Snapshot) -> None:
    """Extending by nothing gives the same prompt."""
    prompts = maker(live_tokens=500)
    made = prompts.make(snapshot)
    assert prompts.extend(made.stable, snapshot) == made


def test_a_live_part_beyond_its_limit_asks_for_a_new_anchor() -> None:
    """`extend` refuses when the live tokens would cost more than a new stable part."""
    prompts = maker(live_tokens=10)
    begin = at("‸")
    stable = prompts.make(begin).stable
    assert prompts.extend(stable, typed(begin, "x" * 9)) is not None
    assert prompts.extend(stable, typed(begin, "x" * 10)) is None


def test_what_one_side_leaves_goes_to_the_other() -> None:
    """A short prefix lets the suffix grow beyond its share, and the other way round."""
    line = "x = 1\n"
    top = maker(300, suffix_share=0.25).make(at("‸" + line * 100))
    bottom = maker(300, suffix_share=0.25).make(at(line * 100 + "‸"))
    assert size(top) > 300 - len(line)
    assert size(bottom) > 300 - len(line)


def test_lines_are_cut_whole() -> None:
    """Prefix and suffix begin and end at line borders."""
    prompt = maker(200).make(at("alpha = 1\n" * 50 + "‸" + "\nomega = 2" * 50 + "\n"))
    window = prompt.stable.window
    assert window.prefix.startswith("alpha")
    assert window.suffix.endswith(("omega = 2\n", "\n"))


def test_an_empty_file_has_a_prompt() -> None:
    """Nothing before and nothing behind still gives a prompt with a hole."""
    assert spell(maker().make(at("‸"))) == (
        "<|fim_prefix|># Path: app/main.py\n<|fim_suffix|><|fim_middle|>"
    )


@pytest.mark.parametrize("column", [0, 1, 600, 601, 500_000, 999_990, 1_000_000])
def test_a_line_of_one_megabyte_fits_the_budget_and_keeps_its_end(column: int) -> None:
    """The anchor moves into a line that is too long; text on both sides of the cursor stays."""
    line = ("item42, " * 125_000)[:1_000_000]
    begin = at(line[:column] + "‸" + line[column:])
    prompts = maker(400)
    prompt = prompts.make(begin)
    assert size(prompt) <= 400
    assert len(prompt.live_text) <= 600
    assert line[:column].endswith(prompt.live_text)
    if column > 600:  # text before the anchor is read, too
        assert len(prompt.stable.window.prefix) > 100
        assert prompt.stable.window.prefix + prompt.live_text == line[:column][-len(
            prompt.stable.window.prefix + prompt.live_text) :]  # fmt: skip
    if column < 999_000:
        assert prompt.stable.window.suffix
    if column >= 601:
        assert prompts.extend(prompt.stable, typed(begin, "")) == maker(400).extend(
            prompt.stable, begin
        )


def test_typing_in_a_long_line_keeps_the_stable_part() -> None:
    """An anchor inside a line is found again while the line grows."""
    prompts = maker(400, live_tokens=500)
    begin = at("item, " * 300 + "‸")
    made = prompts.make(begin)
    after = prompts.extend(made.stable, typed(begin, "more"))
    assert after is not None
    assert after.live_text == made.live_text + "more"


@pytest.mark.parametrize(
    ("language", "path", "header"),
    [
        ("python", "app/main.py", "# Path: app/main.py\n"),
        ("typescript", "src/cart.ts", "// Path: src/cart.ts\n"),
        ("go", "cmd/main.go", "// Path: cmd/main.go\n"),
        ("html", "index.html", "<!-- Path: index.html -->\n"),
        ("css", "a*/b.css", "/* Path: a?b.css */\n"),
        ("lua", "init.lua", "-- Path: init.lua\n"),
        ("no-such-language", "x.y", "# Path: x.y\n"),
    ],
)
def test_the_header_is_a_comment_of_the_language(language: str, path: str, header: str) -> None:
    """The path is told in a comment that the path itself cannot end."""
    prompt = maker().make(at("‸", language=language, path=path))
    assert prompt.stable.parts[0].text == header
    assert spell(prompt).startswith("<|fim_prefix|>" + header)


def test_the_header_can_be_switched_off() -> None:
    """Without the header the prompt begins with the file's own text."""
    assert spell(maker(header=False).make(at("a\n‸"))).startswith("<|fim_prefix|><|fim_suffix|>")


def test_control_tokens_in_a_file_stay_ordinary_text() -> None:
    """A file about fill-in-the-middle cannot open or close a part of the prompt."""
    marks = "<|fim_middle|><|fim_suffix|><|endoftext|>"
    prompt = maker().make(at(f"{marks}\n{marks}‸\n{marks}\n", path=marks))
    ids = (*prompt.stable.ids, *prompt.live)
    numbers = [TOKENIZER.control(name) for name in (FAMILY.prefix, FAMILY.suffix, FAMILY.middle)]
    assert [i for i in ids if i > sys.maxunicode] == numbers
    assert TOKENIZER.decode(ids).count(marks) == 4


PYTHON = '''"""Invoices."""

from dataclasses import dataclass


@dataclass
class Line:
    text: str
    cents: int


def total(lines: list[Line]) -> int:
    """The sum in cents."""
    return sum(‸)


def show(lines: list[Line]) -> str:
    return "\\n".join(f"{line.text}: {line.cents / 100:.2f} €" for line in lines)
'''
TYPESCRIPT = """import { Item } from "./item";

export class Cart {
  private items: Item[] = [];

  add(item: Item): void {
    this.items.push(item);
  }

  total(): number {
    return this.items.‸
  }

  clear(): void {
    this.items = [];
  }
}
"""
GO = """package main

import "fmt"

func greet(name string) string {
\tif name == "" {
\t\t‸
\t}
\treturn "Hello, " + name
}

func main() {
\tfmt.Println(greet("🙂"))
}
"""
HTML = """<!doctype html>
<html lang="en">
  <head>
    <title>Shop</title>
    ‸
  </head>
  <body>
    <p>Welcome</p>
  </body>
</html>
"""


@pytest.mark.parametrize(
    ("name", "path", "marked"),
    [
        ("python", "shop/invoice.py", PYTHON),
        ("typescript", "src/cart.ts", TYPESCRIPT),
        ("go", "cmd/greet/main.go", GO),
        ("html", "public/index.html", HTML),
    ],
)
def test_golden_prompts(name: str, path: str, marked: str) -> None:
    """The prompts for four small files are exactly the recorded ones (see the module's text)."""
    made = spell(maker(420).make(at(marked, language=name, path=path)))
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("MIDFILL_GOLDEN") == "write":
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_golden_prompt_of_every_family(family: Family) -> None:
    """Each family's prompt for one file is exactly the recorded one, in its own control tokens."""
    begin = at(PYTHON, language="python", path="shop/invoice.py")
    made = spell(maker(420, family).make(begin), family)
    file = GOLDEN / "families" / f"{family.name}.txt"
    if os.environ.get("MIDFILL_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
@given(snapshot=snapshots(), budget=st.integers(HEADER + 5, 400), header=st.booleans())
def test_every_family_keeps_its_budget_and_the_cursors_line(
    family: Family, snapshot: Snapshot, budget: int, *, header: bool
) -> None:
    """Whatever the family needs around the text, budget and cursor line hold."""
    prompt = maker(budget, family, header=header).make(snapshot)
    assert size(prompt) <= budget
    assert prompt.live
    assert spell(prompt, family).endswith(snapshot.line_before)
    if not family.fills_in:
        assert prompt.stable.window.suffix == ""


def test_a_left_to_right_prompt_outlives_edits_after_the_cursor() -> None:
    """What the model never reads does not spoil the kept state."""
    prompts = maker(family=FAMILIES["left-to-right"])
    made = prompts.make(at("a = 1\n‸\nb = 2\n"))
    assert prompts.extend(made.stable, at("a = 1\n‸\nc = 3\n")) == made


def test_codellama_reads_a_space_behind_its_first_token() -> None:
    """`<PRE> P <SUF>S <MID>`: the other two spaces are part of the control tokens."""
    family = FAMILIES["codellama"]
    plain = maker(family=family, header=False, lead_lines=0).make(at("a\n‸\nb"))
    assert spell(plain, family) == "<s>▁<PRE> a\n▁<SUF>\nb▁<MID>"
