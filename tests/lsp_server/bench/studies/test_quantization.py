"""Likelihoods in another process, paired differences, and decoding side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.models.architectures.decoder import DecoderShape
from lsp_server.bench.engines import random_model
from lsp_server.bench.studies.quantization import (
    AVX2,
    LikelihoodError,
    LogitDifference,
    decoding,
    likelihood,
)

if TYPE_CHECKING:
    from pathlib import Path

TINY = DecoderShape(layers=2, heads=4, kv_heads=2, width=64, inner=128, vocabulary=400)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Two holes of one file and one of another."""
    rows = [
        {"id": str(number), "lang": lang, "file": file, "repo": "a/b", "prefix": before,
         "middle": text[len(before) :], "suffix": ""}
        for number, (lang, file, before, text) in enumerate(
            [
                ("python", "a.py", "word", "word word word"),
                ("python", "a.py", "word word", "word word word"),
                ("go", "a.go", "wo", "word word"),
            ]
        )
    ]  # fmt: skip
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_difference_is_paired() -> None:
    """A constant shift has no error, however far apart the values are."""
    found = LogitDifference.of([1.0, 5.0, 100.0], [1.5, 5.5, 100.5])
    assert found.mean == pytest.approx(0.5)
    assert found.error == pytest.approx(0)
    np.testing.assert_allclose(LogitDifference.of([0.0, 0.0], [1.0, 3.0]).error, 1.0)


def test_missing_model_is_said_with_its_reason(tasks: Path, tmp_path: Path) -> None:
    """What the other process says last reaches the user."""
    with pytest.raises(LikelihoodError, match="tokenizer"):
        likelihood(tasks, tmp_path, "int8", 10, AVX2)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny random model."""
    folder = tmp_path / "model"
    folder.mkdir()
    monkeypatch.setitem(random_model.SHAPES, "0.5b", TINY)
    random_model.write("0.5b", folder)
    return folder


def test_likelihood_reads_each_file_once(model: Path, tasks: Path) -> None:
    """By language, one figure for every token after the first; near chance for random weights."""
    found = likelihood(tasks, model, "float32", 5, {})
    assert {language: len(values) for language, values in found.items()} == {"go": 8, "python": 13}
    assert all(0 < nats < 30 for values in found.values() for nats in values)


def test_decoding_takes_turns_between_two_models(model: Path) -> None:
    """A model against itself: every figure is there."""
    found = decoding(model, model, 3)
    assert found["loads"] == 3
    assert min(found.values()) > 0
