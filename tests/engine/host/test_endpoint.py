"""Servers and hosts find each other: one host however many start, none left, nobody else let in."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from engine import machine
from engine.api import CancelToken, Request
from engine.host import channel, connect
from engine.host.endpoint import Endpoint, HostRecord, RendezvousError, new_secret
from engine.host.engine_spec import EngineSpec
from engine.host.messages import WireError
from engine.settings import EngineSettings
from tests.conftest import PATIENCE_S
from tests.engine.host.conftest import gone, until

if TYPE_CHECKING:
    from engine.host.remote import RemoteEngine
    from tests.engine.host.conftest import Hosts

WANTED = Request((1, 2), (3,), 10)


def works(engine: RemoteEngine) -> bool:
    """Whether it answers."""
    return engine.generate(WANTED, lambda _: False, CancelToken()).text.startswith("one")


def place_of(hosts: Hosts) -> Endpoint:
    """Where the hosts of a test's plan are met."""
    return Endpoint.of(hosts.plan.key(), hosts.state)


def test_servers_that_start_at_once_share_one_host(hosts: Hosts) -> None:
    """The lock lets one of them start it."""
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(lambda _: hosts.shared(), range(6)))
    assert len(hosts.pids) == 1
    assert all(works(engine) for engine in engines)


def test_the_host_survives_who_started_it_and_goes_after_the_last(hosts: Hosts) -> None:
    """And takes its files along."""
    first, second = hosts.shared(), hosts.shared()
    first.close()
    assert works(second)
    folder = place_of(hosts).folder
    second.close()
    until(lambda: gone(hosts.pid(first)), "its end")
    assert [name for name in os.listdir(folder) if not name.endswith(".lock")] == []  # noqa: PTH208 - names are enough


def test_a_server_that_comes_back_soon_finds_the_same_host(hosts: Hosts) -> None:
    """The linger: closing one window and opening the next does not load the model again."""
    first = hosts.shared(linger_s=20)
    first.close()
    second = hosts.shared()
    assert hosts.pid(first) == hosts.pid(second)
    assert works(second)
    os.kill(hosts.pid(second), signal.SIGTERM)
    until(lambda: gone(hosts.pid(first)), "its end")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_what_a_dead_or_frozen_host_left_is_cleared(
    hosts: Hosts, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are there, but nobody answers: a new one is started, the old one ended."""
    monkeypatch.setattr(channel, "HANDSHAKE_S", 0.5)
    old = hosts.shared(linger_s=20)
    os.kill(hosts.pid(old), how)
    new = hosts.shared()
    assert hosts.pid(new) != hosts.pid(old)
    assert works(new)
    until(lambda: gone(hosts.pid(old)), "its end")


def test_a_host_that_cannot_listen_serves_who_started_it(
    hosts: Hosts, caplog: pytest.LogCaptureFixture
) -> None:
    """Something lies where its socket should be; the next server has a host of its own as well."""
    place = place_of(hosts)
    place._file("sock").mkdir()
    first, second = hosts.shared(linger_s=20), hosts.shared(linger_s=20)
    assert works(first)
    assert works(second)
    assert len(hosts.pids) == 2
    assert place.read_card() is None
    assert caplog.text.count("no shared engine process") == 2


def test_a_server_that_may_not_look_leaves_the_others_host_alone(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox that forbids to connect: an engine of its own, and nobody is ended."""
    first = hosts.shared(linger_s=20)

    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("engine.host.endpoint.Client", forbidden)
    second = hosts.shared()
    assert hosts.pid(first) != hosts.pid(second)
    assert works(first)
    assert works(second)
    os.kill(hosts.pid(first), signal.SIGTERM)


@pytest.mark.parametrize("error", [OSError(37, "No locks available"), NotImplementedError("flock")])
def test_where_locks_are_refused_each_server_has_a_host(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """As on some network drives; and a host that leaves is not kept by them."""

    def refuse(_: Endpoint) -> None:
        raise error

    monkeypatch.setattr(Endpoint, "lock", refuse)
    assert works(hosts.shared())
    assert works(hosts.shared())
    assert len(hosts.pids) == 2
    assert place_of(hosts).withdraw()


def test_an_id_that_belongs_to_another_process_by_now_is_left_alone() -> None:
    """A card names a start time with the id."""
    me = psutil.Process()
    connect.kill(HostRecord(b"", me.pid, me.create_time() - 60))
    connect.kill(HostRecord(b"", 2**22 + 1, 1.0))
    assert me.is_running()


def test_everything_is_the_owners_alone(hosts: Hosts) -> None:
    """The folder, the card with the secret, the lock."""
    hosts.shared()
    place = place_of(hosts)
    assert stat.S_IMODE(Path(place.folder).stat().st_mode) == 0o700
    for name in ("json", "lock"):
        assert stat.S_IMODE(place._file(name).stat().st_mode) == 0o600
    assert place.read_card() is not None


def test_who_does_not_know_the_secret_is_sent_away(hosts: Hosts) -> None:
    """Nothing but a nonce is said to it."""
    engine = hosts.shared()
    place = place_of(hosts)
    with (
        Client(place.address, place.family) as stranger,
        pytest.raises((EOFError, WireError, OSError)),
    ):
        channel.prove_to_host(stranger, new_secret())
    with Client(place.address, place.family) as stranger:
        stranger.recv_bytes()
        stranger.send_bytes(b"G" * 64)
        with pytest.raises((EOFError, OSError)):
            stranger.recv_bytes()
    assert works(engine)


def test_a_stranger_that_listens_there_learns_nothing(tmp_path: Path) -> None:
    """A server proves itself to a host only, and a host to a server only: no reflection."""
    address = str(tmp_path / "s")
    secret = new_secret()
    caught: list[bytes] = []

    def pretend(listener: Listener) -> None:
        with listener.accept() as connection:
            connection.send_bytes(bytes(32))
            caught.append(connection.recv_bytes())
            connection.send_bytes(caught[0][32:])  # its own proof, sent back

    with Listener(address, "AF_UNIX") as listener:
        thread = threading.Thread(target=pretend, args=(listener,))
        thread.start()
        with Client(address, "AF_UNIX") as connection, pytest.raises(WireError):
            channel.prove_to_host(connection, secret)
        thread.join()
    assert secret not in caught[0]


def test_a_guest_that_never_reads_does_not_hold_up_the_others(hosts: Hosts) -> None:
    """Its buffer fills up, then it is dropped."""
    plan = EngineSpec(fake="word " * 200_000)
    place = Endpoint.of(plan.key(), hosts.state)
    other = hosts.shared(plan)
    card = place.read_card()
    assert card is not None
    with Client(place.address, place.family) as stuck:
        channel.prove_to_host(stuck, card.secret)
        from engine.host.messages import RequestMessage

        stuck.send_bytes(RequestMessage(1, Request((), (1,), 400_000), spare=False).pack())
        assert stuck.poll(PATIENCE_S)  # it has begun
        done = other.generate(WANTED, lambda _: False, CancelToken())
        assert len(done.tokens) == 10


def test_a_folder_of_somebody_elses_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that was laid there, or a file: the reason is named, with the way out."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path / "link"))
    with pytest.raises(RendezvousError, match="MIDFILL_RUNTIME_DIR"):
        Endpoint.of("0" * 20, tmp_path / "state")
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path / ("long" * 40)))
    with pytest.raises(RendezvousError, match="too long"):
        Endpoint.of("0" * 20, tmp_path / "state")


def test_an_open_folder_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that others could enter is made private before it is used."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(folder))
    Endpoint.of("0" * 20, tmp_path / "state")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_runtime_folder_the_state_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that is too deep for a socket gives way to a short one."""
    monkeypatch.delenv("MIDFILL_RUNTIME_DIR")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert Endpoint.of("0" * 20, tmp_path / "s").folder == str(tmp_path / "s" / "run")
    monkeypatch.setattr("tempfile.tempdir", "/tmp")  # noqa: S108 - only its length matters
    deep = Endpoint.of("0" * 20, tmp_path / ("deep" * 30))
    assert len(os.fsencode(deep.address)) <= 100
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert Endpoint.of("0" * 20, tmp_path / "s").folder == str(tmp_path / "midfill")


def test_windows_meets_at_a_named_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name holds the key and marks the user; two users never meet."""
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path / "run"))
    place = Endpoint.of("k" * 20, tmp_path)
    monkeypatch.setattr(sys, "platform", "win32")
    assert place.family == "AF_PIPE"
    assert place.address.startswith(r"\\.\pipe\midfill-kkkk")
    assert place.address != Endpoint(str(tmp_path / "other"), place.key).address


def test_a_host_that_leaves_yields_to_one_that_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the lock held by a server it stays; files of another host are not touched."""
    monkeypatch.setenv("MIDFILL_RUNTIME_DIR", str(tmp_path / "run"))
    place = Endpoint.of("0" * 20, tmp_path)
    place.write_card(HostRecord(b"x", os.getpid()))
    with place.lock():
        assert not place.withdraw()
    assert place.read_card() is not None
    assert place.withdraw()
    assert place.read_card() is None
    place.write_card(HostRecord(b"x", os.getpid() + 1))
    assert place.withdraw()
    assert place.read_card() is not None


def test_the_key_names_what_the_engine_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model, settings, version and machine; not where it lives and how long it stays."""
    plan = EngineSpec(fake="x")
    same = EngineSpec(settings=EngineSettings(process="own", linger_s=3.0), fake="x")
    assert plan.key() == same.key()
    others = [
        EngineSpec(fake="y"),
        EngineSpec(fake="x", version="9"),
        EngineSpec(fake="x", settings=EngineSettings(threads=3)),
        EngineSpec(fake="x", memo=tmp_path),
    ]
    keys = {plan.key(), *(other.key() for other in others)}
    monkeypatch.setattr(machine, "running_system", lambda: "another machine with the same home")
    assert len({*keys, plan.key()}) == 6
    assert EngineSpec.from_json(same.to_json()) == same


def test_hanging_up_wakes_the_thread_that_reads() -> None:
    """Closing a descriptor would leave it waiting."""
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as connection, theirs:
        ended = threading.Event()

        def read() -> None:
            with pytest.raises((EOFError, OSError)):
                connection.recv_bytes()
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        channel.hang_up(connection)
        assert ended.wait(30)
