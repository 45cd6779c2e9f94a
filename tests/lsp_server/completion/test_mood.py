"""Two moods: sure while keys come, bold at rest before a body or when asked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.fake import FakeEngine
from lsp_server.completion.mood import REST_MS, invites_body
from lsp_server.session.session import Session
from lsp_server.settings.layers import Layer, compose
from tests.conftest import at, typed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from context.snapshot import Snapshot
    from engine.api import CancelToken, Generation, Request, Token
    from lsp_server.settings.model import Settings

UNLIKELY = math.log(0.6)
BODY = "total = 0\n    for x in xs:\n        total += x\n    return total"


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("def f(a):\n    ‸\n", "python"),
        ("def f(a):\n    ‸\n\n\ndef g():\n    pass\n", "python"),
        ("function f(a) {\n  ‸\n}\n", "typescript"),
        ("func f() {\n\t‸\n}\n", "go"),
        ("# the distance of two points\n‸\n", "python"),
        ("/** Adds. */\n‸\n", "javascript"),
        ('def f():\n    """Adds."""\n    ‸\n', "python"),
    ],
)
def test_an_empty_body_and_a_comment_invite(marked: str, language: str) -> None:
    """Signature, doc comment, comment: somebody who rests there wants code."""
    assert invites_body(at(marked, language=language))


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("def f(a):\n    ‸\n    return a\n", "python"),  # the body is there
        ("def f(a):\n    x‸\n", "python"),  # somebody types
        ("x = 1\n‸\n", "python"),
        ("def f(a):\n\n‸\n", "python"),
        ("#!/usr/bin/env python\n‸\n", "python"),
        ("‸\n", "python"),
        ("if (a) {\n  ‸ b();\n}\n", "typescript"),
    ],
)
def test_other_places_do_not(marked: str, language: str) -> None:
    """A body that stands there, a line that was begun, a text's beginning."""
    assert not invites_body(at(marked, language=language))


class Unsure(FakeEngine):
    """All that it writes is unlikely."""

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """As the fake, each token at three in five."""
        return super().generate(
            request, lambda token: on_token(replace(token, log_prob=UNLIKELY)), cancel
        )


@pytest.fixture
def more() -> list[Snapshot]:
    """Places of which the server told that more can be shown."""
    return []


@pytest.fixture
def settings() -> Settings:
    """As delivered; the host is left out."""
    return compose([Layer("test", {"statistics": {"enabled": False}})]).settings


@pytest.fixture
async def session(settings: Settings, more: list[Snapshot]) -> AsyncIterator[Session]:
    """A session over a model that is sure of nothing."""
    made = Session(settings, lambda: Unsure([BODY]), more_available=more.append, calibrate=False)
    await made.load()
    yield made
    made.close()


async def test_a_resting_cursor_gets_the_body(session: Session) -> None:
    """Lines that are too unlikely for somebody who types come after half a second of rest."""
    text, trace = await session.complete(at("def f(xs):\n    ‸\n"))
    assert text == BODY
    assert trace.bold
    assert trace.total_ms >= REST_MS


async def test_elsewhere_a_resting_cursor_gets_nothing(session: Session) -> None:
    """In the middle of code the sure mood stays."""
    text, trace = await session.complete(at("x = 1\ny = ‸\n"))
    assert text == ""
    assert not trace.bold


async def test_who_asks_by_hand_gets_the_unlikely_text_anywhere(session: Session) -> None:
    """The key says that something is wanted."""
    text, trace = await session.complete(at("x = 1\ny = ‸\n"), by_hand=True)
    assert text
    assert trace.bold


async def test_a_body_stays_while_its_user_types_into_it(session: Session) -> None:
    """What was shown boldly does not vanish at the next key, nor on its next line."""
    snapshot = at("def f(xs):\n    ‸\n")
    await session.complete(snapshot)
    for piece in ("tot", "al = 0\n    f", "or x"):
        snapshot = typed(snapshot, piece)
        text, trace = await session.complete(snapshot)
        assert text
        assert trace.bold
        assert BODY.endswith(text)


@pytest.mark.parametrize(
    ("given", "eagerness"),
    [
        ({}, 0.4),
        ({"style": "sure"}, 0.25),
        ({"style": "bold"}, 0.55),
        ({"style": "bold", "eagerness": 0.1}, 0.1),
    ],
)
def test_a_style_sets_the_numbers_that_nobody_set(
    given: dict[str, object], eagerness: float
) -> None:
    """An expert's number wins over the style, in whatever layer it stands."""
    composed = compose([Layer("file", {"suggestions": given})])
    assert composed.settings.suggestions.eagerness == eagerness
    assert composed.problems == []


async def test_on_demand_says_nothing_unasked() -> None:
    """`suggestions.mode = on-demand` waits for the key."""
    settings = compose([Layer("t", {"suggestions": {"mode": "on-demand"}})]).settings
    session = Session(settings, lambda: FakeEngine(["return a"]), calibrate=False)
    await session.load()
    try:
        assert (await session.complete(at("def f(a):\n    ‸\n")))[0] == ""
        assert (await session.complete(at("def f(a):\n    ‸\n"), by_hand=True))[0] == "return a"
    finally:
        session.close()


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates of a fake are not the machine's."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))


async def test_a_body_is_decoded_although_a_shorter_text_is_known(settings: Settings) -> None:
    """What was begun at the end of the signature stopped where the sure mood does."""
    session = Session(settings, lambda: Unsure(["\n    total", BODY]), calibrate=False)
    await session.load()
    try:
        begin = at("def f(xs):‸\n")
        assert (await session.complete(begin))[0] == ""
        text, trace = await session.complete(typed(begin, "\n    "))
        assert trace.bold
        assert text == BODY
    finally:
        session.close()
