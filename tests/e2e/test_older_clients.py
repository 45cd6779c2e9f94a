"""Clients of an older LSP, or of the draft, are served by a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wire import INLINE, URI, Wire

if TYPE_CHECKING:
    from pathlib import Path


def ask(wire: Wire, place: tuple[int, int], **context: Any) -> list[dict[str, Any]]:
    """The items for a request with just these parts."""
    position = {"line": place[0], "character": place[1]}
    params = {"textDocument": {"uri": URI}, "position": position, **context}
    items: list[dict[str, Any]] = wire.ask("textDocument/inlineCompletion", params)["items"]
    return items


@pytest.mark.parametrize("version", [{}, {"version": None}, {"version": 0}])
def test_versions_that_do_not_count_are_served_in_order(version: dict[str, Any]) -> None:
    """Every key is in the text, and what is offered fits it."""
    with Wire() as wire:
        wire.initialize()
        wire.ready()
        document = {"uri": URI, **version}
        item = {**document, "languageId": "python", "text": "\n"}
        wire.notify("textDocument/didOpen", {"textDocument": item})
        for column, key in enumerate("x = "):
            place = {"line": 0, "character": column}
            change = {"range": {"start": place, "end": place}, "text": key}
            params = {"textDocument": document, "contentChanges": [change]}
            wire.notify("textDocument/didChange", params)
        (found,) = ask(wire, (0, 4), context={"triggerKind": 2})
        assert found["insertText"].startswith("x = ")
        whole = {"textDocument": document, "contentChanges": [{"range": None, "text": "y = \n"}]}
        wire.notify("textDocument/didChange", whole)
        (found,) = ask(wire, (0, 4), context={"triggerKind": 2})
        assert found["insertText"].startswith("y = ")
        assert wire.stats()["document_faults"] == {}
        assert wire.leave() == 0


@pytest.mark.parametrize("context", [{}, {"context": None}, {"context": {"triggerKind": 0}}])
def test_a_request_of_the_draft_is_answered(context: dict[str, Any]) -> None:
    """With a kind that LSP 3.18 has not, or without any."""
    with Wire() as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        assert ask(wire, (0, 4), **context)
        assert wire.leave() == 0


def test_a_handshake_of_an_older_client_is_understood(tmp_path: Path) -> None:
    """No capabilities, a folder as a path, a trace value of its own."""
    (tmp_path / ".midfillignore").write_text("a.py\n", encoding="utf-8")
    uri = (tmp_path / "a.py").as_uri()
    with Wire() as wire:
        hello = {"processId": None, "rootPath": str(tmp_path), "trace": "compact"}
        assert "completionProvider" in wire.ask("initialize", hello)["capabilities"]
        wire.notify("initialized", {})
        wire.ready().open("x = \n")
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}}
        for context in ({}, {"context": None}, {"context": {"triggerKind": 0}}):
            assert wire.ask("textDocument/completion", {**params, **context})["items"]
        wire.open("x = \n", uri)
        about = {"textDocument": {"uri": uri}}
        while not wire.ask("midfill/documentStatus", about)["reason"]:
            wire.notify("textDocument/didFocus", about)
        assert wire.leave() == 0


def test_without_a_language_the_name_says_it() -> None:
    """Null is no language of that name."""
    with Wire() as wire:
        wire.ask("initialize", {"processId": None, "rootUri": None, "capabilities": INLINE})
        item = {"uri": URI, "languageId": None, "version": 1, "text": "x = \n"}
        wire.notify("textDocument/didOpen", {"textDocument": item})
        wire.ready()
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}}
        parts = wire.ask("midfill/prompt", place)["parts"]
        assert any(part["text"].startswith("# Path") for part in parts)
        assert wire.leave() == 0
