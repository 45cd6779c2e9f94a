"""Model families as data."""

from __future__ import annotations

import pytest

from context.prompt.families import FAMILIES, Family


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_control_token_of_a_prompt_also_ends_an_answer(family: Family) -> None:
    """A model that starts another prompt part has finished the answer."""
    parts = {family.prefix, family.suffix, family.middle, family.repo, family.file} - {""}
    assert parts <= set(family.stops)


def test_control_tokens_leave_out_what_a_family_lacks() -> None:
    """A family without repository prompts needs no empty token in the vocabulary."""
    family = Family("tiny", ("<E>", "<F>"), prefix="<P>", suffix="<S>", middle="<M>")
    assert family.control_tokens == {"<P>", "<S>", "<M>", "<E>", "<F>"}
    assert family.required == {"<P>", "<S>", "<M>", "<E>"}
