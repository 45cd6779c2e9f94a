"""A session typed into in made-up time: the speed is what it is said to be, and runs repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.calibration import Rates
from engine.errors import EngineLoadError
from engine.fake import FakeEngine
from lsp_server import clock
from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.metrics import figures
from lsp_server.bench.keystrokes.person.habits import Habits
from lsp_server.bench.keystrokes.person.typist import PersonRun
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.servers.simulated import BASE, OTHER_FILES, SimulatedServer
from lsp_server.bench.tasks.typing import TypingTask
from lsp_server.client.errors import ServerFaultError
from lsp_server.settings.layers import Layer, compose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.api import CancelToken, Generation, Request, Token
    from lsp_server.bench.keystrokes.asking import Event

FAST = Rates(prefill_tokens_s=20_000, decode_ms=4)
SLOW = Rates(prefill_tokens_s=100, decode_ms=2000)


class KnowingEngine(FakeEngine):
    """Knows what will be typed, and goes on from wherever the prompt ends."""

    def __init__(self, typed: str) -> None:
        super().__init__()
        self._typed = typed

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """The rest of it."""
        before = self.tokenizer.decode((*request.stable, *request.live))
        ends = (end for end in range(len(self._typed), -1, -1))
        known = next(end for end in ends if before.endswith(self._typed[:end]))
        self.rest = self._typed[known:]
        return super().generate(request, on_token, cancel)


def type_into(task: TypingTask, rates: Rates, seed: int = 0) -> TypingRun:
    """One task typed by a person into a session whose model is always right."""
    settings = compose([Layer("test", BASE)]).settings
    typed: list[TypingRun] = []

    async def main() -> None:
        server = SimulatedServer(settings, rates, lambda: KnowingEngine(task.typed))
        await server.load()
        await server.open(task)
        typed.append(TypingRun(task, server, User(500), Typing(seed=seed)))
        await typed[0].run()
        await server.close_task()
        work = await server.work()
        typed[0].counts.decoded_tokens = work.decoded_tokens or 0
        await server.stop()

    virtual_time.run(main())
    return typed[0]


def test_a_model_that_is_right_saves_keys_where_it_is_fast(task: TypingTask) -> None:
    """Whole lines are taken as soon as they can be read."""
    assert figures([type_into(task, FAST).counts])["keystrokes_saved"] > 0.5


def test_the_same_model_saves_next_to_nothing_where_it_is_slow(task: TypingTask) -> None:
    """Two seconds a token: the person has typed on long before."""
    assert figures([type_into(task, SLOW).counts])["keystrokes_saved"] < 0.1


def test_latency_is_that_of_the_made_up_speed(task: TypingTask) -> None:
    """The first answer is read from nothing and has to be decoded: no faster than that."""
    rates = Rates(prefill_tokens_s=1000, decode_ms=30)
    first = type_into(task, rates).counts.latency_ms[0]
    assert first > 30
    assert first < 300  # the target of 250 ms, and the way there and back


@pytest.mark.parametrize("rates", [FAST, Rates(prefill_tokens_s=1000, decode_ms=45)])
def test_a_run_repeats_to_the_event(task: TypingTask, rates: Rates) -> None:
    """No clock but the made-up one has a say."""
    one, other = type_into(task, rates, seed=3), type_into(task, rates, seed=3)
    assert one.events == other.events
    assert one.counts.decoded_tokens == other.counts.decoded_tokens


def test_a_model_that_cannot_be_loaded_is_a_fault_and_real_time_goes_on() -> None:
    """Whoever measures next in this process has its clock back."""
    settings = compose([Layer("test", BASE)]).settings

    def broken() -> FakeEngine:
        raise EngineLoadError("the model is damaged; run `midfill models verify`")

    async def main() -> None:
        await SimulatedServer(settings, FAST, broken).load()

    with pytest.raises(ServerFaultError, match="the model is damaged"):
        virtual_time.run(main())
    before = clock.now()
    assert sum(range(100_000))  # takes real time, and no made-up time
    assert clock.now() > before


class Tree:
    """A workspace with one more file."""

    def __init__(self) -> None:
        self.folders: list[Path] = []

    def unpack(self, folder: Path) -> None:
        """Write it."""
        self.folders.append(folder)
        (folder / "sizes.py").write_text(
            "def size_of_all(paths):\n    return 0\n", encoding="utf-8"
        )


def test_other_files_of_a_workspace_are_read_and_take_no_time() -> None:
    """What is imported is found, each run is like the first, and the folder goes in the end."""
    before = "from sizes import size_of_all\n\n\ndef size(path):\n"
    on = {"prompt": {"context": "repo"}}  # whatever the model is called
    settings = compose([Layer("a", BASE), Layer("b", OTHER_FILES), Layer("c", on)]).settings
    tree = Tree()
    typed = "    return size_of_all([path])\n"
    task = TypingTask("t", "python", "a.py", before, len(before), typed, tree=tree)

    async def one() -> tuple[list[Event], set[str]]:
        server = SimulatedServer(settings, FAST, lambda: KnowingEngine(typed))
        await server.load()
        await server.open(task)
        run = PersonRun(task, server, User(500), Typing(habits=Habits()))
        await run.run()
        known = server._session.context_provider.known(server._uri)
        await server.close_task()
        await server.stop()
        return run.events, {candidate.path for candidate in known}

    first, again = virtual_time.run(one()), virtual_time.run(one())
    assert first == again
    assert first[1] == {"sizes.py"}
    assert not any(folder.exists() for folder in tree.folders)
