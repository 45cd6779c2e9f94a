"""Settings of a running server: from its file, its client and its command line."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_S
from tests.e2e.wire import INLINE, URI, Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANSWER = "if a:\n    b = 2\n    c = 3\n    d = 4\n"
LINES = 4
WARNING = 2
"""LSP's number for it in `window/logMessage`."""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Where the server looks; nothing is there yet."""
    return tmp_path / "config.toml"


def serve(config_file: Path, *flags: str, options: Any = None) -> Wire:
    """A ready server with one open document."""
    env = {**os.environ, "MIDFILL_CONFIG": str(config_file)}
    wire = Wire(*flags, engine=f"fake:{ANSWER}", env=env)
    wire.initialize(initializationOptions=options)
    wire.ready()
    wire.open("\n")
    return wire


def lines_shown(wire: Wire) -> int:
    """How many lines a suggestion has, 0 when there is none."""
    items = wire.complete(0, 0)
    return len(items[0]["insertText"].split("\n")) if items else 0


def warnings(wire: Wire) -> list[str]:
    """What the server warned of so far, in the client's log."""
    return [told["message"] for told in wire.said("window/logMessage") if told["type"] == WARNING]


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for what a change of the file brings."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def lines(count: object) -> str:
    """A config file with one setting."""
    return f"[suggestions]\nmax_lines = {count}\n"


def test_the_file_is_read_at_the_start(config_file: Path) -> None:
    """Before the first request."""
    config_file.write_text(lines(1))
    with serve(config_file) as wire:
        assert lines_shown(wire) == 1
        assert wire.leave() == 0


def test_a_changed_file_takes_effect_in_service(config_file: Path) -> None:
    """It appears, changes in place, is replaced, and goes away."""
    with serve(config_file) as wire:
        until(lambda: lines_shown(wire) == LINES, "the default")
        config_file.write_text(lines(1))
        until(lambda: lines_shown(wire) == 1, "a new file")
        config_file.write_text(lines(2))
        until(lambda: lines_shown(wire) == 2, "a changed file")
        other = config_file.with_name("other")
        other.write_text(lines(3))
        other.replace(config_file)
        until(lambda: lines_shown(wire) == 3, "a replaced file")
        config_file.unlink()
        until(lambda: lines_shown(wire) == LINES, "no file")
        assert warnings(wire) == []
        assert wire.leave() == 0


def test_a_file_that_is_not_toml_changes_nothing_and_is_named_once(config_file: Path) -> None:
    """No popup, and the next good file is taken."""
    config_file.write_text(lines(1))
    with serve(config_file) as wire:
        assert lines_shown(wire) == 1
        config_file.write_text("[suggestions\n")
        wire.until(lambda: warnings(wire), "a warning")
        assert lines_shown(wire) == 1
        config_file.write_text("[suggestions\n# the same slip\n")
        config_file.write_text(lines(2))
        until(lambda: lines_shown(wire) == 2, "a repaired file")
        (warning,) = warnings(wire)
        assert warning.startswith(f"midfill: {config_file}: not TOML: ")
        assert wire.said("window/showMessage") == []
        assert wire.leave() == 0


def test_a_value_that_does_not_fit_is_named_and_the_server_lives(config_file: Path) -> None:
    """Key, value, reason and what is used instead."""
    config_file.write_text(lines("'many'"))
    with serve(config_file) as wire:
        wire.until(lambda: warnings(wire), "a warning")
        assert lines_shown(wire) == LINES
        assert warnings(wire) == [
            "midfill: suggestions.max_lines: 'many' is not a whole number; using 8"
        ]
        assert wire.leave() == 0


def test_initialization_options_are_over_the_file(config_file: Path) -> None:
    """And keep their place when the file changes."""
    config_file.write_text(lines(1))
    options = {"growing": True, "suggestions": {"max_lines": 2}, "latency": {"target_ms": "x"}}
    with serve(config_file, options=options) as wire:
        assert lines_shown(wire) == 2
        config_file.write_text(lines(3) + "max_token = 3\n")
        wire.until(lambda: len(warnings(wire)) == 2, "the file was read again")
        assert lines_shown(wire) == 2
        assert warnings(wire) == [
            "midfill: latency.target_ms: 'x' is not a number; using 250",
            "midfill: suggestions.max_token: no such setting; did you mean suggestions.max_tokens?",
        ]
        assert wire.leave() == 0


@pytest.mark.parametrize("options", [None, [], 7, "x", {"prompt": []}, {"engine": None}], ids=str)
def test_odd_initialization_options_are_no_problem(config_file: Path, options: Any) -> None:
    """Clients send many things for nothing."""
    with serve(config_file, options=options) as wire:
        assert lines_shown(wire) == LINES
        assert warnings(wire) == []
        assert wire.leave() == 0


def test_pushed_settings_take_effect(config_file: Path) -> None:
    """Under `midfill` or bare, over the options; the last push counts, null is none."""
    with serve(config_file, options={"suggestions": {"max_lines": 1}}) as wire:

        def push(settings: Any) -> int:
            wire.notify("workspace/didChangeConfiguration", {"settings": settings})
            return lines_shown(wire)

        assert push({"midfill": {"suggestions": {"max_lines": 2}}, "python": {}}) == 2
        assert push({"suggestions": {"max_lines": 3}}) == 3
        assert push(None) == 3
        assert push({"midfill": {"suggestions": {"max_lines": 0}}}) == 1
        assert push({"midfill": []}) == 1
        assert warnings(wire) == [
            "midfill: suggestions.max_lines: 0 is not in 1 to 100 lines; using 1"
        ]
        assert wire.leave() == 0


def test_new_engine_settings_ask_for_a_restart(config_file: Path) -> None:
    """The status says which, and that the server has to be started again."""
    with serve(config_file) as wire:
        config_file.write_text("[engine]\nthreads = 3\n")
        wire.until(
            lambda: (
                {
                    "state": "ready",
                    "message": "fake; restart the server to use the new engine.threads",
                }
                in wire.said("midfill/status")
            ),
            "a status",
        )
        assert lines_shown(wire) == LINES
        assert wire.leave() == 0


def test_flags_are_over_everything(config_file: Path) -> None:
    """What the command line says, neither file nor client changes."""
    config_file.write_text("[engine]\nthreads = 3\n")
    with serve(config_file, "--threads", "2", options={"engine": {"threads": 4}}) as wire:
        config_file.write_text("[engine]\nthreads = 5\nthread = 1\n")
        wire.until(lambda: warnings(wire), "the file was read again")
        assert wire.stats()["status"] == {"state": "ready", "message": "fake"}
        assert wire.leave() == 0


def test_the_answer_under_way_may_be_lost_and_the_next_is_right(config_file: Path) -> None:
    """A change in the middle of a request does no harm."""
    with serve(config_file) as wire:
        for count in (1, 2, 3) * 5:
            number = wire.want(0, 0, URI)
            settings = {"midfill": {"suggestions": {"max_lines": count}}}
            wire.notify("workspace/didChangeConfiguration", {"settings": settings})
            wire.answer(number)
            assert lines_shown(wire) == count
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0


def test_a_client_that_can_be_asked_is_asked(config_file: Path) -> None:
    """At the start, engine settings included, and again when it says that something changed."""
    has: dict[str, Any] = {"suggestions": {"max_lines": 2}, "engine": {"threads": 2}}

    def configuration(params: Any) -> list[Any]:
        return [has if item["section"] == "midfill" else None for item in params["items"]]

    config_file.write_text("[suggestions]\nmax_lines = 1\n")
    env = {**os.environ, "MIDFILL_CONFIG": str(config_file)}
    answers = {"workspace/configuration": configuration}
    with Wire(engine=f"fake:{ANSWER}", env=env, answers=answers) as wire:
        capable = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
        wire.initialize({**INLINE, "workspace": capable})
        wire.ready()
        wire.open("\n")
        assert lines_shown(wire) == 2
        assert wire.stats()["status"] == {"state": "ready", "message": "fake"}
        (registered,) = wire.said("client/registerCapability")
        (registration,) = registered["registrations"]
        assert registration["method"] == "workspace/didChangeConfiguration"
        assert "section" not in (registration.get("registerOptions") or {})
        # What is gone from the client's settings is gone here: the file counts again.
        has.clear()
        wire.notify("workspace/didChangeConfiguration", {"settings": None})
        until(lambda: lines_shown(wire) == 1, "the file's value")
        assert wire.leave() == 0


@pytest.mark.parametrize("answer", [None, [], [None], [7], "x", [{"suggestions": []}]], ids=str)
def test_odd_answers_of_a_client_are_no_settings(config_file: Path, answer: Any) -> None:
    """And the model is loaded all the same."""
    env = {**os.environ, "MIDFILL_CONFIG": str(config_file)}
    answers = {"workspace/configuration": lambda _: answer}
    with Wire(engine=f"fake:{ANSWER}", env=env, answers=answers) as wire:
        wire.initialize({**INLINE, "workspace": {"configuration": True}})
        wire.ready()
        wire.open("\n")
        assert lines_shown(wire) == LINES
        assert wire.stats()["faults"] == {}
        assert wire.leave() == 0
