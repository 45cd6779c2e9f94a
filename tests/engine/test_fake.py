"""The public test double: answers from a queue, keeps a history, accounts for states."""

from __future__ import annotations

import math

import pytest

from engine.api import CancelToken, Generation, Request, StopReason, Token
from engine.errors import EngineClosedError, GenerationError
from engine.fake import FakeEngine


def ask(
    engine: FakeEngine, *, stable: str = "ab", limit: int = 64, keep: bool = True
) -> Generation:
    """One generation to its end."""
    request = Request(tuple(map(ord, stable)), (1,), limit, keep=keep)
    return engine.generate(request, lambda _: False, CancelToken())


def test_answers_come_in_order_and_then_the_rest() -> None:
    """The queue is worked off, word by word; then `rest` answers everything."""
    engine = FakeEngine(["return a", "b"], rest="c")
    assert [ask(engine).text for _ in range(4)] == ["return a", "b", "c", "c"]
    assert len(engine.history) == 4
    first = FakeEngine(["return a + b"], probability=0.5)
    tokens = ask(first).tokens
    assert [token.text for token in tokens] == ["return", " ", "a", " ", "+", " ", "b"]
    assert {token.log_prob for token in tokens} == {math.log(0.5)}


def test_reasons_are_those_of_an_engine() -> None:
    """End, length, stopped and cancelled are told apart."""
    engine = FakeEngine(rest="a b c")
    request = Request((), (1,), 64)
    cancel = CancelToken()

    def cancelling(_: Token) -> bool:
        cancel.cancel()
        return False

    assert ask(engine).reason is StopReason.END
    assert ask(engine, limit=2).reason is StopReason.LENGTH
    assert engine.generate(request, lambda _: True, CancelToken()).reason is StopReason.STOPPED
    generation = engine.generate(request, cancelling, cancel)
    assert (generation.reason, generation.text) == (StopReason.CANCELLED, "a")


def test_kept_states_are_reused_and_counted() -> None:
    """The second reading of a kept stable part costs only the live tokens."""
    engine = FakeEngine(rest="x", kv_bytes_per_token=10)
    first, second = ask(engine), ask(engine)
    assert (first.read_tokens, first.reused_tokens) == (3, 0)
    assert (second.read_tokens, second.reused_tokens) == (1, 2)
    assert engine.holds((ord("a"), ord("b")))
    assert engine.account().held_bytes == 20
    engine.recycle()
    assert engine.account().prompts == 0
    ask(engine, keep=False)
    assert engine.account().prompts == 0


def test_the_budget_is_never_exceeded() -> None:
    """Kept states make room for new ones, as in the real engine."""
    engine = FakeEngine(rest="x", kv_bytes_per_token=10, budget_bytes=45)
    for number in range(20):
        ask(engine, stable=f"{number:02}")
        assert engine.account().held_bytes <= 45


def test_reading_only_takes_no_answer() -> None:
    """`max_new_tokens` of 0 warms a state and leaves the queue alone."""
    engine = FakeEngine(["x"])
    assert ask(engine, limit=0).tokens == ()
    assert engine.history == []
    assert ask(engine).text == "x"


def test_an_exception_in_the_queue_is_raised_in_its_turn() -> None:
    """Tests of faults put them between answers."""
    engine = FakeEngine(["x", GenerationError("broken"), "y"])
    assert ask(engine).text == "x"
    with pytest.raises(GenerationError, match="broken"):
        ask(engine)
    assert ask(engine).text == "y"


def test_a_closed_engine_refuses() -> None:
    """As the real one does."""
    engine = FakeEngine(rest="x")
    engine.close()
    with pytest.raises(EngineClosedError):
        ask(engine)


def test_the_tokenizer_is_reversible_and_knows_control_tokens() -> None:
    """One token a character; control tokens have ids of their own and no text."""
    tokenizer = FakeEngine().tokenizer
    text = "a🙂\r\n<|fim_middle|>"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode([tokenizer.control("<|fim_middle|>")]) == ""
    with pytest.raises(KeyError):
        tokenizer.control("<|nothing|>")
