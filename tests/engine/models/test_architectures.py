"""Every architecture, from every source, computes what transformers computes.

The reference is `reference/logits.json`; the tests that need torch compute it again where torch is.
"""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import pytest

from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from engine.api import CancelToken, Request
from engine.ct2 import Ct2Engine
from engine.models.convert.convert import convert
from engine.settings import EngineSettings
from tests.conftest import at
from tests.engine.models.checkpoints import CHECKPOINTS, PROMPT
from tests.engine.models.reference import record

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.manifest import Manifest
    from tests.engine.models.checkpoints import Array

RECORDED = json.loads(record.FILE.read_text())
TOLERANCE = 1e-3
every = pytest.mark.parametrize("name", CHECKPOINTS)


def converted(source: Path, folder: Path, watcher: Any, **wishes: Any) -> Manifest:
    """Convert into `folder`, made for it."""
    folder.mkdir()
    wishes = {"quantization": "float32"} | wishes
    return convert(source, folder, name="tiny", source="tiny", progress=watcher, **wishes)


def run(folder: Path) -> tuple[Array, list[int]]:
    """Logits after every token of the prompt, and what greedy decoding adds."""
    generator = ctranslate2.Generator(str(folder), compute_type="float32")
    logits = np.asarray(generator.forward_batch([PROMPT], return_log_probs=False))[0]
    tokens = json.loads((folder / "vocabulary.json").read_text())
    result = generator.generate_batch(
        [[tokens[index] for index in PROMPT]],
        max_length=record.GREEDY,
        min_length=record.GREEDY,
        include_prompt_in_result=False,
        suppress_sequences=None,
        end_token=[len(tokens) - 1],
    )
    return logits, result[0].sequences_ids[0]


def differs(folder: Path, name: str) -> float:
    """Largest difference of a logit from the recorded ones; greedy tokens must be the same."""
    logits, greedy = run(folder)
    assert greedy == RECORDED[name]["greedy"]
    known = logits[record.PLACES, : len(CHECKPOINTS[name].tokens()[0]) : record.EVERY]
    return float(np.abs(known - np.array(RECORDED[name]["logits"])).max())


@every
@pytest.mark.parametrize("shards", [1, 3])
def test_safetensors_compute_what_transformers_computes(
    name: str, shards: int, tmp_path: Path, watcher: Any
) -> None:
    """From a Hugging Face folder in float32: logits within 1e-3, greedy tokens equal."""
    folder = CHECKPOINTS[name].write_folder(tmp_path / name, shards=shards)
    manifest = converted(folder, tmp_path / "out", watcher, family=CHECKPOINTS[name].family)
    assert differs(tmp_path / "out", name) <= TOLERANCE
    assert manifest.family == CHECKPOINTS[name].family
    assert manifest.vocabulary == len(CHECKPOINTS[name].tokens()[0])


@every
def test_gguf_computes_what_transformers_computes(name: str, tmp_path: Path, watcher: Any) -> None:
    """From a GGUF file arranged as llama.cpp does: logits within 1e-3, greedy tokens equal."""
    file = CHECKPOINTS[name].write_gguf(tmp_path / f"{name}.gguf")
    converted(file, tmp_path / "out", watcher, family=CHECKPOINTS[name].family)
    assert differs(tmp_path / "out", name) <= TOLERANCE


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@every
def test_the_record_is_what_transformers_computes_now(name: str, tmp_path: Path) -> None:
    """The recorded logits come from transformers, which takes every tensor and misses none."""
    folder = CHECKPOINTS[name].write_folder(tmp_path / name)
    logits, greedy = record.compute(CHECKPOINTS[name], folder)
    assert greedy == RECORDED[name]["greedy"]
    rows = logits[record.PLACES, :: record.EVERY]
    np.testing.assert_allclose(rows, RECORDED[name]["logits"], atol=1e-4)


@every
def test_the_engine_runs_every_family(name: str, tmp_path: Path, watcher: Any) -> None:
    """A converted model of each family answers a prompt of its family, and keeps its state."""
    file = CHECKPOINTS[name].write_gguf(tmp_path / f"{name}.gguf")
    converted(file, tmp_path / "out", watcher, quantization="int8")
    engine = Ct2Engine(tmp_path / "out", EngineSettings(device="cpu"))
    try:
        prompts = PromptMaker(engine.tokenizer, engine.family, PromptSettings(lead_lines=1), 40)
        prompt = prompts.make(at("ab = abc\nde‸\nabc\n", path="a.py"))
        request = Request(prompt.stable.ids, prompt.live, 4, keep=True)
        first = engine.generate(request, lambda _: False, CancelToken())
        second = engine.generate(request, lambda _: False, CancelToken())
    finally:
        engine.close()
    assert second.reused_tokens == len(prompt.stable.ids) > 0
    assert first.text == second.text
