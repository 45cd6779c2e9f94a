"""Work ahead gives way to a battery and to other programs."""

from __future__ import annotations

import os

import pytest

from lsp_server.completion import power
from lsp_server.completion.power import Power


@pytest.mark.parametrize(
    ("battery", "share", "plenty"),
    [(False, 0.5, True), (True, 0.5, False), (False, 3.0, False), (True, 3.0, False)],
)
def test_plenty_is_neither_battery_nor_load(
    monkeypatch: pytest.MonkeyPatch, battery: bool, share: float, plenty: bool
) -> None:
    """Either is a reason to wait."""
    processes = share * (os.cpu_count() or 1)
    monkeypatch.setattr(power, "_on_battery", lambda: battery)
    monkeypatch.setattr(os, "getloadavg", lambda: (processes, 0.0, 0.0))
    assert Power().plenty is plenty


def test_a_system_that_does_not_tell_is_taken_for_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no load average."""
    monkeypatch.setattr(power, "_on_battery", lambda: False)
    monkeypatch.delattr(os, "getloadavg")
    assert Power().plenty


def test_looking_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked at every key, the system is asked now and then."""
    asked: list[str] = []

    def look(what: str) -> bool:
        asked.append(what)
        return False

    monkeypatch.setattr(power, "_on_battery", lambda: look("battery"))
    monkeypatch.setattr(power, "load", lambda: float(look("load")))
    watch = Power()
    for _ in range(1000):
        assert watch.plenty
    assert sorted(asked) == ["battery", "load"]
