"""Layouts put the same text into different places and change nothing else."""

from __future__ import annotations

import pytest

from context.prompt.families import FAMILIES
from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.fake import CharTokenizer
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.studies.context_layouts import LAYOUTS, Laid, LayoutPiece, lay
from lsp_server.bench.studies.context_variants import Variant

FAMILY = FAMILIES["qwen2.5-coder"]
TOKENIZER = CharTokenizer(FAMILY)
SOURCE = "".join(f"line_{number} = {number}\n" for number in range(20)) + "call(\nafter = 1\n"
PIECE = LayoutPiece("pkg/other.py", "def other(): ...\n")


def laid(layout: str, pieces: list[LayoutPiece] | None = None) -> Laid:
    """A prompt behind `call(` with the piece in a layout."""
    snapshot = Snapshot("u", "pkg/a.py", "python", 1, Text.of(SOURCE), Cursor(20, 5), repo="demo")
    prompt = PromptMaker(TOKENIZER, FAMILY, PromptSettings(), 4000).make(snapshot)
    return lay(layout, [PIECE] if pieces is None else pieces, prompt, snapshot, FAMILY, TOKENIZER)


def spelled(found: Laid) -> str:
    """The prompt as text, control tokens by name."""
    names = {TOKENIZER.control(name): f"[{name[2:-2]}]" for name in FAMILY.control_tokens}
    return "".join(
        names.get(index) or TOKENIZER.decode([index]) for index in (*found.stable, *found.live)
    )


WHERE = {
    "repo": "[repo_name]demo\n[file_sep]pkg/other.py\ndef other(): ...\n\n[file_sep]pkg/a.py\n"
    "[fim_prefix]line_0",
    "comment": "[fim_prefix]# Path: pkg/other.py\n# def other(): ...\n# Path: pkg/a.py\n",
    "plain": "[fim_prefix]# Path: pkg/other.py\ndef other(): ...\n\n# Path: pkg/a.py\n",
    "suffix": "after = 1\n\n# Path: pkg/other.py\n# def other(): ...\n[fim_middle]",
    "edge": "line_11 = 11\n# Path: pkg/other.py\n# def other(): ...\n[fim_suffix]",
    "lead": "[fim_middle]# Path: pkg/other.py\n# def other(): ...\nline_12",
}


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"none"}))
def test_the_piece_stands_where_the_layout_says(layout: str) -> None:
    """And the prompt ends at the cursor as without it."""
    found = laid(layout)
    text = spelled(found)
    assert WHERE[layout] in text
    assert text.endswith("line_19 = 19\ncall(")
    assert text.count("def other") == 1
    without = laid("none")
    assert found.live == without.live
    assert found.added == len(found.stable) - len(without.stable)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_piece_changes_nothing(layout: str) -> None:
    """Every layout without context is the plain prompt."""
    assert laid(layout, []) == laid("none")


def test_the_last_piece_is_nearest() -> None:
    """Pieces keep their order."""
    text = spelled(laid("repo", [PIECE, LayoutPiece("pkg/near.py", "near\n")]))
    assert text.index("pkg/other.py") < text.index("pkg/near.py") < text.index("pkg/a.py")


def test_cells_are_spelled_as_they_are_read() -> None:
    """Layout, form, tokens, and the hole at the cursor."""
    cell = Variant.parse("repo/outline@256!", 512)
    assert (cell.layout, cell.form, cell.tokens, cell.anchored) == ("repo", "outline", 256, False)
    assert Variant.parse(str(cell), 1) == cell
    assert str(cell.base) == "none@256!"
    assert Variant.parse("none", 512) == Variant.parse("none@512", 1)


@pytest.mark.parametrize("spelled", ["", "nowhere", "repo/other", "repo/outline@x"])
def test_what_is_no_cell_is_named(spelled: str) -> None:
    """With what would be one."""
    with pytest.raises(TaskFileError, match="LAYOUT/FORM"):
        Variant.parse(spelled, 512)
