"""A flight: one generation, and everybody who can use what it brings."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from engine.api import Generation, StopReason, Token
from engine.fake import FakeEngine
from lsp_server.completion.inflight import Decoded, InflightGeneration
from tests.conftest import at

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINE = FakeEngine()
PROMPTS = PromptMaker(ENGINE.tokenizer, ENGINE.family, PromptSettings(), 400)


def flight_at(
    marked: str, stop: Callable[[InflightGeneration], bool] = lambda _: False
) -> InflightGeneration:
    """A flight for a cursor; needs a running loop."""
    return InflightGeneration("file:///a", PROMPTS.make(at(marked)), 64, stop)


def ended(reason: StopReason = StopReason.END) -> Generation:
    """How the engine reports an end."""
    return Generation((), 0, reason, 1, 0, 0.0, 0.0)


async def test_it_agrees_with_what_is_typed_as_long_as_texts_match() -> None:
    """Typed text may be shorter or longer than what is decoded, but never different."""
    flight = flight_at("ret‸")
    assert flight.agrees("ret")
    assert flight.agrees("retu")  # nothing decoded yet: it may still come
    flight.on_token(Token(1, "urn", -0.1))
    assert flight.agrees("return")
    assert flight.agrees("return x")
    assert not flight.agrees("retx")
    assert not flight.agrees("re")
    assert not flight.agrees("")


async def test_an_ended_flight_has_nothing_for_text_at_its_end() -> None:
    """Who typed all of it needs a new one."""
    flight = flight_at("ret‸")
    flight.on_token(Token(1, "urn", -0.1))
    flight.finish(ended())
    assert flight.agrees("retur")
    assert not flight.agrees("return")


async def test_what_is_beyond_the_typed_text_keeps_its_marks() -> None:
    """Ends of tokens and their probabilities move with the text."""
    flight = flight_at("r‸")
    for token in (Token(1, "et", -0.1), Token(2, "urn", -0.2), Token(3, " x", -0.3)):
        flight.on_token(token)
    assert flight.beyond("r") == Decoded(
        "eturn x", ((2, -0.1), (5, -0.2), (7, -0.3)), ended=False, complete=False
    )
    assert flight.beyond("retu") == Decoded(
        "rn x", ((2, -0.2), (4, -0.3)), ended=False, complete=False
    )
    assert flight.beyond("return x and more") == Decoded("", (), ended=False, complete=False)
    assert flight.beyond("rx") is None


@pytest.mark.parametrize(
    ("reason", "complete"),
    [(StopReason.END, True), (StopReason.STOPPED, True), (StopReason.LENGTH, False)],
)
async def test_only_the_model_or_the_stop_rule_complete_an_answer(
    reason: StopReason, complete: bool
) -> None:
    """A text that a limit cut off may end in the middle of a word."""
    flight = flight_at("r‸")
    flight.on_token(Token(1, "et", -0.1))
    flight.finish(ended(reason))
    decoded = flight.beyond("r")
    assert decoded is not None
    assert (decoded.ended, decoded.complete) == (True, complete)


async def test_a_cancelled_or_failed_flight_is_not_complete() -> None:
    """What it brought is still there, as a part."""
    cancelled, failed = flight_at("r‸"), flight_at("r‸")
    cancelled.cancel.cancel()
    cancelled.finish(ended(StopReason.CANCELLED))
    failed.finish(None, ValueError("x"))
    for flight in (cancelled, failed):
        decoded = flight.beyond("r")
        assert decoded is not None
        assert decoded.ended
        assert not decoded.complete


async def test_decoding_stops_with_the_first_token_that_diverges() -> None:
    """`on_token` compares with the newest text the flight is wanted for."""
    flight = flight_at("r‸")
    flight.wanted = "retx"
    assert not flight.on_token(Token(1, "et", -0.1))
    assert flight.on_token(Token(2, "urn", -0.1))


async def test_decoding_stops_when_cancelled_or_when_the_rule_says_so() -> None:
    """Both are looked at once per token."""
    ruled = flight_at("r‸", stop=lambda flight: len(flight.tokens) >= 2)
    assert [ruled.on_token(Token(n, "x", -0.1)) for n in range(2)] == [False, True]
    cancelled = flight_at("r‸")
    cancelled.cancel.cancel()
    assert cancelled.on_token(Token(1, "x", -0.1))


async def test_everybody_who_waits_is_woken_by_a_token_from_another_thread() -> None:
    """Tokens come on the engine's thread, waiting happens on the event loop."""
    flight = flight_at("r‸")
    waiting = [asyncio.create_task(flight.growth(30)) for _ in range(3)]
    await asyncio.sleep(0)
    thread = threading.Thread(target=flight.on_token, args=(Token(1, "x", -0.1),))
    thread.start()
    assert await asyncio.gather(*waiting) == [True, True, True]
    thread.join()


@pytest.mark.parametrize("ticks", [0, 1, 2])
async def test_a_waiter_that_is_cancelled_as_the_end_comes_is_cancelled(ticks: int) -> None:
    """Else a request goes on that its client gave up, and Ctrl-C is now and then ignored."""
    flight = flight_at("r‸")
    waiting = asyncio.create_task(flight.growth(30))
    for _ in range(3):
        await asyncio.sleep(0)
    flight.finish(None)
    for _ in range(ticks):
        await asyncio.sleep(0)
    accepted = waiting.cancel()  # False where it has gone on already
    await asyncio.wait([waiting])
    assert waiting.cancelled() == accepted


async def test_waiting_ends_with_the_flight_or_with_the_time() -> None:
    """Nobody waits for a flight that is over."""
    flight = flight_at("r‸")
    assert not await flight.growth(0)
    flight.finish(None)
    assert await flight.growth(30)


async def test_a_second_end_changes_nothing() -> None:
    """Whoever ends it first (engine, newer request, hang) decides."""
    ends: list[InflightGeneration] = []
    flight = flight_at("r‸")
    flight.on_end = ends.append
    flight.finish(ended())
    flight.finish(None, ValueError("late"))
    assert flight.error is None
    assert ends == [flight]
