"""Memory: budgets and threads from what the machine has."""

from __future__ import annotations

import os

import pytest

from engine import memory


def test_the_budget_is_a_share_with_an_upper_limit() -> None:
    """Neither the share nor the limit is ever exceeded."""
    free = memory.available_bytes()
    assert memory.state_budget_bytes(free, 0.0, 1000) == 0
    assert memory.state_budget_bytes(free, 0.9, 1) == memory.MIB
    assert memory.state_budget_bytes(free, 0.01, 10**9) < free


@pytest.mark.parametrize("setting", [1, 2, 64])
def test_a_thread_setting_is_obeyed(setting: int) -> None:
    """Who sets a number gets it."""
    assert memory.physical_threads(setting) == setting


def test_derived_threads_fit_the_machine() -> None:
    """At least one, at most all cores."""
    assert 1 <= memory.physical_threads(0) <= (os.cpu_count() or 1)


def test_the_allocator_can_be_told_again_and_again() -> None:
    """Neither call raises, on whatever C library."""
    assert memory.keep_large_blocks() in (True, False)
    memory.give_back()
