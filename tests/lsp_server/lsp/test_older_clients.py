"""Older clients: what they leave out or number differently becomes LSP 3.18."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.lsp.older_clients import OlderClients

URI = "file:///space/a.py"
INVOKED, AUTOMATIC = 1, 2


def mended(client: OlderClients, method: str, params: Any) -> Any:
    """The parameters of a message after it was mended."""
    message = {"jsonrpc": "2.0", "method": f"textDocument/{method}", "params": params}
    client.mend(message)
    return message["params"]


def kind(client: OlderClients, context: Any) -> int:
    """The trigger kind that a request is served as."""
    params = {"textDocument": {"uri": URI}, "position": {}, "context": context}
    found: int = mended(client, "inlineCompletion", params)["context"]["triggerKind"]
    return found


def type_key(client: OlderClients) -> None:
    """A key was typed into the document."""
    document = {"uri": URI, "version": 1}
    mended(client, "didChange", {"textDocument": document, "contentChanges": [{"text": ""}]})


def test_kinds_of_the_draft_are_never_a_choice_at_every_key() -> None:
    """The draft's automatic 1 is automatic from the first key on, its invoked 0 is invoked."""
    client = OlderClients()
    kinds = []
    for number in (1, 1, 0, 1, 1):
        type_key(client)
        kinds.append(kind(client, {"triggerKind": number}))
    assert kinds == [AUTOMATIC, AUTOMATIC, INVOKED, AUTOMATIC, AUTOMATIC]
    assert kind(client, {"triggerKind": 1}) == AUTOMATIC


def test_kinds_of_lsp_3_18_stay_what_they_are() -> None:
    """From the first automatic 2 on, a 1 is the user's wish, also right after a key."""
    client = OlderClients()
    kinds = []
    for number in (2, 1, 2, 1):
        type_key(client)
        kinds.append(kind(client, {"triggerKind": number}))
    assert kinds == [AUTOMATIC, INVOKED, AUTOMATIC, INVOKED]


def test_a_client_that_asks_by_hand_alone_gets_its_choice() -> None:
    """Without a key since the last request, a 1 can only be the user's wish."""
    client = OlderClients()
    assert kind(client, {"triggerKind": 1}) == INVOKED
    type_key(client)
    assert [kind(client, {"triggerKind": 1}) for _ in range(2)] == [AUTOMATIC, INVOKED]


@pytest.mark.parametrize(
    "context", [None, {}, [], {"triggerKind": None}, {"triggerKind": 7}, {"triggerKind": []}, "x"]
)
def test_a_context_that_is_missing_is_automatic(context: Any) -> None:
    """So is a kind that nobody knows, or `true`."""
    assert kind(OlderClients(), context) == AUTOMATIC
    assert kind(OlderClients(), {"triggerKind": True}) == AUTOMATIC
    params = mended(OlderClients(), "inlineCompletion", {"textDocument": {"uri": URI}})
    assert params["context"] == {"triggerKind": AUTOMATIC}


@pytest.mark.parametrize("missing", [{}, {"version": None}, {"version": 2**40}, {"version": "x"}])
def test_a_version_that_is_none_is_the_last_one(missing: dict[str, Any]) -> None:
    """The first is 0; after a number, that; opened again, 0."""
    client = OlderClients()
    for _ in range(2):
        opened = mended(client, "didOpen", {"textDocument": {"uri": URI, **missing}})
        assert opened["textDocument"] == {"uri": URI, "version": 0, "languageId": ""}
        for sent, served in ((missing, 0), ({"version": 4.0}, 4), (missing, 4)):
            document = {"uri": URI, **sent}
            changed = mended(client, "didChange", {"textDocument": document})
            assert changed["textDocument"]["version"] == served


def test_cells_are_documents_like_any_other() -> None:
    """Their versions are filled in, and typing into one is typing."""
    client = OlderClients()
    cell: dict[str, Any] = {"uri": URI, "languageId": "python", "text": ""}
    book: dict[str, Any] = {"uri": "file:///space/a.ipynb", "version": None}
    params: dict[str, Any] = {"notebookDocument": book, "cellTextDocuments": [cell]}
    client.mend({"method": "notebookDocument/didOpen", "params": params})
    assert (book["version"], cell["version"]) == (0, 0)
    document: dict[str, Any] = {"uri": URI}
    content = [{"document": document, "changes": [{"range": None, "text": "x"}]}]
    change = {"cells": {"textContent": content}}
    params = {"notebookDocument": book, "change": change}
    client.mend({"method": "notebookDocument/didChange", "params": params})
    assert document["version"] == 0
    assert content[0]["changes"] == [{"text": "x"}]
    assert kind(client, {"triggerKind": 1}) == AUTOMATIC


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["textDocument", "uri", "version", "context", "triggerKind", "change", "cells",
             "contentChanges", "structure", "didOpen", "textContent", "document", "changes"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.sampled_from(
        [
            "initialize",
            "textDocument/didOpen",
            "textDocument/didChange",
            "textDocument/didClose",
            "textDocument/inlineCompletion",
            "textDocument/completion",
            "notebookDocument/didOpen",
            "notebookDocument/didChange",
            "notebookDocument/didClose",
        ]
    )
    | JSON,
    JSON,
)
def test_no_message_is_too_odd(method: Any, params: Any) -> None:
    """Nothing is raised, whatever JSON comes."""
    OlderClients().mend({"method": method, "params": params})


@given(JSON)
def test_no_value_is_too_odd(value: Any) -> None:
    """Nor at the places that are looked at."""
    client = OlderClients()
    document = {"uri": URI, "version": value, "languageId": value}
    client.mend({"method": "initialize", "params": {"trace": value, "capabilities": value}})
    for method in ("didOpen", "didChange", "inlineCompletion", "completion"):
        params = {"textDocument": dict(document), "context": {"triggerKind": value}}
        mended(client, method, params)
    cells = {"textContent": [{"document": document, "changes": value}], "structure": value}
    params = {"notebookDocument": document, "change": {"cells": cells}}
    client.mend({"method": "notebookDocument/didChange", "params": params})
