"""A server that offers nothing says why, to those who ask and to those who only listen."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import URI, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A ready server without documents."""
    with Wire() as wire:
        wire.initialize()
        yield wire.ready()
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def reason(wire: Wire, uri: str = URI) -> str:
    """What the server answers, asked why a document gets nothing."""
    answer: dict[str, str] = wire.ask("midfill/documentStatus", {"textDocument": {"uri": uri}})
    assert bool(answer["reason"]) == bool(answer["message"])
    return answer["reason"]


def push(wire: Wire, **suggestions: Any) -> None:
    """Push settings of the section `suggestions`."""
    settings = {"midfill": {"suggestions": suggestions}}
    wire.notify("workspace/didChangeConfiguration", {"settings": settings})


def test_where_nothing_speaks_against_it_there_is_no_reason(wire: Wire) -> None:
    """And nobody is told anything."""
    wire.open("x = \n")
    assert reason(wire) == ""
    assert wire.complete(0, 4)
    assert wire.said("midfill/documentStatus") == []


def test_settings_silence_a_language_and_everything(wire: Wire) -> None:
    """From the next request on, and back; each time the client is told."""
    wire.open("x = \n")
    push(wire, languages_off="rust, python")
    assert wire.complete(0, 4) == []
    assert reason(wire) == "disabled"
    push(wire, languages_off="rust")
    assert wire.complete(0, 4)
    push(wire, enabled=False)
    assert wire.complete(0, 4) == []
    told = wire.said("midfill/documentStatus")
    assert [(each["uri"], each["reason"]) for each in told] == [
        (URI, "disabled"),
        (URI, ""),
        (URI, "disabled"),
    ]
    assert "suggestions.languages_off" in told[0]["message"]
    assert "suggestions.enabled" in told[2]["message"]


def test_a_language_is_off_by_whatever_name(wire: Wire) -> None:
    """Those of people and of other editors, as a text or a list; an unknown word is warned of."""
    for number, (name, language) in enumerate(
        [("sh", "shellscript"), ("Markdown", "markdown"), ("c++", "cpp"), ("tex", "latex")]
    ):
        uri = f"file:///space/app/{number}"
        wire.open("x = \n", uri, language)
        push(wire, languages_off=["rust", name])
        assert reason(wire, uri) == "disabled"
        push(wire, languages_off="rust")
        assert reason(wire, uri) == ""
    push(wire, languages_off="pyton")
    (said,) = wire.until(lambda: wire.said("window/logMessage"))
    assert "'pyton' is no language known here; did you mean python?" in said["message"]


def test_a_file_that_is_too_large_is_left_alone(wire: Wire) -> None:
    """Its size and the setting are named; a smaller one and a larger limit bring it back."""
    push(wire, max_file_kb=1)
    wire.open("x" * 1025 + "\n")
    assert reason(wire) == "too-large"
    assert wire.complete(1, 0) == []
    (told,) = wire.said("midfill/documentStatus")
    assert "1 KiB of the setting suggestions.max_file_kb" in told["message"]
    push(wire, max_file_kb=2)
    assert reason(wire) == ""
    assert wire.complete(1, 0)


def test_a_snooze_silences_all_documents_and_ends(wire: Wire) -> None:
    """Any client can run the command; the status says until when, and 0 minutes end it."""
    other = "file:///space/app/other.py"
    wire.open("x = \n")
    wire.open("y = \n", other)
    wire.request("workspace/executeCommand", {"command": "midfill.snooze", "arguments": [30]})
    assert (reason(wire), reason(wire, other)) == ("snoozed", "snoozed")
    assert wire.complete(0, 4) == []
    assert "snoozed until" in wire.said("midfill/documentStatus")[0]["message"]
    wire.request("workspace/executeCommand", {"command": "midfill.snooze", "arguments": [0]})
    assert reason(wire) == ""
    wire.request("workspace/executeCommand", {"command": "midfill.snooze"})
    assert reason(wire) == "snoozed"
    wire.request("workspace/executeCommand", {"command": "midfill.snooze", "arguments": [0]})
    assert wire.complete(0, 4)
    # a thousandth of a minute: it ends by itself, and the editor is told
    wire.request("workspace/executeCommand", {"command": "midfill.snooze", "arguments": [0.001]})
    wire.until(lambda: len(wire.said("midfill/documentStatus")) == 12)
    assert reason(wire) == ""


def test_a_great_change_makes_a_file_too_large(wire: Wire) -> None:
    """What is pasted counts at once."""
    push(wire, max_file_kb=64)
    wire.open("x = \n")
    wire.edit((1, 0), (1, 0), "#" * (1 << 17) + "\n")
    assert wire.complete(0, 4) == []
    assert reason(wire) == "too-large"


def test_documents_that_are_not_known_well_enough(wire: Wire) -> None:
    """Never opened, or with a text that cannot be trusted."""
    assert reason(wire, "file:///never/opened.py") == "not-open"
    wire.open("x = \n", version=7)
    wire.edit((0, 0), (0, 0), "y", version=3)
    assert reason(wire) == "out-of-sync"


def test_a_closed_document_leaves_no_verdict(wire: Wire) -> None:
    """Opened again with a small text, it is judged anew, and told only what is news."""
    push(wire, max_file_kb=1)
    wire.open("x" * 2000)
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    wire.open("x = \n")
    assert reason(wire) == ""
    assert [each["reason"] for each in wire.said("midfill/documentStatus")] == ["too-large"]


def test_a_missing_model_is_a_reason_with_its_command(tmp_path: Path) -> None:
    """In the status and for every document."""
    env = {**os.environ, "MIDFILL_DATA_DIR": str(tmp_path)}
    with Wire(engine="", env=env) as wire:
        wire.initialize()
        wire.open("x = \n")
        status = wire.until(
            lambda: [each for each in wire.said("midfill/status") if each["state"] == "error"],
            "an error",
        )[0]
        assert status["reason"] == "no-model"
        assert "midfill models pull" in status["message"]
        assert reason(wire) == "no-model"
        assert wire.complete(0, 4) == []
        assert wire.leave() == 0


def test_what_editors_tell_is_counted(wire: Wire) -> None:
    """Shown and partly accepted suggestions; what does not fit does no harm."""
    wire.open("x = \n")
    (item,) = wire.complete(0, 4)
    wire.notify("textDocument/didShowCompletion", {"item": item})
    taken = {"item": item, "acceptedLength": 8}
    wire.notify("textDocument/didPartiallyAcceptCompletion", taken)
    wire.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
    stats = wire.stats()
    assert (stats["shown"], stats["accepted_parts"]) == (1, 1)


def test_private_and_ignored_files_are_left_alone_until_they_are_let_in(tmp_path: Path) -> None:
    """A `.env` at once; what git ignores as soon as it was looked at; `!NAME` brings it back."""
    (tmp_path / ".gitignore").write_text("made.py\n", encoding="utf-8")
    private, made = (tmp_path / ".env").as_uri(), (tmp_path / "made.py").as_uri()
    with Wire() as wire:
        wire.initialize(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "space"}])
        wire.ready()
        wire.open("KEY=\n", private)
        assert wire.complete(0, 4, private) == []
        assert reason(wire, private) == "ignored"
        wire.open("x = \n", made)
        wire.until(
            lambda: [said for said in wire.said("midfill/documentStatus") if said["uri"] == made]
        )
        assert reason(wire, made) == "ignored"
        assert wire.complete(0, 4, made) == []
        (tmp_path / ".midfillignore").write_text("!made.py\n", encoding="utf-8")
        deadline = time.monotonic() + PATIENCE_S
        while reason(wire, made) and time.monotonic() < deadline:
            wire.notify("textDocument/didFocus", {"textDocument": {"uri": made}})
            time.sleep(0.1)
        assert wire.complete(0, 4, made)
        assert wire.leave() == 0
