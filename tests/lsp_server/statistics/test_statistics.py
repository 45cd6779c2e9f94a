"""Local statistics: counted once, looked at later, numbers only, and gone when asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import sqlite3
import stat
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.text import Text
from engine.errors import StoreError
from lsp_server.cli import run
from lsp_server.settings.model import StatisticsSettings
from lsp_server.statistics import store
from lsp_server.statistics.kept_rate import distance, survival
from lsp_server.statistics.outcomes import OutcomeTracker
from tests.conftest import PATIENCE_S, at, typed
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.snapshot import Snapshot

OFF = StatisticsSettings(enabled=False)


class Desk:
    """Fates over one document."""

    def __init__(self, file: Path, settings: StatisticsSettings | None = None) -> None:
        self.file = file
        self.text: Text | None = None
        self.settings = settings or StatisticsSettings()
        self.outcomes = OutcomeTracker(
            lambda: self.settings, lambda _: self.text, file, survival_s=(0, 0, 0)
        )

    def offer(self, number: str, snapshot: Snapshot, text: str) -> None:
        """An answer."""
        self.text = snapshot.text
        self.outcomes.offered(number, snapshot, text, "cold")

    async def looked(self) -> None:
        """Wait until accepted text was looked at for the last time."""
        async with asyncio.timeout(PATIENCE_S):
            while sum(one["looked_600"] for one in self.outcomes._sums.values()) < 1:  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    def sums(self) -> dict[str, float]:
        """What was written, without what is zero."""
        self.outcomes.close()
        rows = store.read(self.file)
        total: Counter[str] = Counter()
        for row in rows:
            total.update(row.sums)
        return {name: value for name, value in total.items() if value}


async def test_a_suggestion_typed_into_is_one_suggestion(tmp_path: Path) -> None:
    """However often it was asked for; accepted, it is nothing else."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("x = ‸\n")
    desk.offer("1", first, "call()")
    desk.outcomes.shown("1")
    desk.offer("2", typed(first, "ca"), "ll()")
    desk.outcomes.shown("2")
    desk.outcomes.accepted("2")
    desk.outcomes.accepted("2")
    assert desk.sums() == {"offered": 1, "shown": 1, "accepted": 1}


async def test_a_suggestion_that_grows_is_one_suggestion(tmp_path: Path) -> None:
    """Line by line, and while it is typed into over the end of a line."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("def f():‸\n")
    desk.offer("1", first, "\n    x = 1")
    desk.offer("2", first, "\n    x = 1\n    return x")
    desk.offer("3", typed(first, "\n    x"), " = 1\n    return x")
    desk.outcomes.accepted("3")
    assert desk.sums() == {"offered": 1, "accepted": 1}


async def test_what_follows_a_suggestion_is_another(tmp_path: Path) -> None:
    """Text behind its end was never a part of it."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("x = ‸\n")
    desk.offer("1", first, "one")
    desk.outcomes.accepted("1")
    desk.offer("2", typed(first, "one"), ".two()")
    assert desk.sums() == {"offered": 2, "accepted": 1, "rejected": 1}


async def test_a_suggestion_has_one_fate(tmp_path: Path) -> None:
    """Accepted after another one came, or after a word of it was: it was accepted, no more."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("x = ‸\n")
    desk.offer("1", first, "one()")
    desk.offer("2", first, "two() + two()")
    desk.outcomes.accepted("1")
    desk.outcomes.accepted_part("2", 7)
    desk.outcomes.accepted("2")
    assert desk.sums() == {"offered": 2, "accepted": 2}


def test_shares_never_pass_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of editors of which one says what it shows, and in 80 columns."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    one = Counter(offered=1000, shown=400, accepted=300, partly=100, typed=200, rejected=400)
    looked = Counter(looked_30=9, kept_30=9, looked_120=9, kept_120=9, looked_600=9, kept_600=9)
    late = Counter(accepted=3, rejected=1)  # what came after `--delete`
    sums = {("typescriptreact", "type-through"): one + looked, ("go", "cold"): late}
    assert store.add(tmp_path / "statistics.sqlite", sums)
    assert run(["stats"]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    (row,) = (line.split() for line in out.splitlines() if line.startswith("typescriptreact"))
    assert row[1:] == ["1000", "400", "30%", "10%", "20%", "40%", "100%", "100%", "100%"]
    (row,) = (line.split() for line in out.splitlines() if line.startswith("go "))
    assert row[1:] == ["4", "0", "75%", "0%", "0%", "25%"]


def test_only_what_is_damaged_is_said_to_be(tmp_path: Path) -> None:
    """A file that is locked, of another version or still empty is fine, and is kept."""
    file = tmp_path / "s.sqlite"
    file.touch()
    assert store.read(file) == []
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE fates (day TEXT, language TEXT, source TEXT)")
        database.commit()
        with pytest.raises(StoreError, match="no such column") as caught:
            store.read(file)
        assert "--delete" not in str(caught.value)
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="try again") as caught:
            store.read(file)
        assert "--delete" not in str(caught.value)
    assert not store.add(file, {("python", "cold"): Counter(accepted=1)})
    assert [one.name for one in tmp_path.iterdir()] == ["s.sqlite"]


async def test_an_accepted_text_of_a_choice_is_counted_as_the_text_it_was(tmp_path: Path) -> None:
    """One suggestion was offered; what is looked at later is the text that was taken."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("x = ‸\n")
    desk.offer("1", first, "aaaa()")
    then = typed(first, "a")
    desk.offer("2", then, "aaa()")
    desk.outcomes.offered_instead("2.1", "2", then, "bcdefg")
    desk.text = Text.of("x = abcd-fg\n")
    desk.outcomes.shown("2.1")
    desk.outcomes.accepted("2.1")
    desk.outcomes.accepted("2")
    await desk.looked()
    sums = desk.sums()
    assert (sums["offered"], sums["shown"], sums["accepted"]) == (1, 1, 1)
    assert math.isclose(sums["kept_600"], 6 / 7)


async def test_what_nobody_took_was_typed_or_rejected(tmp_path: Path) -> None:
    """By what stands there when the next one comes."""
    desk = Desk(tmp_path / "s.sqlite")
    first = at("x = ‸\n")
    desk.offer("1", first, "one()")
    second = typed(first, "one()\ny = ")
    desk.offer("2", second, "two()")
    desk.offer("3", typed(second, "zzz"), "three()")
    desk.text = typed(second, "zzz").text
    assert desk.sums() == {"offered": 3, "typed": 1, "rejected": 2}


async def test_accepted_text_is_looked_at_again(tmp_path: Path) -> None:
    """What is left of it is a share; a part that was accepted is a text, too."""
    desk = Desk(tmp_path / "s.sqlite")
    desk.offer("1", at("x = ‸\n"), "abcdefgh")
    desk.text = Text.of("x = abcd--gh\n")
    desk.outcomes.accepted("1")
    await desk.looked()
    sums = desk.sums()
    assert sums["accepted"] == 1
    assert sums["looked_30"] == sums["looked_120"] == 1
    assert sums["kept_600"] == 0.75


async def test_off_means_nothing_is_kept(tmp_path: Path) -> None:
    """Neither on disk nor in memory, and no file is made."""
    desk = Desk(tmp_path / "s.sqlite", OFF)
    desk.offer("1", at("x = ‸\n"), "call()")
    desk.outcomes.accepted("1")
    assert desk.outcomes._offers == {}
    assert desk.sums() == {}
    assert not desk.file.exists()


async def test_turned_off_in_service_forgets_at_once(tmp_path: Path) -> None:
    """What was not written by then never is."""
    desk = Desk(tmp_path / "s.sqlite")
    desk.offer("1", at("x = ‸\n"), "call()")
    desk.settings = OFF
    desk.outcomes.reconfigured()
    assert desk.sums() == {}


def test_languages_that_a_client_invents_are_no_names(tmp_path: Path) -> None:
    """A language identifier is free text, so only known ones are written."""

    async def count() -> None:
        desk = Desk(tmp_path / "s.sqlite")
        desk.offer("1", at("‸", language="CANARY project"), "call()")
        desk.outcomes.close()

    asyncio.run(count())
    assert [row.language for row in store.read(tmp_path / "s.sqlite")] == ["other"]


def test_the_file_is_the_owners_and_a_damaged_one_is_set_aside(tmp_path: Path) -> None:
    """Rights 0600 whatever the umask; nothing else stops counting."""
    file = tmp_path / "state" / "s.sqlite"
    sums = {("python", "cold"): Counter(accepted=1)}
    old = os.umask(0)
    try:
        assert store.add(file, sums)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.write_bytes(b"this is no database" * 1000)
    assert store.add(file, sums)
    assert store.read(file)[0].sums["accepted"] == 1
    assert not store.add(tmp_path / "state" / "s.sqlite" / "x", sums)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, who may write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def foreign() -> Iterator[Path]:
    """Statistics in a folder that only its owner may write, and all may read."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "state" / "statistics.sqlite"
        assert store.add(file, {("python", "cold"): Counter(accepted=1)})
        for place, mode in ((name, 0o755), (file.parent, 0o555), (file, 0o444)):
            Path(place).chmod(mode)
        yield file
        file.parent.chmod(0o700)


def test_to_be_read_is_enough(foreign: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of a home that is read-only, or of statistics that others own."""
    before = foreign.read_bytes()
    with nobody():
        assert store.read(foreign)[0].sums["accepted"] == 1
        assert not store.add(foreign, {("python", "cold"): Counter(accepted=1)})
    assert "Permission denied" in caplog.text
    assert foreign.read_bytes() == before
    assert [path.name for path in foreign.parent.iterdir()] == [foreign.name]


def test_what_cannot_be_looked_at_is_not_nothing(foreign: Path) -> None:
    """The reason and what to do, in place of "no statistics yet"; nobody is told to delete it."""
    foreign.parent.chmod(0o700)
    for closed in (foreign, foreign.parent):
        closed.chmod(0o000)
        with nobody(), pytest.raises(StoreError, match="MIDFILL_STATE_DIR") as caught:
            store.read(foreign)
        assert "--delete" not in str(caught.value)
    foreign.parent.chmod(0o700)
    assert store.read(foreign.parent / "none.sqlite") == []
    assert store.read(foreign / "none.sqlite") == []
    foreign.chmod(0o600)
    foreign.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="--delete"):
        store.read(foreign)


def test_a_clock_that_once_stood_in_2099_costs_no_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days are kept by their number; the oldest go when there are more."""
    file = tmp_path / "s.sqlite"
    monkeypatch.setattr(store, "_PRUNE", store._PRUNE.replace("LIMIT 400", "LIMIT 3"))
    for day in ("2026-01-01", "2099-12-31", "2026-01-02", "2026-01-03"):
        monkeypatch.setattr(time, "strftime", lambda *_, day=day: day)
        assert store.add(file, {("python", "cold"): Counter(shown=1)})
    days = [row.day for row in store.read(file)]
    assert days == ["2026-01-02", "2026-01-03", "2099-12-31"]


@given(st.text("abc", max_size=12), st.text("abc", max_size=30))
def test_the_distance_is_that_of_the_textbook(pattern: str, text: str) -> None:
    """The dynamic programme over all places, one cell at a time."""
    row = [0] * (len(text) + 1)
    for char in pattern:
        before, row = row, [row[0] + 1]
        for place, other in enumerate(text):
            row.append(min(before[place] + (char != other), before[place + 1] + 1, row[-1] + 1))
    assert distance(pattern, text) == min(row)


def test_survival_is_a_share() -> None:
    """Moved text is still there, deleted text is not, and endings do not matter."""
    assert survival("a\nb", Text.of("\n\n  a\r\nb\r\n"), 0) == 1
    assert survival("abcd", Text.of(""), 0) == 0
    assert survival("abcd", Text.of("xxabxdxx\n"), 0) == 0.75


def test_a_session_is_counted_and_shown_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a real server to the terminal, to a page, and to nothing."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))
    assert run(["stats"]) == 0
    assert "no statistics yet" in capsys.readouterr().err
    with Wire() as wire:
        wire.initialize()
        wire.ready().open("x = \ny = \n")
        (item,) = wire.complete(0, 4)
        wire.notify("textDocument/didShowCompletion", {"item": item})
        wire.ask("workspace/executeCommand", item["command"])
        (other,) = wire.complete(1, 4)
        wire.notify("textDocument/didShowCompletion", {"item": other})
        wire.notify(
            "textDocument/didPartiallyAcceptCompletion", {"item": other, "acceptedLength": 8}
        )
        assert wire.leave() == 0
    assert run(["stats", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["language"] for row in rows} == {"python"}
    assert [sum(row[name] for row in rows) for name in ("shown", "accepted", "partly")] == [2, 1, 1]
    assert run(["stats"]) == 0
    assert "python" in capsys.readouterr().out
    assert run(["stats", "--html", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<svg") == 4
    assert run(["stats", "--delete", "--yes"]) == 0
    assert not list(tmp_path.glob("statistics*"))
