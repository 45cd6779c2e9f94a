"""The converted default model against what llama.cpp made of the same GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import pytest

from engine.errors import ModelMissingError
from engine.models.catalogue import DEFAULT, entry_of
from engine.models.store import Store
from engine.tokenizer import ModelTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.models.model_folder import ModelFolder

    Own = Callable[[list[int]], list[int]]

pytestmark = pytest.mark.model

REFERENCE = json.loads((Path(__file__).parent / "data/reference.json").read_text(encoding="utf-8"))
SURE_NATS = 3.0  # the largest lead that a CPU without VNNI was seen to overturn is 2.8
TEXTS = {item["text"]: item["ids"] for item in REFERENCE["tokenization"]}
PROMPTS = {item["name"]: item for item in REFERENCE["greedy"]}
SPELLED = {int(index): token for index, token in REFERENCE["spelled"].items()}


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
def own(model: ModelFolder) -> Own:
    """From the source's ids, which llama.cpp has, to those of the converted model."""
    tokens = json.loads((model.path / "vocabulary.json").read_text(encoding="utf-8"))
    place = {token: index for index, token in enumerate(tokens)}
    return lambda ids: [place[SPELLED[index]] for index in ids]


def load(model: ModelFolder, compute_type: str) -> Any:
    """The model, loaded on the CPU."""
    return ctranslate2.Generator(str(model.path), device="cpu", compute_type=compute_type)


@pytest.fixture(scope="module")
def exact(model: ModelFolder) -> Any:
    """The model with its int8 weights computed in float32: the same on every CPU."""
    return load(model, "float32")


@pytest.fixture(scope="module")
def fast(model: ModelFolder) -> Any:
    """The model as it is used on CPUs."""
    return load(model, "int8")


def test_source_is_the_file_that_was_recorded(model: ModelFolder) -> None:
    """The installed model was made from the file whose hash the catalogue promises."""
    assert model.manifest.source_sha256 == entry_of(DEFAULT).sha256


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_tokenizer_agrees_with_llama_cpp(tokenizer: ModelTokenizer, own: Own, text: str) -> None:
    """Tricky text has the ids that llama.cpp gives it, and comes back unchanged."""
    expected = own(TEXTS[text])
    assert tokenizer.encode(text) == expected
    assert tokenizer.decode(expected) == text


@pytest.mark.parametrize("name", PROMPTS)
def test_greedy_answer_agrees_with_llama_cpp(
    exact: Any, tokenizer: ModelTokenizer, own: Own, name: str
) -> None:
    """Greedy decoding gives llama.cpp's tokens, as far as they were recorded."""
    expected = own(PROMPTS[name]["tokens"])
    result = exact.generate_batch(
        [tokenizer.tokens(own(PROMPTS[name]["prompt"]))],
        max_length=len(expected),
        sampling_topk=1,
        include_prompt_in_result=False,
    )
    assert tokenizer.decode(result[0].sequences_ids[0]) == tokenizer.decode(expected)
    assert result[0].sequences_ids[0] == expected


@pytest.mark.parametrize("name", PROMPTS)
def test_int8_prefers_the_tokens_that_llama_cpp_is_sure_of(fast: Any, own: Own, name: str) -> None:
    """In int8 each token that leads by three nats comes first too, after the same text.

    On CPUs without VNNI the sums of int8 products saturate, which moves probabilities; that is
    why closer decisions are left to the test in float32.
    """
    prompt, expected = own(PROMPTS[name]["prompt"]), own(PROMPTS[name]["tokens"])
    logits = np.asarray(fast.forward_batch([prompt + expected], return_log_probs=False))[0]
    best = logits[len(prompt) - 1 : -1].argmax(-1)
    sure = np.asarray(PROMPTS[name]["lead_nats"]) >= SURE_NATS
    np.testing.assert_array_equal(best[sure], np.asarray(expected)[sure])


def test_reference_is_worth_its_name() -> None:
    """The recorded answers are many and long enough to tell a wrong conversion from a right one."""
    assert len(PROMPTS) >= 8
    assert sum(len(item["tokens"]) for item in PROMPTS.values()) >= 100
