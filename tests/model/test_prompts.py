"""Prompts cut with the model's own tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from context.prompt.families import FAMILIES
from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.errors import ModelMissingError
from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from engine.tokenizer import ModelTokenizer

pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]
FAMILY = FAMILIES["qwen2.5-coder"]


@pytest.fixture(scope="module")
def tokenizer() -> ModelTokenizer:
    """The default model's."""
    try:
        return ModelTokenizer(Store().find(DEFAULT).tokenizer)
    except ModelMissingError as error:
        pytest.fail(f"run `midfill models pull` ({error})")


@pytest.mark.parametrize("name", ["lsp_server/lsp/server.py", "context/text.py", "README.md"])
@pytest.mark.parametrize("budget", [64, 256, 512])
def test_real_files_fit_the_budget(tokenizer: ModelTokenizer, name: str, budget: int) -> None:
    """Counting line by line never promises more than the whole prompt takes."""
    text = Text.of((ROOT / name).read_text(encoding="utf-8"))
    prompts = PromptMaker(tokenizer, FAMILY, PromptSettings(), budget)
    for line in range(0, len(text), 7):
        column = len(text.line(line)) // 2
        snapshot = Snapshot("file:///a", name, "python", 1, text, Cursor(line, column))
        prompt = prompts.make(snapshot)
        assert len(prompt.stable.ids) + 1 <= budget
        assert prompts.extend(prompt.stable, snapshot) == prompt
        assert tokenizer.decode(prompt.live[1:]) == snapshot.line_before


@pytest.mark.parametrize("column", [1000, 400_000])
def test_one_long_line_keeps_text_on_both_sides(tokenizer: ModelTokenizer, column: int) -> None:
    """A minified file is read on both sides of the cursor, within the budget."""
    line = 'function a(b,c){return b[c]||"<|fim_middle|>漢字🙂"};' * 10_000
    snapshot = Snapshot("file:///a", "a.min.js", "javascript", 1, Text.of(line), Cursor(0, column))
    prompts = PromptMaker(tokenizer, FAMILY, PromptSettings(), 400)
    prompt = prompts.make(snapshot)
    assert len(prompt.stable.ids) + 1 <= 400
    assert len(prompt.stable.window.prefix) > 50
    assert len(prompt.stable.window.suffix) > 50
    assert line[:column].endswith(prompt.stable.window.prefix + prompt.live_text)
    assert line[column:].startswith(prompt.stable.window.suffix)
    ids = (*prompt.stable.ids, *prompt.live)
    assert ids.count(tokenizer.control("<|fim_middle|>")) == 1
