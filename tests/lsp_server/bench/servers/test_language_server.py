"""Real child processes over stdio: sound ones, and ones that crash, hang or talk nonsense."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.keystrokes.replay import Contestant, measure
from lsp_server.bench.keystrokes.results import ReplayResults
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.servers.language_server import LanguageServer
from lsp_server.client import connection
from lsp_server.client.edits import change, insertion
from lsp_server.client.errors import ServerFaultError, ServerGoneError, ServerHungError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.bench.keystrokes.results import Run
    from lsp_server.bench.tasks.typing import TypingTask

WITHOUT_WAITING = Typing(base_ms=200, speed=100, zero_latency=True)
"""The typist waits for each answer, so that no figure hangs on the machine's speed."""


def contestant(command: list[str], *, growing: bool = False, fresh: bool = False) -> Contestant:
    """A made-up server with a name."""

    async def start() -> LanguageServer:
        return await LanguageServer.start(command, {}, growing=growing)

    return Contestant("made up", "-", start, WITHOUT_WAITING, fresh=fresh)


async def measured(
    tasks: list[TypingTask], *contestants: Contestant, interleave: bool = False
) -> ReplayResults:
    """Results for a user without reaction time."""
    results = ReplayResults({}, {})
    await measure(tasks, contestants, User(0), results, interleave=interleave)
    return results


def errors(run: Run) -> list[str]:
    """Why tasks failed, "" for those that did not."""
    return [task.error for task in run.tasks]


async def test_a_right_server_saves_nearly_all_keys(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """Its mirror follows every incremental change, with characters beyond the BMP around it."""
    (run,) = (await measured(tasks, contestant(command("right")))).runs
    assert errors(run) == ["", ""]
    assert run.figures()["keystrokes_saved"] > 0.85
    assert run.figures()["wrong_per_100"] == 0
    assert run.figures()["rss_mb_max"] > 1
    assert set(run.by_source()) == {"unknown"}
    assert sorted(run.by_language()) == ["go", "python"]


async def test_a_crash_is_reported_with_the_server_s_last_words_and_the_run_goes_on(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """Every task gets a fresh process, each fails alone, the other contestant is untouched."""
    crashing, right = contestant(command("crash")), contestant(command("right"))
    results = await measured(tasks, crashing, right, interleave=True)
    for error in errors(results.runs[0]):
        assert "exit code 3" in error
        assert "out of cheese" in error
    assert errors(results.runs[1]) == ["", ""]


async def test_the_task_after_a_crash_is_typed_as_if_nothing_had_been(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """A fresh process takes it; the figures are of the tasks that came to their end."""
    (run,) = (await measured(tasks, contestant(command("crash-once")))).runs
    assert ["exit code 3" in error for error in errors(run)] == [True, False]
    assert errors(run)[1] == ""
    assert (run.figures()["tasks"], run.figures()["failed"]) == (1, 1)
    assert run.figures()["keystrokes_saved"] > 0.7


async def test_a_server_that_hangs_fails_its_task_and_not_the_others(
    tasks: list[TypingTask], command: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run says how long it was silent, ends it, and types the next task into a fresh one."""
    monkeypatch.setattr(connection, "HANG_S", 1.0)
    monkeypatch.setattr(connection, "SHUTDOWN_S", 0.1)
    hanging = contestant(command("hang"))
    hanging = replace(hanging, typing=Typing(base_ms=100))
    twice = [tasks[0], tasks[0]]
    results = await measured(twice, hanging, contestant(command("right")), interleave=True)
    for error in errors(results.runs[0]):
        assert "has not" in error
    assert len(results.runs[0].tasks) == 2
    assert errors(results.runs[1]) == ["", ""]


async def test_three_faults_in_a_row_are_enough(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """The rest of the tasks is not tried; the result says why."""
    (run,) = (await measured(tasks * 3, contestant(command("none")))).runs
    assert len(run.tasks) == 3
    assert "does not offer textDocument/inlineCompletion" in run.given_up


async def test_a_command_that_is_not_there_is_a_fault(tasks: list[TypingTask]) -> None:
    """It is named."""
    (run,) = (await measured(tasks, contestant(["no-such-server-here"]))).runs
    assert "cannot start no-such-server-here" in errors(run)[0]


async def test_nonsense_is_a_fault(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """What is not LSP ends the server."""
    (run,) = (await measured(tasks, contestant(command("nonsense")))).runs
    assert "not LSP" in errors(run)[0]


async def test_silence_is_a_fault(
    task: TypingTask, command: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that says nothing while requests are open counts as hung."""
    monkeypatch.setattr(connection, "HANG_S", 0.3)
    monkeypatch.setattr(connection, "SHUTDOWN_S", 0.1)
    server = await LanguageServer.start(command("hang"), {}, growing=False)
    try:
        await server.open(task)
        with pytest.raises(ServerHungError, match="not said a word"):
            await TypingRun(task, server, User(1e9), Typing(base_ms=50)).run()
    finally:
        await server.stop()


async def test_a_shown_text_grows_when_the_server_has_more(
    task: TypingTask, command: Callable[[str], list[str]]
) -> None:
    """The client asks again, and the longer text takes the shown one's place without flicker."""
    server = await LanguageServer.start(command("growing"), {}, growing=True)
    try:
        await server.open(task)
        counts = await TypingRun(task, server, User(1e9), Typing(base_ms=30)).run()
    finally:
        await server.stop()
    assert counts.growth_requests >= counts.grown > 0
    assert counts.flicker == 0


async def test_cancelling_keeps_what_was_measured(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """Ctrl-C marks the results as interrupted and ends the server."""
    results = ReplayResults({}, {})
    slow = Contestant("slow", "-", contestant(command("right")).start, Typing(base_ms=60_000))
    job = asyncio.create_task(
        measure([tasks[0]] * 9, [contestant(command("right")), slow], User(0), results)
    )
    async with asyncio.timeout(60):
        while not results.runs or len(results.runs[0].tasks) < 9:  # noqa: ASYNC110 -- no event there
            await asyncio.sleep(0.05)
    job.cancel()
    await job
    assert results.interrupted
    assert results.runs[0].figures()["keystrokes_saved"] > 0.8


async def test_a_process_that_ends_at_once_is_a_fault() -> None:
    """Starting it says so, with the exit code."""
    ends = [sys.executable, "-c", "raise SystemExit(7)"]
    with pytest.raises(ServerGoneError, match="exit code 7"):
        await LanguageServer.start(ends, {}, growing=False)


async def test_each_task_has_a_folder_of_its_own_with_nothing_but_its_file(
    tasks: list[TypingTask], command: Callable[[str], list[str]]
) -> None:
    """The answer is nowhere the server can look; folders go when tasks end."""
    server = await LanguageServer.start(command("right"), {}, growing=False)
    try:
        for task in tasks:
            await server.open(task)
            files = [path for path in server._root.rglob("*") if path.is_file()]
            assert [path.name for path in files] == [task.file]
            assert files[0].read_text(encoding="utf-8") == task.before
            await server.close_task()
    finally:
        await server.stop()
    assert not server._root.exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ab", "aXb", ((0, 1), (0, 1), "X")),
        ("aa", "aaa", ((0, 2), (0, 2), "a")),
        ("👍a\nb", "👍\nb", ((0, 2), (0, 3), "")),
        ("", "x\ny", ((0, 0), (0, 0), "x\ny")),
        ("same", "same", ((0, 4), (0, 4), "")),
    ],
)
def test_changes_are_as_small_as_can_be(
    old: str, new: str, expected: tuple[tuple[int, int], tuple[int, int], str]
) -> None:
    """One range in UTF-16 units, and what stands there now."""
    edit = change(old, new)
    start, end = edit["range"]["start"], edit["range"]["end"]
    found = ((start["line"], start["character"]), (end["line"], end["character"]), edit["text"])
    assert found == expected


@pytest.mark.parametrize(
    ("item", "inserted"),
    [
        ({"insertText": "cd"}, "cd"),
        ({"insertText": {"value": "cd"}}, "cd"),
        ({"insertText": "👍abcd", "range": ((0, 0), (0, 4))}, "cd"),
        ({"insertText": "abcd)", "range": ((0, 2), (0, 5))}, "cd"),
        ({"insertText": "xbcd", "range": ((0, 2), (0, 4))}, ""),
        ({"insertText": "abcd", "range": ((0, 2), (0, 5))}, ""),
        ({"insertText": "cd", "range": ((1, 0), (1, 0))}, ""),
    ],
)
def test_an_item_is_what_it_adds_at_the_cursor(item: dict[str, object], inserted: str) -> None:
    """Typed text at its start and kept text at its end are not part of it."""
    where = item.get("range")
    if isinstance(where, tuple):
        places = [{"line": line, "character": character} for line, character in where]
        item = {**item, "range": {"start": places[0], "end": places[1]}}
    assert insertion(item, "👍ab)\n", 3) == inserted


def test_faults_are_one_tree() -> None:
    """Whoever runs a task catches one class."""
    assert issubclass(ServerGoneError, ServerFaultError)
    assert issubclass(ServerHungError, ServerFaultError)
