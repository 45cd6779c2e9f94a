"""An engine in another process behaves as one in this process, and its death costs one request."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.api import CancelToken, Generation, Request, StopReason, Token
from engine.errors import EngineClosedError, EngineLoadError, GenerationError
from engine.host.engine_spec import EngineSpec
from tests.conftest import PATIENCE_S
from tests.engine.host.conftest import gone, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.host.remote import RemoteEngine
    from tests.engine.host.conftest import Hosts

STABLE = tuple(range(100, 130))
WANTED = Request(STABLE, (7,), 64)


def go_on(_: Token) -> bool:
    """Take every token."""
    return False


class Running:
    """A generation on a thread of its own."""

    def __init__(self, engine: RemoteEngine, request: Request = WANTED) -> None:
        self.tokens: list[Token] = []
        self.result: Generation | Exception | None = None
        self.cancel = CancelToken()
        self._thread = threading.Thread(target=self._run, args=(engine, request))
        self._thread.start()

    def _run(self, engine: RemoteEngine, request: Request) -> None:
        try:
            self.result = engine.generate(request, self._take, self.cancel)
        except Exception as error:  # noqa: BLE001 - the tests look at it
            self.result = error

    def _take(self, token: Token) -> bool:
        self.tokens.append(token)
        return False

    def end(self) -> Generation | Exception | None:
        """Wait for the end."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.result


@pytest.mark.parametrize("way", ["shared", "own"])
def test_it_answers_as_an_engine_in_this_process(hosts: Hosts, way: str) -> None:
    """Tokens, counts, kept states and their account are those of the engine itself."""
    near = hosts.plan.load()
    far = getattr(hosts, way)()
    for _ in range(2):
        here = near.generate(WANTED, go_on, CancelToken())
        there = far.generate(WANTED, go_on, CancelToken())
        assert dataclasses.replace(there, prefill_ms=0, decode_ms=0) == dataclasses.replace(
            here, prefill_ms=0, decode_ms=0
        )
        assert far.holds(STABLE)
        assert not far.holds(STABLE[1:])
        assert far.account() == near.account()
    assert (far.info, far.family) == (near.info, near.family)
    far.recycle()
    assert not far.holds(STABLE)
    assert far.account().prompts == 0


def test_a_stop_costs_at_most_one_more_token(hosts: Hosts) -> None:
    """The caller never sees it, the count of decoded tokens does."""
    engine = hosts.shared()
    seen: list[str] = []

    def third(token: Token) -> bool:
        seen.append(token.text)
        return len(seen) == 3

    done = engine.generate(WANTED, third, CancelToken())
    assert seen == [token.text for token in done.tokens] == ["one", " ", "two"]
    assert done.reason is StopReason.STOPPED
    assert done.decoded <= 4


def test_a_cancel_ends_it_within_a_token(hosts: Hosts) -> None:
    """Also while no token comes that a verdict could go with."""
    engine = hosts.shared(EngineSpec(fake="word " * 500, fake_token_s=0.02))
    running = Running(engine)
    until(lambda: len(running.tokens) > 2, "a token")
    seen = len(running.tokens)
    running.cancel.cancel()
    done = running.end()
    assert isinstance(done, Generation)
    assert done.reason is StopReason.CANCELLED
    assert len(running.tokens) < seen + 20


def test_a_request_that_waits_can_be_taken_back(hosts: Hosts) -> None:
    """It ends at once, whatever runs before it."""
    plan = EngineSpec(fake="word " * 2000, fake_token_s=0.02)
    first, second = Running(hosts.shared(plan)), None
    until(lambda: first.tokens, "a token")
    second = Running(hosts.shared(plan))
    second.cancel.cancel()
    done = second.end()
    assert isinstance(done, Generation)
    assert (done.reason, done.tokens, done.read_tokens) == (StopReason.CANCELLED, (), 0)
    assert first.result is None
    first.cancel.cancel()
    first.end()


def test_a_fault_in_the_caller_is_an_engine_error(hosts: Hosts) -> None:
    """And the engine lives."""
    engine = hosts.shared()

    def broken(_: Token) -> bool:
        raise ZeroDivisionError

    with pytest.raises(GenerationError):
        engine.generate(WANTED, broken, CancelToken())
    assert engine.generate(WANTED, go_on, CancelToken()).text.startswith("one two")


@pytest.mark.parametrize("way", ["shared", "own"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_the_hosts_death_ends_the_request_and_nothing_else(
    hosts: Hosts, way: str, how: signal.Signals
) -> None:
    """One error that names it; the next engine comes from a new host."""
    plan = EngineSpec(fake="word " * 500, fake_token_s=0.02)
    engine = getattr(hosts, way)(plan)
    lost: list[Exception] = []
    engine.on_lost(lost.append)
    running = Running(engine)
    until(lambda: running.tokens, "a token")
    os.kill(hosts.pid(engine), how)
    error = running.end()
    assert isinstance(error, GenerationError)
    assert how.name in str(error)
    assert lost == [error]
    with pytest.raises(GenerationError):
        engine.generate(WANTED, go_on, CancelToken())
    engine.close()
    again = getattr(hosts, way)()
    assert again.generate(WANTED, go_on, CancelToken()).text.startswith("one two")


def test_a_death_between_requests_is_told_at_once(hosts: Hosts) -> None:
    """So that a new one can be there before the next key."""
    engine = hosts.shared()
    lost = threading.Event()
    engine.on_lost(lambda _: lost.set())
    os.kill(hosts.pid(engine), signal.SIGKILL)
    assert lost.wait(PATIENCE_S)


def test_a_frozen_host_is_killed_by_its_own_id_alone(hosts: Hosts) -> None:
    """Whoever waits for it is told; other hosts live."""
    plan = EngineSpec(fake="word " * 500, fake_token_s=0.02)
    engine, other = hosts.shared(plan), hosts.shared()
    running = Running(engine)
    until(lambda: running.tokens, "a token")
    os.kill(hosts.pid(engine), signal.SIGSTOP)
    engine.abort(hung=True)
    assert isinstance(running.end(), EngineClosedError)
    until(lambda: gone(hosts.pid(engine)), "its end")
    assert other.generate(WANTED, go_on, CancelToken()).tokens


def test_aborting_interrupts_what_runs(hosts: Hosts) -> None:
    """The way out of a server that ends: nothing is waited for, and the shared host lives on."""
    plan = EngineSpec(fake="word " * 500, fake_token_s=0.02)
    engine, other = hosts.shared(plan), hosts.shared(plan)
    running = Running(engine)
    until(lambda: running.tokens, "a token")
    engine.abort()
    assert isinstance(running.end(), EngineClosedError)
    with pytest.raises(EngineClosedError):
        engine.generate(WANTED, go_on, CancelToken())
    # its request was cancelled with it, so this one has its turn
    small = dataclasses.replace(WANTED, max_new_tokens=3)
    assert len(other.generate(small, go_on, CancelToken()).tokens) == 3


def test_a_model_that_cannot_be_loaded_is_the_loaders_own_error(
    hosts: Hosts, tmp_path: Path
) -> None:
    """Told by class and words, as if it were loaded here; and the host does not stay."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "midfill.json").write_text(
        '{"name": "broken", "family": "qwen2.5-coder", "source": "x", "source_sha256": "x",'
        ' "quantization": "int8", "layers": 1, "kv_bytes_per_token": 1, "vocabulary": 1,'
        ' "format": 1}',
        encoding="utf-8",
    )
    (folder / "model.bin").write_bytes(b"")
    from engine.host import connect
    from engine.host.remote import RemoteEngine

    meeting = connect.shared(EngineSpec(folder=folder), hosts.state, 60.0)
    hosts.pids.add(meeting.card.pid)
    with pytest.raises(EngineLoadError, match="broken"):
        RemoteEngine(meeting, *hosts.plan.reading())


def test_the_process_is_small_and_nobodys_child_forever(hosts: Hosts) -> None:
    """A fake engine's host imports nothing heavy, and its log is the owner's alone."""
    engine = hosts.shared()
    process = psutil.Process(hosts.pid(engine))
    assert process.memory_info().rss < 60_000_000
    assert (hosts.state / "engine-host.log").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("way", ["shared", "own"])
def test_the_process_has_a_compile_cache_from_its_start(
    hosts: Hosts, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In midfill's own folder, so that a new card's code is compiled once; a set size wins."""
    monkeypatch.delenv("CUDA_CACHE_PATH", raising=False)
    monkeypatch.setenv("CUDA_CACHE_MAXSIZE", "123456789")
    engine = getattr(hosts, way)()
    environ = psutil.Process(hosts.pid(engine)).environ()
    assert environ["CUDA_CACHE_PATH"] == str(hosts.state / "cuda-cache")
    assert environ["CUDA_CACHE_MAXSIZE"] == "123456789"


def test_spare_work_gives_way_to_another_server(hosts: Hosts) -> None:
    """Work that nobody waits for ends when somebody asks."""
    plan = EngineSpec(fake="word " * 2000, fake_token_s=0.02)
    ahead = Running(hosts.shared(plan))
    ahead.cancel.spare = True
    until(lambda: len(ahead.tokens) > 2, "a token")
    other = hosts.shared(plan)
    small = dataclasses.replace(WANTED, max_new_tokens=3)
    assert len(other.generate(small, go_on, CancelToken()).tokens) == 3
    done = ahead.end()
    assert isinstance(done, Generation)
    assert done.reason is StopReason.CANCELLED


def test_requests_of_several_servers_all_come_through(hosts: Hosts) -> None:
    """Eight threads with a server each, in turn."""
    plan = EngineSpec(fake="a b c")
    engines = [hosts.shared(plan) for _ in range(8)]
    assert len(hosts.pids) == 1
    texts: list[str] = []

    def work(engine: RemoteEngine, answer: Callable[[str], None]) -> None:
        for number in range(20):
            request = Request((number,), (1,), 10)
            answer(engine.generate(request, go_on, CancelToken()).text)

    threads = [
        threading.Thread(target=work, args=(engine, texts.append), daemon=True)
        for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert texts == ["a b c"] * 160
