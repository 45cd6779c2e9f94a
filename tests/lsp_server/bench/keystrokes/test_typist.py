"""Typing one task: what is asked, shown, taken and counted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.self_check import MadeUpServer
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Mode, Typing, User
from lsp_server.bench.servers.base import Answer
from lsp_server.bench.tasks.typing import TypingTask
from lsp_server.client.errors import ServerGoneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.bench.keystrokes.metrics import Counts


def typed_into(
    server: MadeUpServer, typed: str, user: User | None = None, typing: Typing | None = None
) -> TypingRun:
    """One task typed in made-up time."""
    task = TypingTask("t", "python", "t.py", "", 0, typed)
    run = TypingRun(task, server, user or User(0), typing or Typing())

    async def main() -> None:
        await server.open(task)
        await run.run()

    virtual_time.run(main())
    return run


@dataclass
class Scripted(MadeUpServer):
    """Answers by a function of the text before the cursor, after 10 ms."""

    answer: Callable[[str], str]
    delay_ms: float = 10

    def __post_init__(self) -> None:
        super().__init__("none", self.delay_ms)
        self.texts: list[str] = []
        self.taken: list[bool] = []

    async def complete(self, text: str, offset: int) -> Answer:
        """The scripted text."""
        await asyncio.sleep(self.delay_ms / 1000)
        return Answer(self.answer(text[:offset]), 1)

    def moved(self, text: str, offset: int) -> None:
        """Remember it."""
        self.texts.append(text[:offset])

    def accepted(self, *, whole: bool) -> None:
        """Remember it."""
        self.taken.append(whole)


def counts_of(answer: Callable[[str], str], typed: str, user: User | None = None) -> Counts:
    """Counts with a scripted server."""
    return typed_into(Scripted(answer), typed, user).counts


def test_every_move_reaches_the_server() -> None:
    """Keys whose text is shown already change the document all the same."""
    server = Scripted(lambda before: "abc" if not before else "")
    typed_into(server, "abcd", User(reaction_ms=1e9))
    assert server.texts == ["a", "ab", "abc", "abcd"]


def test_a_text_that_is_typed_through_is_not_asked_for_again() -> None:
    """Keys that agree with the shown text send no request."""
    counts = counts_of(lambda before: "" if before else "abc", "abcd", User(reaction_ms=1e9))
    assert (counts.keys, counts.typed_through, counts.seen) == (4, 1, 0)
    assert counts.requests == 2  # at the start and after "c"; after "d" nothing is left to type


def test_an_accept_counts_as_one_action() -> None:
    """A whole line taken at once saves all its keys but one."""
    run = typed_into(server := Scripted(lambda before: "hello"[len(before) :]), "hello")
    counts = run.counts
    assert (counts.keys, counts.accepts, counts.accepted_chars) == (0, 1, 5)
    assert server.taken == [True]
    happened = [what for _, what, _ in run.events]
    assert happened == ["ask", "answer", "show", "accepted", "accept"]


@pytest.mark.parametrize(("mode", "taken"), [("full", 0), ("line", 8), ("word", 13)])
def test_what_is_taken_of_a_text_that_is_right_only_at_its_start(mode: Mode, taken: int) -> None:
    """Nothing, its right lines, or its right words."""
    shown, rest = "\n    one\n    two_wrong()", "\n    one\n    two_right()"
    assert User(0, mode).takes(shown, rest) == taken


def test_a_wrong_text_that_was_seen_is_wrong() -> None:
    """Its first line is not what comes; shorter than 250 ms it does not count as seen."""
    slow = Typing(base_ms=2000)
    run = typed_into(Scripted(lambda before: "" if before else "nope"), "abc", typing=slow)
    assert (run.counts.seen, run.counts.seen_wrong, run.counts.wrong_chars) == (1, 1, 4)
    fast = Typing(base_ms=100)
    run = typed_into(Scripted(lambda before: "" if before else "nope"), "abc", typing=fast)
    assert (run.counts.seen, run.counts.seen_wrong) == (0, 0)


def test_overrun_is_right_text_that_goes_on() -> None:
    """A text that holds the whole hunk and more overruns it, and is not taken whole."""
    counts = counts_of(lambda before: "" if before else "ab + more", "ab")
    assert (counts.overrun, counts.accepts) == (1, 0)


def test_indentation_after_a_newline_is_free() -> None:
    """Editors insert it."""
    counts = counts_of(lambda _: "", "a:\n    b")
    assert (counts.keys, counts.free_chars, counts.chars) == (4, 4, 8)


def test_the_same_text_gone_and_back_is_a_blink() -> None:
    """Within half a second."""
    counts = counts_of(lambda _: "zz", "abc", User(0))
    assert counts.blink == counts.offers - 1 > 0


def test_asking_always_can_flicker() -> None:
    """With a request at every key another text may replace the shown one."""
    server = Scripted(lambda before: "abcdef"[len(before) :] + "!" * (len(before) % 2))
    typing = Typing(ask="always")
    counts = typed_into(server, "abcdefgh", User(reaction_ms=1e9), typing).counts
    assert counts.flicker > 0


class Growing(Scripted):
    """Answers with half a text, and has the whole one 300 ms later."""

    requests = 0

    async def complete(self, text: str, offset: int) -> Answer:
        """Half of it, then all of it."""
        answer = await super().complete(text, offset)
        self.requests += 1
        if self.requests == 1:
            asyncio.get_running_loop().call_later(0.3, self._tell)
        return answer

    def _tell(self) -> None:
        if self.on_more:
            self.answer = lambda before: "" if before else "hello world"
            self.on_more()


def test_a_text_that_grows_does_not_flicker_but_must_be_read_again() -> None:
    """The accept waits for the reaction time since the last change."""
    server = Growing(lambda before: "" if before else "hello")
    typing = Typing(base_ms=5000)
    run = typed_into(server, "hello world", User(reaction_ms=500), typing)
    assert (run.counts.grown, run.counts.flicker, run.counts.growth_requests) == (1, 0, 1)
    assert run.counts.accepted_chars == 11
    at = {what: ms for ms, what, _ in run.events}
    assert at["grow"] == pytest.approx(at["show"] + 310, abs=1)
    assert at["accept"] == pytest.approx(at["grow"] + 500, abs=1)


def test_a_text_that_grows_into_another_stays_as_it_is() -> None:
    """Only a longer text that begins with the shown one may take its place."""
    server = Growing(lambda before: "" if before else "help")
    run = typed_into(server, "hello", User(reaction_ms=1e9), Typing(base_ms=5000))
    assert (run.counts.grown, run.counts.flicker) == (0, 0)


def test_late_answers_of_a_server_that_cannot_cancel_are_stale() -> None:
    """Nothing is shown of them; the next request goes out all the same."""

    class Deaf(Scripted):
        async def complete(self, text: str, offset: int) -> Answer:
            try:
                return await super().complete(text, offset)
            except asyncio.CancelledError:
                return Answer("late", 1)

    counts = typed_into(Deaf(lambda _: "zz", delay_ms=9000), "abc").counts
    assert counts.stale == counts.answered > 0
    assert counts.offers == 0


def test_a_fault_ends_the_typing() -> None:
    """What was counted until then stays."""

    class Failing(Scripted):
        async def complete(self, text: str, offset: int) -> Answer:
            if offset == 2:
                raise ServerGoneError("gone")
            return await super().complete(text, offset)

    task = TypingTask("t", "python", "t.py", "", 0, "abcd")
    run = TypingRun(task, Failing(lambda _: ""), User(), Typing())
    with pytest.raises(ServerGoneError):
        virtual_time.run(run.run())
    assert run.counts.keys == 2
