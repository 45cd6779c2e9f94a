"""The converted default model against what llama.cpp made of the same GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from engine.errors import ModelMissingError
from engine.models.catalogue import DEFAULT, entry_of
from engine.models.store import ModelFolder, Store
from engine.tokenizer import ModelTokenizer

pytestmark = pytest.mark.model

REFERENCE = json.loads((Path(__file__).parent / "data/reference.json").read_text(encoding="utf-8"))
TEXTS = {item["text"]: item["ids"] for item in REFERENCE["tokenization"]}
PROMPTS = {item["name"]: item for item in REFERENCE["greedy"]}


@pytest.fixture(scope="module")
def model() -> ModelFolder:
    """The default model, which has to be there."""
    try:
        return Store().find(DEFAULT)
    except ModelMissingError as error:
        pytest.fail(f"run midfill models pull ({error})")


@pytest.fixture(scope="module")
def tokenizer(model: ModelFolder) -> ModelTokenizer:
    """Its tokenizer."""
    return ModelTokenizer(model.tokenizer)


@pytest.fixture(scope="module")
def generator(model: ModelFolder) -> Any:
    """The model, loaded as it is used on a CPU."""
    return ctranslate2.Generator(str(model.path), device="cpu", compute_type="int8")


def test_source_is_the_file_that_was_recorded(model: ModelFolder) -> None:
    """The installed model was made from the file whose hash the catalogue promises."""
    assert model.manifest.source_sha256 == entry_of(DEFAULT).sha256


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_tokenizer_agrees_with_llama_cpp(tokenizer: ModelTokenizer, text: str) -> None:
    """Tricky text has the ids that llama.cpp gives it, and comes back unchanged."""
    assert tokenizer.encode(text) == TEXTS[text]
    assert tokenizer.decode(TEXTS[text]) == text


@pytest.mark.parametrize("name", PROMPTS)
def test_greedy_answer_agrees_with_llama_cpp(
    generator: Any, tokenizer: ModelTokenizer, name: str
) -> None:
    """Greedy decoding gives llama.cpp's tokens wherever llama.cpp was sure of them."""
    expected = PROMPTS[name]["tokens"]
    result = generator.generate_batch(
        [tokenizer.tokens(PROMPTS[name]["prompt"])],
        max_length=len(expected),
        sampling_topk=1,
        include_prompt_in_result=False,
    )
    assert tokenizer.decode(result[0].sequences_ids[0]) == tokenizer.decode(expected)
    assert result[0].sequences_ids[0] == expected


def test_reference_is_worth_its_name() -> None:
    """The recorded answers are many and long enough to tell a wrong conversion from a right one."""
    assert len(PROMPTS) >= 8
    assert sum(len(item["tokens"]) for item in PROMPTS.values()) >= 100
