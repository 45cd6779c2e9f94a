"""Rates: measured through the engine's own interface, remembered, forgiving."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from engine import calibration, machine
from engine.calibration import Rates
from engine.device import self_test
from engine.fake import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.api import CancelToken, Generation, Request, Token


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


class CopyingEngine(FakeEngine):
    """A device on which a kept state has to be copied, token by token."""

    def __init__(self, *, read_s: float, copy_s: float) -> None:
        """Seconds per token for both ways."""
        super().__init__(rest="a b c d", read_s=read_s)
        self._copy_s = copy_s

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """Copy what is kept, then go on."""
        if self.holds(request.stable):
            time.sleep(len(request.stable) * self._copy_s)
        return super().generate(request, on_token, cancel)


@pytest.mark.parametrize(
    ("read_s", "copy_s", "wins"), [(1e-4, 0, True), (1e-4, 1e-3, False), (0, 1e-3, False)]
)
def test_a_kept_state_is_judged_by_what_it_saves(read_s: float, copy_s: float, wins: bool) -> None:
    """Reading may be cheaper than copying; nothing stays behind either way."""
    engine = CopyingEngine(read_s=read_s, copy_s=copy_s)
    assert (calibration.measure(engine).kept_gain > 1) is wins
    assert engine.account().prompts == 0


def test_without_room_for_a_state_nothing_is_learnt_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that is raised later must find states welcome."""
    engine = CopyingEngine(read_s=0, copy_s=1e-3)
    monkeypatch.setattr(engine, "holds", lambda _: False)  # as with a budget of nothing
    assert calibration.measure(engine).kept_gain == Rates(1, 1).kept_gain


def test_rates_are_remembered_by_model_and_device(tmp_path: Path) -> None:
    """Each key has its own rates, and a second one does not replace the first."""
    file = tmp_path / "state" / "rates.json"
    assert calibration.recall(file, "a") is None
    calibration.remember(file, "a", Rates(100.0, 5.0))
    calibration.remember(file, "b", Rates(200.0, 6.0))
    assert calibration.recall(file, "a") == Rates(100.0, 5.0)
    assert calibration.recall(file, "b") == Rates(200.0, 6.0)
    assert calibration.recall(file, "c") is None


def test_rates_belong_to_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder that comes to another machine says nothing of it, and loses nothing."""
    file = tmp_path / "rates.json"
    for name, speed in (("Fast 9000", 900.0), ("Slow 100", 10.0)):
        monkeypatch.setattr(machine, "processor", lambda name=name: name)
        assert calibration.recall(file, "a") is None
        assert self_test.recall(file, "card a") is None
        calibration.remember(file, "a", Rates(speed, 1.0))
        self_test.remember(file, "card a", name)
    assert calibration.recall(file, "a") == Rates(10.0, 1.0)
    monkeypatch.setattr(machine, "processor", lambda: "Fast 9000")
    assert calibration.recall(file, "a") == Rates(900.0, 1.0)
    assert self_test.recall(file, "card a") == "Fast 9000"


def test_the_processor_of_this_machine_has_a_name() -> None:
    """And the running system too, the same whenever it is asked."""
    assert machine.processor().strip()
    assert machine.running_system() == machine.running_system()


@pytest.mark.parametrize("damaged", [3, {"speed": 1}, None, "text", []])
def test_a_damaged_entry_is_measured_again_and_repaired(tmp_path: Path, damaged: object) -> None:
    """Whatever is in the file, it costs a new measurement and no more."""
    file = tmp_path / "rates.json"
    file.write_text(json.dumps({calibration._here("a"): damaged}), encoding="utf-8")
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
    file.write_text(
        json.dumps({calibration._here("a"): {**entry, "kept_gain": 2.0}}), encoding="utf-8"
    )
    assert calibration.recall(file, "a") is None


@pytest.mark.parametrize("gain", [{}, {"kept_gain": 0}, {"kept_gain": float("nan")}])
def test_rates_without_a_believable_gain_are_measured_again(
    tmp_path: Path, gain: dict[str, float]
) -> None:
    """Those of an older version have none."""
    file = tmp_path / "rates.json"
    entry = {"prefill_tokens_s": 100.0, "decode_ms": 5.0}
    file.write_text(json.dumps({calibration._here("a"): {**entry, **gain}}), encoding="utf-8")
    assert calibration.recall(file, "a") is None


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    """Remembering never raises."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    calibration.remember(tmp_path / "file" / "rates.json", "a", Rates(1.0, 2.0))
