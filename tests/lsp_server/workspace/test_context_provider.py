"""Surroundings: followed on the loop, gathered on a thread, kept over restarts."""

from __future__ import annotations

import asyncio
import functools
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from context.settings import ContextSettings
from context.text import Text
from lsp_server.documents.mirror import Documents
from lsp_server.workspace import recent_files
from lsp_server.workspace.context_provider import ContextProvider
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from context.candidate import Candidate
    from context.snapshot import Snapshot
    from context.sources.gather import GatherRequest

STORE = '''\
class Store:
    """Keeps invoices."""

    def fetch_invoice(self, number: int) -> "Invoice":
        return self.invoices[number]


def total_of_invoices(invoices: "list[Invoice]") -> int:
    return sum(invoice.cents for invoice in invoices)
'''
APP = """\
from shop.store import Store


def total(store: Store, numbers: list[int]) -> int:
    invoices = [store.fetch_invoice(number) for number in numbers]
    return """


class Editor:
    """A workspace on the disk, and an editor's documents in it."""

    def __init__(self, root: Path, settings: ContextSettings | None = None) -> None:
        self.root = root
        self.documents = Documents()
        chosen = settings or ContextSettings(gather_ms=20_000)
        self.context_provider = ContextProvider(lambda: chosen)
        folder = types.WorkspaceFolder(uri=root.as_uri(), name="shop")
        self.documents.set_folders([folder])
        self.context_provider.set_folders(self.documents.roots)

    def write(self, name: str, text: str) -> Path:
        """A file on the disk."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def open(self, name: str, text: str) -> Snapshot:
        """Open a document, the cursor at its end."""
        uri = (self.root / name).as_uri()
        item = types.TextDocumentItem(uri, "python", 1, text)
        self.context_provider.opened(self.documents.open(types.DidOpenTextDocumentParams(item)))
        line, column = Text.of(text).end
        snapshot = self.documents.snapshot(uri, types.Position(line, column))
        assert snapshot is not None
        return snapshot

    async def gather(self, snapshot: Snapshot, tokens: int = 600) -> tuple[Candidate, ...]:
        """What is known after a wish was fulfilled."""
        told = asyncio.Event()
        self.context_provider.want(snapshot, tokens, told.set)
        async with asyncio.timeout(PATIENCE_S):
            await told.wait()
        return self.context_provider.known(snapshot.uri)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.02)


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor with a workspace of its own."""
    made = Editor(tmp_path / "space")
    made.root.mkdir()
    yield made
    made.context_provider.close()


def paths(found: tuple[Candidate, ...]) -> set[str]:
    """Where candidates come from."""
    return {candidate.path for candidate in found}


async def test_imports_and_windows_of_other_files_are_found(editor: Editor) -> None:
    """An imported file gives its outline, a recent one its similar lines."""
    editor.write("shop/__init__.py", "")
    editor.write("shop/store.py", STORE)
    editor.open("other.py", STORE.replace("Store", "Shelf"))
    snapshot = editor.open("app.py", APP)
    found = await editor.gather(snapshot)
    assert {"shop/store.py", "other.py"} <= paths(found)
    kinds = {candidate.kind.value for candidate in found}
    assert {"import", "window"} <= kinds
    assert all(candidate.reason for candidate in found)


async def test_an_open_buffer_wins_over_the_disk(editor: Editor) -> None:
    """What is not saved yet is what the user means."""
    editor.write("other.py", "nothing = 1\n")
    snapshot = editor.open("other.py", STORE)
    app = editor.open("app.py", APP)
    found = await editor.gather(app)
    assert any("fetch_invoice" in one.text for one in found if one.path == "other.py")
    editor.documents.close(snapshot.uri)
    editor.context_provider.closed(snapshot.uri)
    found = await editor.gather(app)
    assert not any("fetch_invoice" in one.text for one in found if one.path == "other.py")


async def test_what_was_recent_is_recent_after_a_restart(editor: Editor) -> None:
    """Another session in the same workspace begins with the files of the last."""
    editor.write("other.py", STORE)
    editor.open("other.py", STORE)
    await editor.gather(editor.open("app.py", APP))
    editor.context_provider.close()
    again = Editor(editor.root)
    try:
        await editor.until(lambda: again.context_provider.as_dict()["recent_files"] == 2)
        assert "other.py" in paths(await again.gather(again.open("new.py", APP)))
    finally:
        again.context_provider.close()


async def test_the_state_file_holds_paths_for_the_user_alone(editor: Editor) -> None:
    """No text, mode 0600."""
    await editor.gather(editor.open("app.py", APP))
    editor.context_provider.close()
    path = recent_files.file_of(editor.documents.roots)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "app.py" in text
    assert "invoice" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"python": [1, {}]}', "[" * 100_000, "\0"])
async def test_a_damaged_state_file_is_started_afresh(editor: Editor, damage: str) -> None:
    """Nothing is raised, and the next session finds a good one."""
    path = recent_files.file_of(editor.documents.roots)
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(damage, encoding="utf-8")
    again = Editor(editor.root)
    await again.gather(again.open("app.py", APP))
    again.context_provider.close()
    assert list(recent_files.load(path, 20)) == [str(editor.root / "app.py")]


async def test_files_that_vanish_and_folders_that_are_none_give_nothing(editor: Editor) -> None:
    """A path is no promise: deleted, a folder, unreadable."""
    (editor.root / "folder.py").mkdir()
    for name in ("gone.py", "folder.py", "sub/none.py"):
        editor.context_provider.viewed((editor.root / name).as_uri())
    editor.context_provider.viewed("untitled:Untitled-1", "python")
    found = await editor.gather(editor.open("app.py", APP))
    assert paths(found) <= {"app.py"}
    assert editor.context_provider.as_dict()["faults"] == {}


async def test_a_deleted_file_is_forgotten_and_a_renamed_one_followed(editor: Editor) -> None:
    """Changes of other tools reach the set without anybody opening anything."""
    old = editor.write("old.py", STORE)
    gone = editor.write("gone.py", STORE.replace("Store", "Shelf"))
    for path in (old, gone):
        editor.context_provider.viewed(path.as_uri())
    app = editor.open("app.py", APP)
    await editor.gather(app)
    await asyncio.sleep(0.5)  # the watch begins behind the answer
    old.rename(editor.root / "new.py")
    gone.unlink()
    await editor.until(lambda: paths(editor.context_provider.known(app.uri)) == {"new.py"})


async def test_a_file_that_another_tool_changed_is_gathered_again(tmp_path: Path) -> None:
    """A branch switch brings other text; also where the system tells nothing."""
    editor = Editor(tmp_path)
    editor.context_provider.close()
    editor.context_provider = ContextProvider(
        lambda: ContextSettings(gather_ms=20_000), watches=False
    )
    editor.context_provider.set_folders(editor.documents.roots)
    try:
        path = editor.write("other.py", STORE)
        editor.context_provider.viewed(path.as_uri())
        app = editor.open("app.py", APP)
        await editor.gather(app)
        await asyncio.sleep(0.5)
        path.write_text(STORE.replace("self, number", "self, invoice_number"), encoding="utf-8")
        await editor.until(
            lambda: any(
                "invoice_number" in one.text for one in editor.context_provider.known(app.uri)
            )
        )
    finally:
        editor.context_provider.close()


async def test_the_newest_wish_wins_and_everybody_is_told(editor: Editor) -> None:
    """While one place is gathered for, wishes replace each other; one look serves all of them."""
    editor.open("other.py", STORE)
    app = editor.open("app.py", APP)
    gate = threading.Event()
    editor.context_provider._thread.post(lambda: gate.wait(PATIENCE_S))
    told: list[int] = []
    for number in range(50):
        editor.context_provider.want(app, 600, functools.partial(told.append, number))
    assert editor.context_provider.known(app.uri) == ()
    gate.set()
    await editor.until(lambda: len(told) == 50)
    assert told == list(range(50))
    assert editor.context_provider.gathered == 1


async def test_news_of_the_disk_take_nobodys_answer_away(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wish under way is answered although a changed file made a newer one wait behind it."""
    provider = editor.context_provider
    app = editor.open("app.py", APP)
    await editor.gather(app)
    begun, end, later, told = threading.Event(), threading.Event(), threading.Event(), []
    real = provider._gatherer.gather

    def slow(wish: GatherRequest, *, late: Callable[[], bool]) -> list[Candidate]:
        begun.set()
        end.wait(PATIENCE_S)
        return real(wish, late=late)

    monkeypatch.setattr(provider._gatherer, "gather", slow)
    provider.want(app, 600, lambda: told.append("the place"))
    await editor.until(begun.is_set)
    provider._thread.post(lambda: later.wait(PATIENCE_S))  # or the newer one might begin in time
    provider._changed_on_disk(set(), {})
    await editor.until(lambda: provider._thread.waits)
    end.set()
    try:
        await editor.until(lambda: bool(told))
    finally:
        later.set()


async def test_failures_and_the_end_leave_nobody_waiting(editor: Editor) -> None:
    """Who asked is called once: when the work raised, when it was never begun, after the end."""
    provider = editor.context_provider
    app = editor.open("app.py", APP)
    told: list[str] = []

    def fail(*_: object, **__: object) -> list[Candidate]:
        raise RuntimeError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider._gatherer, "gather", fail)
        provider.want(app, 600, lambda: told.append("gathering failed"))
        await editor.until(lambda: len(told) == 1)
    provider.ask(fail, lambda: told.append("looking failed"))
    await editor.until(lambda: len(told) == 2)
    gate = threading.Event()
    provider._thread.post(lambda: gate.wait(PATIENCE_S))
    provider.ask(lambda: None, lambda: told.append("posted"))
    provider.want(app, 600, lambda: told.append("waiting"))
    provider.close()
    provider.want(app, 600, lambda: told.append("too late"))
    await editor.until(lambda: len(told) == 5)
    gate.set()
    assert sorted(told[2:]) == ["posted", "too late", "waiting"]


async def test_without_other_files_nothing_is_read(tmp_path: Path) -> None:
    """With `context.enabled` off no disk is looked at."""
    editor = Editor(tmp_path, ContextSettings(enabled=False))
    editor.open("other.py", STORE)
    assert await editor.gather(editor.open("app.py", APP)) == ()
    assert editor.context_provider.gathered == 0
    editor.context_provider.close()


async def test_time_runs_out_with_a_count(tmp_path: Path) -> None:
    """A slow disk costs pieces, never more than its time."""
    editor = Editor(tmp_path, ContextSettings(gather_ms=0))
    editor.open("other.py", STORE)
    assert await editor.gather(editor.open("app.py", APP)) == ()
    assert sum(editor.context_provider.as_dict()["late"].values()) >= 3
    editor.context_provider.close()


async def test_recent_edits_are_told_where_they_are_wanted(tmp_path: Path) -> None:
    """With the setting on, what was changed in another file is a candidate."""
    editor = Editor(tmp_path, ContextSettings(edits=True, gather_ms=20_000))
    other = editor.open("other.py", STORE)
    span = types.Range(types.Position(3, 8), types.Position(3, 21))
    document = types.VersionedTextDocumentIdentifier(version=2, uri=other.uri)
    event = types.TextDocumentContentChangePartial(range=span, text="find_invoice")
    change = editor.documents.change(types.DidChangeTextDocumentParams(document, [event]))
    assert change is not None
    editor.context_provider.changed(change)
    found = await editor.gather(editor.open("app.py", APP))
    (edit,) = [one for one in found if one.kind.value == "edit"]
    assert "-     def fetch_invoice" in edit.text
    assert "+     def find_invoice" in edit.text
    editor.context_provider.close()


async def test_secrets_never_become_candidates(editor: Editor) -> None:
    """Windows of open buffers are masked like everything else."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    editor.open("other.py", STORE + f'\n    token = "{secret}"  # fetch_invoice store numbers\n')
    found = await editor.gather(editor.open("app.py", APP))
    assert any(one.path == "other.py" for one in found)
    assert not any(secret in one.text for one in found)
