"""When midfill is quiet: after a deletion, after an undo, and about what was just removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from engine.fake import FakeEngine
from lsp_server import clock
from lsp_server.completion.manners import QUIET_S
from lsp_server.lsp import document_sync
from lsp_server.session.session import Session
from lsp_server.settings.layers import Layer, compose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

URI = "file:///space/a.py"


class Silent:
    """An editor that nobody looks at."""

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Nobody listens."""

    def warn(self, message: str) -> None:
        """Nobody reads."""


class Typist:
    """Edits one document as an editor tells them, on a clock of its own."""

    def __init__(self, session: Session, text: str) -> None:
        self.session, self.version, self.text, self.now = session, 1, text, 100.0
        item = types.TextDocumentItem(URI, "python", 1, text)
        document_sync.did_open(session, Silent(), types.DidOpenTextDocumentParams(item))

    def edit(self, start: int, end: int, new: str) -> None:
        """Replace characters of a text of one line."""
        self.version += 1
        self.text = self.text[:start] + new + self.text[end:]
        span = types.Range(types.Position(0, start), types.Position(0, end))
        change = types.TextDocumentContentChangePartial(range=span, text=new)
        document = types.VersionedTextDocumentIdentifier(version=self.version, uri=URI)
        params = types.DidChangeTextDocumentParams(document, [change])
        document_sync.did_change(self.session, Silent(), params)

    async def ask(self, column: int, *, by_hand: bool = False) -> str:
        """What is offered at a column."""
        snapshot = self.session.documents.snapshot(URI, types.Position(0, column))
        return (await self.session.complete(snapshot, by_hand=by_hand))[0]


@pytest.fixture
async def session(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    """A session whose model always says the same."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))
    settings = compose(
        [Layer("t", {"suggestions": {"ahead": "off"}, "latency": {"debounce_ms": 0}})]
    ).settings
    made = Session(settings, lambda: FakeEngine(rest="value = 1"), calibrate=False)
    await made.load()
    yield made
    made.close()


@pytest.fixture
def typist(session: Session) -> Iterator[Typist]:
    """Somebody at the end of `x = 12345`."""
    made = Typist(session, "x = 12345")
    with clock.replaced(lambda: made.now):
        yield made


async def test_nothing_comes_right_after_a_deletion(typist: Typist) -> None:
    """One backspace is a correction; typing on ends the quiet, and so does time."""
    typist.edit(8, 9, "")
    assert await typist.ask(8) == ""
    assert await typist.ask(8, by_hand=True) != ""
    typist.edit(8, 8, "6")
    assert await typist.ask(9) != ""
    typist.edit(8, 9, "")
    typist.now += QUIET_S
    assert await typist.ask(8) != ""


async def test_three_deletions_are_a_wish_for_another_text(typist: Typist) -> None:
    """Somebody who takes back more looks for something else."""
    for end in (9, 8, 7):
        typist.edit(end - 1, end, "")
    assert await typist.ask(6) != ""


async def test_nothing_comes_right_after_an_undo(typist: Typist) -> None:
    """An accepted text that is taken back, by a deletion or by putting the old one again."""
    typist.edit(4, 9, "count(rows)")
    typist.edit(4, 15, "12345")
    assert await typist.ask(9) == ""


async def test_what_was_just_removed_is_not_offered_there(typist: Typist) -> None:
    """Not at its place, however it was removed; elsewhere, and when asked for, it may come."""
    typist.edit(9, 9, "; value = 1")
    typist.edit(11, 20, "")
    typist.now += QUIET_S
    assert await typist.ask(11) == ""
    assert await typist.ask(11, by_hand=True) == "value = 1"
    assert await typist.ask(4) != ""


async def test_keys_of_backspace_remove_one_text(typist: Typist) -> None:
    """Backspace after backspace: the whole of it is what was removed."""
    typist.edit(9, 9, "; value = 1")
    for end in range(20, 11, -1):
        typist.edit(end - 1, end, "")
    assert await typist.ask(11) == ""


async def test_a_format_on_save_is_no_deletion(session: Session) -> None:
    """Several changes at once come from a tool."""
    typist = Typist(session, "x=1 ;")
    document = types.VersionedTextDocumentIdentifier(version=9, uri=URI)
    spans = [types.Range(types.Position(0, 3), types.Position(0, 5))] * 2
    changes = [types.TextDocumentContentChangePartial(range=span, text="") for span in spans]
    params = types.DidChangeTextDocumentParams(document, changes)
    document_sync.did_change(session, Silent(), params)
    assert await typist.ask(3) != ""
