"""The pygls server: who is told what, and what becomes of work in the background."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lsp_server.lsp.server import DOCUMENT_STATUS, MORE_AVAILABLE, STATUS, MidfillServer


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"status": True}, [STATUS, DOCUMENT_STATUS]),
        ({"growing": True}, [MORE_AVAILABLE]),
        ({"growing": True, "status": True}, [MORE_AVAILABLE, STATUS, DOCUMENT_STATUS]),
        ({"growing": False, "status": 1}, []),
        ({}, []),
        ([], []),
        (None, []),
    ],
)
async def test_each_kind_of_notification_has_its_option(
    options: Any, wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just `true` asks for it."""
    server, sent = MidfillServer(), []
    monkeypatch.setattr(server.protocol, "notify", lambda method, _: sent.append(method))
    server.take_wishes(options)
    for method in (MORE_AVAILABLE, STATUS, DOCUMENT_STATUS):
        server.notify(method, {})
    assert sent == wanted


async def test_a_fault_in_the_background_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """Its kind alone: what it says may be of the user's."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("secret")

    MidfillServer().keep(fail())
    for _ in range(5):
        await asyncio.sleep(0)
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text
