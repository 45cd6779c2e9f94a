"""Models from random weights load and run like real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api import CancelToken, Request
from engine.ct2 import Ct2Engine
from engine.models.architectures.decoder import DecoderShape
from engine.settings import EngineSettings
from lsp_server.bench.engines import random_model

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_random_model_runs_and_keeps_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real engine takes it, its tokenizer takes any text, and a kept state is met again."""
    tiny = DecoderShape(layers=2, heads=4, kv_heads=2, width=64, inner=128, vocabulary=400)
    monkeypatch.setitem(random_model.SHAPES, "0.5b", tiny)
    random_model.write("0.5b", tmp_path)
    engine = Ct2Engine(tmp_path, EngineSettings(device="cpu"))
    try:
        stable = tuple(engine.tokenizer.encode("déjà vu\t🦀\n"))
        assert engine.tokenizer.decode(stable) == "déjà vu\t🦀\n"
        for reused in (0, len(stable)):
            request = Request(stable, (stable[0],), 5)
            found = engine.generate(request, lambda _: False, CancelToken())
            assert found.reused_tokens == reused
            assert found.decoded >= 1
    finally:
        engine.close()
