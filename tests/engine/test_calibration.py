"""Rates: measured through the engine's own interface, remembered, forgiving."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine import calibration
from engine.calibration import Rates
from engine.fake import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path


def test_measured_rates_are_those_of_the_engine() -> None:
    """An engine that sleeps per token is found to be no faster than its sleep."""
    engine = FakeEngine(rest="a b c d e f g h", read_s=0.0001, token_s=0.002)
    rates = calibration.measure(engine)
    assert 0 < rates.prefill_tokens_s <= 10_000
    assert rates.decode_ms >= 2
    assert rates.prefill_ms(10_000) >= 1000


def test_measuring_leaves_no_states_behind() -> None:
    """The budget is for prompts, not for measurements."""
    engine = FakeEngine(rest="a b")
    calibration.measure(engine)
    assert engine.account().prompts == 0


def test_an_engine_that_answers_nothing_can_be_measured() -> None:
    """Without decoded tokens the prefill rate stands for both."""
    rates = calibration.measure(FakeEngine(rest=""))
    assert rates.prefill_tokens_s > 0
    assert rates.decode_ms > 0


def test_rates_are_remembered_by_model_and_device(tmp_path: Path) -> None:
    """Each key has its own rates, and a second one does not replace the first."""
    file = tmp_path / "state" / "rates.json"
    assert calibration.recall(file, "a") is None
    calibration.remember(file, "a", Rates(100.0, 5.0))
    calibration.remember(file, "b", Rates(200.0, 6.0))
    assert calibration.recall(file, "a") == Rates(100.0, 5.0)
    assert calibration.recall(file, "b") == Rates(200.0, 6.0)
    assert calibration.recall(file, "c") is None


@pytest.mark.parametrize(
    "damaged",
    ["", "{", "[]", "null", '{"a": 3}', '{"a": {"speed": 1}}', '{"a": null}', '"text"'],
)
def test_a_damaged_file_is_measured_again_and_repaired(tmp_path: Path, damaged: str) -> None:
    """Whatever is in the file, it costs a new measurement and no more."""
    file = tmp_path / "rates.json"
    file.write_text(damaged, encoding="utf-8")
    assert calibration.recall(file, "a") is None
    calibration.remember(file, "a", Rates(1.0, 2.0))
    assert calibration.recall(file, "a") == Rates(1.0, 2.0)


@pytest.mark.parametrize(
    "numbers", [(0.0, 1.0), (-5.0, 1.0), ("fast", 1.0), (None, 1.0), (float("nan"), 1.0), (9.0, -1)]
)
def test_impossible_rates_are_not_believed(tmp_path: Path, numbers: tuple[object, object]) -> None:
    """A rate of nothing would divide by zero at every prompt."""
    file = tmp_path / "rates.json"
    entry = {"prefill_tokens_s": numbers[0], "decode_ms": numbers[1]}
    file.write_text(json.dumps({"a": entry}), encoding="utf-8")
    assert calibration.recall(file, "a") is None


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    """Remembering never raises."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    calibration.remember(tmp_path / "file" / "rates.json", "a", Rates(1.0, 2.0))
