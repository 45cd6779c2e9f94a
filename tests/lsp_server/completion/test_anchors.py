"""Stable parts and other files: no key waits for gathering, none changes what is in use."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from context.settings import ContextSettings, PromptSettings
from engine import calibration
from engine.calibration import Rates
from engine.fake import FakeEngine
from lsp_server.session.session import Session
from lsp_server.settings.model import Settings, SuggestionSettings
from tests.conftest import PATIENCE_S, at, typed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from context.snapshot import Snapshot
    from engine.api import Request

OTHER = "def fetch_invoice(store, number):\n    return store.invoices[number]\n"
APP = "def total(store):\n    invoice = fetch_invoice(store, 1)\n    return ‸\n"


class Desk:
    """A session whose only other file is one that was looked at."""

    def __init__(self, root: Path) -> None:
        self.engine = FakeEngine(rest="x = 1")
        settings = Settings(
            prompt=PromptSettings(context="repo", max_tokens=1500),
            context=ContextSettings(gather_ms=20_000),
        )
        self.session = Session(settings, lambda: self.engine, calibrate=False)
        self.gate = threading.Event()
        (root / "other.py").write_text(OTHER)
        around = self.session.context_provider
        around.set_folders([root.as_posix()])
        around.viewed((root / "other.py").as_uri())
        around._thread.post(lambda: self.gate.wait(PATIENCE_S))
        self.snapshot = at(APP, uri=(root / "app.py").as_uri(), path="app.py")

    def read(self, request: Request) -> str:
        """What a request had for its stable part."""
        return self.engine.tokenizer.decode(request.stable)

    def rest(self, snapshot: Snapshot) -> None:
        """The cursor came to rest."""
        assert self.session.pipeline is not None
        self.session.pipeline.rest(snapshot)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that nobody tells."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - as said
                await asyncio.sleep(0.01)

    def known(self) -> object:
        """Whether anything was found."""
        return self.session.context_provider.known(self.snapshot.uri)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with the engine loaded, and gathering held up."""
    made = Desk(tmp_path)
    await made.session.load()
    yield made
    made.gate.set()
    made.session.close()


async def test_a_request_never_waits_for_gathering(desk: Desk) -> None:
    """A disk that hangs costs pieces of other files, not the answer."""
    desk.rest(desk.snapshot)
    text, _ = await desk.session.complete(desk.snapshot)
    assert text == "x = 1"
    assert "fetch_invoice(store, number)" not in desk.read(desk.engine.history[0])


async def test_what_is_found_goes_into_the_next_anchor_not_into_one_in_use(desk: Desk) -> None:
    """The stable part that a line began with stays; a rest afterwards brings a new one."""
    await desk.session.complete(desk.snapshot)
    desk.gate.set()
    await desk.until(desk.known)
    await desk.session.complete(typed(desk.snapshot, "q"))
    first, second = desk.engine.history[0], desk.engine.history[-1]
    assert second is not first
    assert second.stable == first.stable
    desk.rest(desk.snapshot)
    await desk.until(
        lambda: any(
            "invoices[number]" in desk.engine.tokenizer.decode(k) for k in desk.engine._kept
        )
    )
    await desk.session.complete(typed(desk.snapshot, "z"))
    assert "invoices[number]" in desk.read(desk.engine.history[-1])


async def test_a_rest_that_another_one_replaced_is_not_prepared(desk: Desk) -> None:
    """Both are told when other files were gathered for; the cursor is only in one place."""
    other = at(APP, uri=(desk.snapshot.uri + ".other.py"), path="other.py")
    desk.rest(desk.snapshot)
    desk.rest(other)
    desk.gate.set()
    assert desk.session.pipeline is not None
    anchors = desk.session.pipeline._anchors
    await desk.until(lambda: list(anchors))
    await desk.until(lambda: not desk.session.context_provider._waiters._waiting)
    assert list(anchors) == [other.uri]


async def test_a_change_of_context_settings_takes_effect_at_once(desk: Desk) -> None:
    """With other files switched off the next prompt has none."""
    desk.gate.set()
    desk.rest(desk.snapshot)
    await desk.until(desk.known)
    await desk.session.complete(desk.snapshot)
    assert "invoices[number]" in desk.read(desk.engine.history[-1])
    old = desk.session.settings
    desk.session.reconfigure(Settings(prompt=PromptSettings(context="off"), context=old.context))
    await desk.session.complete(typed(desk.snapshot, "y"))
    assert "invoices[number]" not in desk.read(desk.engine.history[-1])


LOSES, WINS = Rates(50_000, 4, kept_gain=0.8), Rates(50_000, 4, kept_gain=5)


@pytest.mark.parametrize(("rates", "kept"), [(LOSES, 0), (WINS, 1)])
async def test_states_are_kept_only_where_that_wins(
    rates: Rates, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prompts and the answers are the same; a device on which copying loses reads anew."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))
    engine = FakeEngine(["foo()", "bar()", "x = 1 |y = 2 "])
    calibration.remember(tmp_path / "rates.json", engine.info.name, rates)
    session = Session(Settings(suggestions=SuggestionSettings(ahead="off")), lambda: engine)
    await session.load()
    assert session.pipeline is not None
    snapshot = at("import os\n\n\nx = ‸\n")
    session.pipeline.rest(snapshot)
    await session.scheduler.call(lambda _: None)
    async with asyncio.timeout(PATIENCE_S):
        while not session.scheduler.idle:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert engine.account().prompts == kept
    assert (await session.complete(snapshot))[0] == "foo()"
    text, trace = await session.complete(typed(snapshot, "q"))
    assert text == "bar()"
    assert (trace.reused_tokens > 0) is bool(kept)
    assert len(await session.alternatives(snapshot)) == 2
    assert engine.account().prompts == kept
    assert len({request.stable for request in engine.history}) == 1
    session.close()
