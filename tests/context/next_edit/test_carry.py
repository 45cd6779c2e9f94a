"""One change carried to another text."""

from __future__ import annotations

import pytest

from context.next_edit.rules.carry import carry


@pytest.mark.parametrize(
    ("old", "new", "target", "expected"),
    [
        ("f(a, x)", "f(a, x, ctx)", "f(b, y)", "f(b, y, ctx)"),
        (
            "return AMapper.INSTANCE.from(agent);",
            "return convert(() -> AMapper.INSTANCE.from(agent));",
            "return BMapper.INSTANCE.from(task);",
            "return convert(() -> BMapper.INSTANCE.from(task));",
        ),
        ("if x == nil {", "if x != nil {", "if y == nil {", "if y != nil {"),
        ("a.load(one)", "a.load(one, name=one)", "a.load(two)", "a.load(two, name=two)"),
        ("😀.put(x)", "😀.put(x, ctx)", "😀.put(y)", "😀.put(y, ctx)"),
        ("\tcall(a)\n\tcall(b)", "\tcall(a, 1)\n\tcall(b)", "\tcall(c)\n\tcall(b)",
         "\tcall(c, 1)\n\tcall(b)"),
    ],
)  # fmt: skip
def test_a_change_is_carried_to_its_like(old: str, new: str, target: str, expected: str) -> None:
    """What both lines share is changed alike; what differs stays the target's own."""
    carried = carry(old, new, target)
    assert carried is not None
    assert carried.text == expected


@pytest.mark.parametrize(
    ("old", "new", "target"),
    [
        ("f(a, x)", "f(a, x, ctx)", "f(b, y, ctx)"),  # it is there already
        ("load(a)", "load(b)", "load(c)"),  # what is replaced is not there
        ("x = f(a)", "x = f(a + b)", "import os"),  # nothing in common
    ],
)
def test_a_change_that_does_not_fit_is_not_carried(old: str, new: str, target: str) -> None:
    """Where the replaced tokens are missing, or the new ones stand, nothing is said."""
    assert carry(old, new, target) is None


def test_equal_lines_are_wholly_alike() -> None:
    """A line equal to the changed one becomes what that became."""
    carried = carry("a = b", "a = c", "a = b")
    assert carried is not None
    assert (carried.text, carried.alike) == ("a = c", 1.0)
