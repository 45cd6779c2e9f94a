"""Context of other files over the wire: two files open, one of them in the other's prompt."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

STORE = '''\
class Store:
    def fetch_invoice(self, number: int) -> "Invoice":
        """One invoice by its number."""
        return self.invoices[number]
'''
APP = """\
from shop.store import Store


def total(store: Store, numbers: list[int]) -> int:
    invoices = [store.fetch_invoice(number) for number in numbers]
    return """
OPTIONS: dict[str, Any] = {"prompt": {"context": "repo", "max_tokens": 2000}}


def start(wire: Wire, root: Path, options: dict[str, Any]) -> str:
    """A server that knows a workspace; returns the URI of a document to complete in."""
    folder = {"uri": root.as_uri(), "name": "shop"}
    wire.initialize(
        {"workspace": {"workspaceFolders": True}, "textDocument": {"inlineCompletion": {}}},
        workspaceFolders=[folder],
        initializationOptions=options,
    )
    wire.ready()
    return (root / "app.py").as_uri()


def prompt(wire: Wire, uri: str) -> dict[str, Any]:
    """The prompt at the end of the text."""
    place = {"line": APP.count("\n"), "character": len("    return ")}
    shown: dict[str, Any] = wire.ask(
        "midfill/prompt", {"textDocument": {"uri": uri}, "position": place}
    )
    return shown


def rest_until_known(wire: Wire, uri: str) -> dict[str, Any]:
    """Let the cursor rest, until other files are in the prompt."""
    place = {"line": APP.count("\n"), "character": len("    return ")}
    rest = {"textDocument": {"uri": uri}, "position": place}
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        wire.notify("midfill/cursorRested", rest)
        shown = prompt(wire, uri)
        if any(candidate["chosen"] for candidate in shown["candidates"]):
            return shown
        time.sleep(0.05)
    pytest.fail("no piece of another file came into the prompt")


def test_an_open_file_and_an_imported_one_reach_the_prompt(tmp_path: Path) -> None:
    """The outline of what is imported, and lines of what was open, each with its path."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/store.py").write_text(STORE, encoding="utf-8")
    with Wire() as wire:
        uri = start(wire, tmp_path, OPTIONS)
        other = STORE.replace("Store", "Shelf").replace("One invoice", "A thing")
        wire.open(other, (tmp_path / "shelf.py").as_uri())
        wire.open(APP, uri)
        shown = rest_until_known(wire, uri)
        chosen = {row["path"]: row for row in shown["candidates"] if row["chosen"]}
        assert "shop/store.py" in chosen
        assert "Store" in chosen["shop/store.py"]["reason"]
        texts = [part["text"] for part in shown["parts"] if part["name"] == "context"]
        assert any("def fetch_invoice" in text for text in texts)
        assert wire.complete(APP.count("\n"), len("    return "), uri)
        stats = wire.stats()["context"]
        assert stats["gathered"] >= 1
        assert stats["faults"] == {}
        assert wire.leave() == 0


def test_by_default_no_model_is_told_of_other_files_without_proof(tmp_path: Path) -> None:
    """`auto` means `off` for a model for which nothing was measured to help."""
    with Wire() as wire:
        uri = start(wire, tmp_path, {})
        wire.open(STORE, (tmp_path / "store.py").as_uri())
        wire.open(APP, uri)
        assert prompt(wire, uri)["candidates"] == []
        assert wire.stats()["context"]["gathered"] == 0
        assert wire.leave() == 0


def test_ignored_files_and_secrets_reach_no_prompt(tmp_path: Path) -> None:
    """A similar file that git ignores stays out; a token in an open file is masked."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    (tmp_path / ".gitignore").write_text("hidden.py\n", encoding="utf-8")
    with Wire() as wire:
        uri = start(wire, tmp_path, OPTIONS)
        wire.open(STORE + f'    token = "{secret}"\n', (tmp_path / "seen.py").as_uri())
        wire.open(STORE + "    hidden = 1\n", (tmp_path / "hidden.py").as_uri())
        wire.open(f'key = "{secret}"\n' + APP, uri)
        shown = rest_until_known(wire, uri)
        told = "".join(part["text"] for part in shown["parts"])
        assert {row["path"] for row in shown["candidates"]} == {"seen.py"}
        assert secret not in told
        assert secret.encode() not in wire.stderr
        assert wire.leave() == 0


def test_a_viewed_file_counts_as_accessed(tmp_path: Path) -> None:
    """An editor that tells what the user looks at needs to open nothing."""
    (tmp_path / "seen.py").write_text(STORE, encoding="utf-8")
    with Wire() as wire:
        uri = start(wire, tmp_path, OPTIONS)
        wire.notify("midfill/viewed", {"textDocument": {"uri": (tmp_path / "seen.py").as_uri()}})
        wire.open(APP, uri)
        shown = rest_until_known(wire, uri)
        assert [row["path"] for row in shown["candidates"]] == ["seen.py"]
        assert wire.leave() == 0


def test_a_workspace_of_many_files_is_never_scanned(tmp_path: Path) -> None:
    """Files that nobody opened or imported are not even looked at."""
    for number in range(3000):
        (tmp_path / f"module_{number}.py").write_text(STORE, encoding="utf-8")
    with Wire() as wire:
        uri = start(wire, tmp_path, OPTIONS)
        wire.open(STORE, (tmp_path / "module_7.py").as_uri())
        wire.open(APP, uri)
        shown = rest_until_known(wire, uri)
        assert {row["path"] for row in shown["candidates"]} == {"module_7.py"}
        assert wire.leave() == 0
