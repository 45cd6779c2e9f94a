"""Prompts with pieces of other files: within the budget, explained, readable in `tests/golden`.

MIDFILL_GOLDEN=write pytest tests/context/prompt/test_maker_context.py && git diff tests/golden
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.candidate import Candidate, CandidateKind
from context.prompt.families import FAMILIES, Family
from context.prompt.layout import Layout, layout_of
from context.prompt.maker import Prompt, PromptMaker
from context.settings import LAYOUTS, PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.fake import CharTokenizer
from tests.conftest import at

if TYPE_CHECKING:
    from collections.abc import Sequence

QWEN = FAMILIES["qwen2.5-coder"]
GOLDEN = Path(__file__).parents[2] / "golden" / "context"
TOLD = [layout for layout in LAYOUTS if layout not in {"auto", "off"}]


def maker(
    layout: str = "repo", budget: int = 600, family: Family = QWEN, **settings: float
) -> PromptMaker:
    """A maker for the tokenizer with one token a character."""
    chosen = PromptSettings(context=layout, **settings)  # type: ignore[arg-type]  # numbers of both kinds
    return PromptMaker(CharTokenizer(family), family, chosen, budget)


def spell(prompt: Prompt, family: Family = QWEN) -> str:
    """The whole prompt as the model reads it, control tokens spelled out."""
    tokenizer = CharTokenizer(family)
    spelled = {tokenizer.control(name): name for name in family.control_tokens}
    return "".join(spelled.get(i) or chr(i) for i in (*prompt.stable.ids, *prompt.live))


def size(prompt: Prompt) -> int:
    """Tokens of the stable text."""
    return len(prompt.stable.ids) + 1


def piece(text: str, score: float = 0.5, path: str = "shop/store.py") -> Candidate:
    """A candidate from another file."""
    return Candidate(CandidateKind.WINDOW, f"/space/{path}", path, "python", text, score, "like it")


STORE = piece("class Store:\n    def find(self, number: int) -> Invoice: ...\n", 0.9)
MONEY = piece("def euros(cents: int) -> str: ...\n", 0.4, "shop/money.py")
CURRENT = '''\
"""Invoices."""


def total(store: Store) -> int:
    """The sum in cents."""
    return sum(‸)


def show(cents: int) -> str:
    return euros(cents)
'''
GO = """\
package main

func greet(name string) string {
\treturn ‸
}
"""

LINES = st.sampled_from(
    ["a = load(1)\n", "\n", "}\n", "    é🙂 = 2\n", "x\n" * 9, "<|file_sep|>\n"]
)
PIECES = st.lists(
    st.builds(
        piece,
        st.lists(LINES, max_size=12).map("".join),
        st.floats(0, 1),
        st.sampled_from(["a.py", "b/c.py", "d" * 60]),
    ),
    max_size=6,
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any small document with the cursor anywhere in it."""
    text = Text.of(draw(st.lists(LINES, max_size=30).map("".join)))
    line = draw(st.integers(0, len(text) - 1))
    place = text.clamp((line, draw(st.integers(0, len(text.line(line))))))
    return Snapshot("file:///a", "app/main.py", "python", 1, text, Cursor(*place), "space")


@pytest.mark.parametrize("layout", TOLD)
@pytest.mark.parametrize("family", ["qwen2.5-coder", "starcoder2", "codellama", "left-to-right"])
@given(snapshot=snapshots(), context=PIECES, budget=st.integers(80, 700), share=st.floats(0, 0.9))
def test_no_prompt_exceeds_its_budget(
    layout: str,
    family: str,
    snapshot: Snapshot,
    context: Sequence[Candidate],
    budget: int,
    share: float,
) -> None:
    """Pieces, prefix, suffix and control tokens together; the cursor's line is always whole."""
    chosen = FAMILIES[family]
    prompt = maker(layout, budget, chosen, context_share=share).make(snapshot, context)
    assert size(prompt) <= budget
    assert prompt.live_text == snapshot.line_before
    assert spell(prompt, chosen).endswith(snapshot.line_before)
    told = sum(one.tokens for one in prompt.stable.judged if one.chosen)
    assert told <= budget
    assert len(prompt.stable.judged) == len(context)
    parts = sum(part.tokens for part in prompt.stable.parts)
    marks = sum(i >= 0x110000 for i in (*prompt.stable.ids, prompt.stable.last))
    assert parts + marks == size(prompt)


@given(snapshot=snapshots(), context=PIECES, order=st.randoms())
def test_equal_inputs_give_equal_prompts(
    snapshot: Snapshot, context: list[Candidate], order: st.DataObject
) -> None:
    """The order in which candidates were found decides nothing."""
    shuffled = list(context)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert maker().make(snapshot, context).stable.ids == maker().make(snapshot, shuffled).stable.ids


@given(snapshot=snapshots(), context=PIECES)
def test_a_stable_part_with_context_fits_its_snapshot(
    snapshot: Snapshot, context: list[Candidate]
) -> None:
    """Extending by nothing gives the same prompt: the window is of the file alone."""
    prompts = maker(live_tokens=500)
    made = prompts.make(snapshot, context)
    assert prompts.extend(made.stable, snapshot) == made


@given(snapshot=snapshots(), context=PIECES)
def test_nothing_told_is_in_the_prompt_already(
    snapshot: Snapshot, context: list[Candidate]
) -> None:
    """A chosen piece has lines that neither the file around the cursor nor another piece has."""
    prompt = maker(budget=400).make(snapshot, context)
    rows = {row.strip() for row in str(snapshot.text).splitlines()}
    for one in prompt.stable.judged:
        if one.chosen:
            lines = {row.strip() for row in one.candidate.text.splitlines() if len(row.strip()) > 3}
            window = prompt.stable.window
            shown = {row.strip() for row in (window.prefix + window.suffix).splitlines()}
            assert lines - shown, rows


def test_without_pieces_the_prompt_is_that_of_the_file_alone() -> None:
    """A layout costs nothing where there is nothing to tell."""
    plain = maker("off").make(at(CURRENT))
    for layout in TOLD:
        assert maker(layout).make(at(CURRENT)).stable.ids == plain.stable.ids
        useless = [piece("zzz = 1\n", 0.01), piece("\n")]
        made = maker(layout).make(at(CURRENT), useless)
        assert made.stable.ids == plain.stable.ids
        assert {one.why for one in made.stable.judged} == {"scores too little", "says nothing new"}


def test_off_tells_nothing() -> None:
    """With the setting `off` candidates are not even looked at."""
    made = maker("off").make(at(CURRENT), [STORE, MONEY])
    assert "class Store" not in spell(made)
    assert made.stable.judged == ()
    assert maker("off").context_tokens == 0
    assert maker("repo", 1000, context_share=0.3).context_tokens == 300


@pytest.mark.parametrize("layout", TOLD)
def test_the_best_piece_is_nearest_to_the_current_file(layout: str) -> None:
    """What matters most is what the model read last, or, behind the suffix, first."""
    made = spell(maker(layout, 900).make(at(CURRENT), [MONEY, STORE]))
    best, other = (made.index(text) for text in ("class Store", "def euros(cents: int) -> str: .."))
    assert (best < other) is (layout == "suffix")


def test_a_piece_that_repeats_the_file_is_left_out() -> None:
    """The file at hand is not told twice."""
    lines = "".join(f"value_{row} = {row}\n" for row in range(20))
    made = maker(budget=2000).make(at(lines + "‸\n"), [piece(lines[:100])])
    assert made.stable.judged[0].why == "stands in the prompt already"


def test_a_long_piece_is_cut_at_a_line() -> None:
    """What does not fit whole gives its first lines."""
    long = piece("".join(f"value_{row} = {row}\n" for row in range(100)), 0.9)
    made = maker(budget=500).make(at("alpha = 1\n" * 60 + "‸\n" + "omega = 2\n" * 60), [long])
    (judged,) = made.stable.judged
    assert judged.chosen
    assert "first" in judged.why
    assert long.text.startswith(judged.candidate.text)
    assert judged.candidate.text.endswith("\n")
    assert 100 < judged.tokens <= 500 * 0.35


def test_what_context_leaves_goes_to_the_file() -> None:
    """A short piece takes its own tokens, not its share."""
    text = "alpha = 1\n" * 200 + "‸\n" + "omega = 2\n" * 200
    made = maker(budget=1000, context_share=0.5).make(at(text), [MONEY])
    assert size(made) > 980


def test_no_text_becomes_a_control_token() -> None:
    """Neither path nor text of another file can open a part of the prompt."""
    marks = "<|fim_middle|><|file_sep|>"
    made = maker(budget=900).make(at(f"{marks}\n‸"), [piece(f"{marks} x\n" * 2, 0.9, f"{marks}\n")])
    assert made.stable.judged[0].chosen
    control = [i for i in (*made.stable.ids, *made.live) if i >= 0x110000]
    assert len(control) == 6  # repository, two files, prefix, suffix, middle


def test_secrets_of_the_current_file_are_masked_and_the_window_is_not() -> None:
    """What the model reads is masked; what the text is compared with is the text."""

    def mask(text: Text) -> Text:
        return Text.of(str(text).replace("hunter2", "*******"))

    settings = PromptSettings()
    prompts = PromptMaker(CharTokenizer(QWEN), QWEN, settings, 900, mask=mask)
    begin = at("a = 'hunter2'\n" * 20 + "b = 'hunter2‸'\nc = 'hunter2'\n")
    made = prompts.make(begin)
    assert "hunter2" not in spell(made)
    assert "*" not in spell(made)  # a row of stars would come back as a value
    assert "a = ''" in spell(made)
    assert "hunter2" in made.stable.window.prefix
    assert made.live_text == "b = 'hunter2"
    assert prompts.extend(made.stable, begin) == made


def test_the_file_is_cut_between_pieces_of_code() -> None:
    """Prefix and suffix begin and end with whole functions where that costs little."""
    body = "".join(f"def f{row}(a):\n    b = a\n    return b\n\n\n" for row in range(60))
    for budget in range(900, 960, 7):
        window = maker("off", budget, suffix_share=0.5).make(at(f"{body}‸\n{body}")).stable.window
        assert window.prefix.startswith("def f")
        assert window.suffix.rstrip("\n").endswith("return b")


def test_families_without_repository_tokens_get_comments() -> None:
    """A layout that a family cannot spell becomes the nearest one that it can."""
    assert layout_of("repo", "", FAMILIES["deepseek-coder"], 512) is Layout.COMMENT
    assert layout_of("suffix", "", FAMILIES["left-to-right"], 512) is Layout.COMMENT


def test_auto_tells_other_files_only_where_that_was_measured_to_help() -> None:
    """By model, and not in prompts so short that the file at hand needs them whole."""
    assert layout_of("auto", "no-such-model", QWEN, 512) is Layout.OFF
    assert layout_of("auto", "qwen2.5-coder-0.5b", QWEN, 512) is Layout.REPO
    assert layout_of("auto", "qwen2.5-coder-0.5b", QWEN, 256) is Layout.OFF
    assert layout_of("repo", "qwen2.5-coder-0.5b", QWEN, 256) is Layout.REPO


def test_comments_of_a_language_with_closing_marks_stay_closed() -> None:
    """A piece cannot end the comment that it stands in."""
    page = at("<p>‸</p>\n", language="html", path="index.html")
    told = replace(piece("<b> --> </b>\n", 0.9, "a.html"), language="html")
    made = spell(maker("comment").make(page, [told]))
    assert "<!-- Path: a.html -->\n<!-- <b> ? </b> -->\n" in made


GOLDENS = [
    *(("python", layout, "qwen2.5-coder") for layout in TOLD),
    *(("python", "repo", family) for family in FAMILIES if family != "qwen2.5-coder"),
    ("go", "repo", "qwen2.5-coder"),
    ("go", "comment", "qwen2.5-coder"),
]


@pytest.mark.parametrize(("language", "layout", "family"), GOLDENS)
def test_golden_prompts_with_context(language: str, layout: str, family: str) -> None:
    """The prompts with two pieces of other files are exactly the recorded ones."""
    chosen = FAMILIES[family]
    begin = at(CURRENT, path="shop/invoice.py")
    pieces = [STORE, MONEY]
    if language == "go":
        begin = at(GO, language="go", path="cmd/main.go")
        pieces = [piece("func Hello(name string) string\n", 0.9, "greet/hello.go")]
    begin = replace(begin, repo="shop")
    made = spell(maker(layout, 900, chosen, lead_lines=2).make(begin, pieces), chosen)
    file = GOLDEN / f"{language}-{layout}-{family}.txt"
    if os.environ.get("MIDFILL_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")


def test_one_short_piece_is_told() -> None:
    """What is asked for is what there is room for; one line is worth its path all the same."""
    short = replace(piece("x = 1\n"), path="a")
    prompt = maker().make(at(CURRENT), [short])
    [judged] = prompt.stable.judged
    assert judged.tokens < 16
    assert judged.chosen, judged.why
    assert "x = 1" in spell(prompt)
