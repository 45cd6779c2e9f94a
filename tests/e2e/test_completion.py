"""Completions over the real process."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wire import INLINE, URI, Wire, WireError

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = "return a + b"


def test_an_item_reaches_from_the_line_start_to_the_cursor(shared: Wire, uri: str) -> None:
    """The shape that every editor handles: range on one line, typed text repeated, a command."""
    shared.open("def add(a, b):\n    \n", uri)
    (item,) = shared.complete(1, 4, uri)
    assert item["insertText"] == "    " + ANSWER
    assert item["range"] == {
        "start": {"line": 1, "character": 0},
        "end": {"line": 1, "character": 4},
    }
    assert item["command"]["command"] == "midfill.accepted"


@pytest.mark.parametrize(
    ("answer", "others"),
    [
        ("one()|two()|three()|four()", ["x = two()", "x = three()"]),
        ("one()|two()|two()", ["x = two()"]),
    ],
)
def test_a_user_who_asks_gets_a_choice(answer: str, others: list[str]) -> None:
    """Invoked by a key there are up to three different texts; while typing there is one."""
    with Wire(engine=f"fake:{answer}") as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        assert len(wire.complete(0, 4)) == 1
        items = wire.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": URI},
                "position": {"line": 0, "character": 4},
                "context": {"triggerKind": 1},
            },
        )["items"]
        texts = [item["insertText"] for item in items]
        assert texts == [f"x = {answer}", *others]
        assert wire.leave() == 0


@pytest.mark.parametrize(
    ("options", "lead"),
    [
        ({"tabSize": 8, "insertSpaces": False}, "\t"),
        ({"tabSize": 2, "insertSpaces": True}, "    "),
        ({"tabSize": "2", "insertSpaces": 1}, "    "),
    ],
)
def test_a_client_may_say_what_it_indents_with(options: dict[str, Any], lead: str) -> None:
    """It counts in a file that does not show it; what does not fit is left out."""
    with Wire(engine="fake:\n    go()") as wire:
        wire.initialize()
        wire.ready().open("while a:\n")
        (item,) = wire.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": URI},
                "position": {"line": 0, "character": 8},
                "context": {"triggerKind": 2},
                "formattingOptions": options,
            },
        )["items"]
        assert item["insertText"] == f"while a:\n{lead}go()"
        assert wire.leave() == 0


def test_a_text_goes_on_from_the_entry_that_is_selected_in_the_menu(shared: Wire, uri: str) -> None:
    """It begins with the entry, and where that cannot be there is none."""
    shared.open("x = fo\n", uri)

    def ask(text: str) -> Any:
        return shared.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": 0, "character": 6},
                "context": {
                    "triggerKind": 2,
                    "selectedCompletionInfo": {
                        "range": {
                            "start": {"line": 0, "character": 4},
                            "end": {"line": 0, "character": 6},
                        },
                        "text": text,
                    },
                },
            },
        )["items"]

    (item,) = ask("format()")
    assert item["insertText"] == f"x = format(){ANSWER}"
    assert item["range"]["end"] == {"line": 0, "character": 6}
    assert ask("a\nb") == []


def test_the_accept_command_is_counted(shared: Wire, uri: str) -> None:
    """Editors run it after a full accept."""
    before = shared.stats()["accepted"]
    shared.open("x = \n", uri)
    (item,) = shared.complete(0, 4, uri)
    shared.ask(
        "workspace/executeCommand",
        {"command": item["command"]["command"], "arguments": item["command"]["arguments"]},
    )
    assert shared.stats()["accepted"] == before + 1


def test_typing_through_is_answered_from_what_is_known() -> None:
    """Each typed character of the suggestion gives the rest and decodes nothing."""
    with Wire() as wire:
        wire.initialize(initializationOptions={"suggestions": {"ahead": "off"}})
        wire.ready().open("    \n")
        (item,) = wire.complete(0, 4)
        decoded = wire.stats()["decoded_tokens"]
        for column, key in enumerate(ANSWER[:-2], 4):
            wire.edit((0, column), (0, column), key)
            (again,) = wire.complete(0, column + 1)
            assert again["insertText"] == item["insertText"]
        stats = wire.stats()
        assert stats["decoded_tokens"] == decoded
        assert stats["sources"]["type-through"] == len(ANSWER) - 2
        assert wire.leave() == 0


@pytest.mark.parametrize(
    ("encoding", "character"), [("utf-8", 11), ("utf-16", 9), ("utf-32", 8)], ids=str
)
def test_positions_count_in_the_negotiated_encoding(encoding: str, character: int) -> None:
    """An emoji before the cursor is 4, 2 or 1 units wide."""
    with Wire() as wire:
        answer = wire.initialize(encodings=[encoding])
        assert answer["capabilities"]["positionEncoding"] == encoding
        wire.ready().open("s = '🙂' + \n")
        wire.edit((0, character + 2), (0, character + 2), " x")
        (item,) = wire.complete(0, character + 4)
        assert item["insertText"] == "s = '🙂' +  x" + ANSWER
        assert item["range"]["end"] == {"line": 0, "character": character + 4}
        assert wire.leave() == 0


def test_the_default_encoding_is_utf_16(shared: Wire, uri: str) -> None:
    """A client that says nothing counts in UTF-16; a place inside an emoji is its beginning."""
    shared.open("🙂🙂\n", uri)
    (item,) = shared.complete(0, 4, uri)
    assert item["insertText"] == "🙂🙂" + ANSWER
    shared.edit((0, 3), (0, 3), "x", uri=uri)
    (item,) = shared.complete(0, 5, uri)
    assert item["insertText"] == "🙂x🙂" + ANSWER


def test_a_crlf_document_gets_crlf() -> None:
    """An accepted block has the document's own line endings."""
    with Wire(engine="fake:\n    x = 1\n    return x") as wire:
        wire.initialize()
        wire.ready().open("def f():\r\n\r\n")
        (item,) = wire.complete(0, 8)
        assert item["insertText"] == "def f():\r\n    x = 1\r\n    return x"
        assert wire.leave() == 0


def test_clients_without_ghost_text_get_completions() -> None:
    """One method is offered, the one the client can show."""
    with Wire() as wire:
        capabilities = wire.initialize({"textDocument": {"completion": {}}})["capabilities"]
        assert "completionProvider" in capabilities
        wire.ready().open("    ret\n")
        listed = wire.answer(wire.want(0, 7, method="completion"))
        assert listed["isIncomplete"]
        (item,) = listed["items"]
        assert item["textEdit"]["newText"].startswith("ret")
        assert wire.leave() == 0


def test_clients_with_ghost_text_get_only_that() -> None:
    """`textDocument/completion` is left to other servers."""
    with Wire() as wire:
        capabilities = wire.initialize(INLINE)["capabilities"]
        assert "inlineCompletionProvider" in capabilities
        assert "completionProvider" not in capabilities
        assert capabilities["textDocumentSync"]["change"] == 2
        assert "midfill.accepted" in capabilities["executeCommandProvider"]["commands"]
        with pytest.raises(WireError) as caught:
            wire.answer(wire.want(0, 0, method="completion"))
        assert caught.value.code == -32601
        assert wire.leave() == 0


def test_before_the_model_is_ready_answers_are_empty(tmp_path: Path) -> None:
    """The server answers at once while the model is still being loaded."""
    gate = tmp_path / "gate"
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from engine import fake
        made = fake.FakeEngine
        def slow(**options):
            while not Path({str(gate)!r}).exists():
                time.sleep(0.01)
            return made(**options)
        fake.FakeEngine = slow
        from lsp_server.cli import run
        sys.exit(run(["serve", *sys.argv[1:]]))
    """)
    with Wire(command=(sys.executable, "-c", script)) as wire:
        wire.initialize()
        wire.open("x = \n")
        assert wire.complete(0, 4) == []
        assert wire.stats()["ready"] is False
        gate.touch()
        wire.ready()
        assert wire.complete(0, 4) != []
        states = [status["state"] for status in wire.said("midfill/status")]
        assert states[-1] == "ready"
        assert wire.leave() == 0


def test_loading_shows_progress_where_the_client_has_a_place_for_it() -> None:
    """A work-done progress begins and ends."""
    with Wire() as wire:
        wire.initialize({**INLINE, "window": {"workDoneProgress": True}})
        wire.until(
            lambda: any(p["value"]["kind"] == "end" for p in wire.said("$/progress")), "progress"
        )
        kinds = [params["value"]["kind"] for params in wire.said("$/progress")]
        assert (kinds[0], kinds[-1]) == ("begin", "end")
        assert wire.said("window/workDoneProgress/create")
        assert wire.leave() == 0


def test_a_model_that_cannot_be_loaded_is_told_of_and_the_server_lives() -> None:
    """The reason and the next step reach the user; requests get empty lists."""
    with Wire("--model", "no-such-model", engine="") as wire:
        wire.initialize()
        wire.until(
            lambda: any(status["state"] == "error" for status in wire.said("midfill/status")),
            "error status",
        )
        assert "no-such-model" in wire.said("midfill/status")[-1]["message"]
        wire.open("x = \n")
        assert wire.complete(0, 4) == []
        assert wire.stats()["status"]["state"] == "error"
        assert wire.leave() == 0


def test_two_documents_at_once_are_answered_each_for_itself(shared: Wire, uri: str) -> None:
    """Requests for different documents do not cancel each other."""
    other = uri.replace(".py", "_other.py")
    shared.open("a = \n", uri)
    shared.open("    bb = \n", other)
    numbers = [shared.want(0, 4, uri), shared.want(0, 9, other)]
    first, second = (shared.answer(number)["items"] for number in numbers)
    assert first[0]["insertText"] == "a = " + ANSWER
    assert second[0]["insertText"] == "    bb = " + ANSWER


def test_an_empty_file_and_a_place_outside_get_an_answer(shared: Wire, uri: str) -> None:
    """Positions beyond the text are clamped into it."""
    shared.open("", uri)
    (item,) = shared.complete(0, 0, uri)
    assert item["insertText"] == ANSWER
    (item,) = shared.complete(900, 900, uri)
    assert item["range"]["end"] == {"line": 0, "character": 0}


def test_a_line_of_one_megabyte_gets_an_answer(shared: Wire, uri: str) -> None:
    """Generated files are slow in many tools; here they cost no more than others."""
    line = "item42, " * 125_000
    shared.open(line + "\nx = \n", uri)
    (item,) = shared.complete(1, 4, uri)
    assert item["insertText"] == "x = " + ANSWER
    (item,) = shared.complete(0, len(line), uri)
    assert item["insertText"] == line + ANSWER


def test_an_unknown_document_gets_an_empty_list(shared: Wire) -> None:
    """Nothing is known of it, so nothing is offered."""
    assert shared.complete(0, 0, "file:///never/opened.py") == []


def test_a_closed_document_gets_an_empty_list(shared: Wire, uri: str) -> None:
    """Closing forgets the text."""
    shared.open("x = \n", uri)
    shared.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert shared.complete(0, 4, uri) == []


def test_a_document_out_of_sync_stays_silent_until_its_whole_text_comes(
    shared: Wire, uri: str
) -> None:
    """A stale version is a text that the server cannot know; a full change repairs it."""
    shared.open("x = \n", uri, version=5)
    shared.edit((0, 4), (0, 4), "y", uri=uri, version=4)
    assert shared.complete(0, 4, uri) == []
    shared.edit((0, 4), (0, 4), "y", uri=uri, version=6)
    assert shared.complete(0, 4, uri) == []
    shared.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": uri, "version": 7},
            "contentChanges": [{"text": "whole = \n"}],
        },
    )
    (item,) = shared.complete(0, 8, uri)
    assert item["insertText"] == "whole = " + ANSWER
    assert shared.stats()["document_faults"]["stale-version"] >= 1


def test_statistics_count_and_tell_no_text(shared: Wire, uri: str) -> None:
    """Sources, tokens and stages are there; nothing of the document is."""
    shared.open("canary_3141 = \n", uri)
    shared.complete(0, 14, uri)
    stats = shared.stats()
    assert stats["ready"] is True
    assert stats["engine"] == "fake"
    assert stats["decoded_tokens"] > 0
    assert sum(stats["sources"].values()) == len(stats["recent"]) > 0
    assert {"cache", "postprocess"} <= set(stats["recent"][-1]["stages"])
    assert "canary_3141" not in str(stats)
    assert uri not in str(stats)
