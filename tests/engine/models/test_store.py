"""The store on its own: names, the quick look, moves that are interrupted, cheap import."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import ConversionError, ModelMissingError, StoreError, UnknownModelError
from engine.models import pull
from engine.models.catalogue import CATALOGUE, DEFAULT, Wheels, entry_of
from engine.models.manifest import Manifest
from engine.models.selection import choose
from engine.models.store import Store
from lsp_server.commands import models

if TYPE_CHECKING:
    from collections.abc import Iterator


def put(folder: Path, content: bytes = b"weights") -> Path:
    """A folder that looks like a converted model."""
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    Manifest(
        name=folder.name,
        family="qwen2.5-coder",
        source="x.gguf",
        source_sha256="00",
        quantization="int8",
        layers=1,
        kv_bytes_per_token=8,
        vocabulary=10,
        files={"model.bin": digest},
        sizes={"model.bin": len(content)},
    ).write(folder)
    return folder


def test_data_directory_follows_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`MIDFILL_DATA_DIR` decides where models are; without it the user's data directory does."""
    monkeypatch.setenv("MIDFILL_DATA_DIR", str(tmp_path / "here"))
    assert Store().path("m") == tmp_path / "here" / "models" / "m"
    monkeypatch.delenv("MIDFILL_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert Store().root.name == "midfill"


def test_missing_and_unknown_are_told_apart(store: Store) -> None:
    """A catalogue name says how to get it; any other name says which names there are."""
    with pytest.raises(ModelMissingError, match=f"run `midfill models pull {DEFAULT}`"):
        store.find(DEFAULT)
    with pytest.raises(UnknownModelError, match=f"'gpt-9'; there are: {DEFAULT}"):
        store.find("gpt-9")
    with pytest.raises(UnknownModelError, match=DEFAULT):
        entry_of("gpt-9")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/etc", ".hidden", "A", "a\n", "é"])
def test_names_cannot_leave_the_store(store: Store, name: str) -> None:
    """A name is never a path."""
    with pytest.raises(UnknownModelError, match="is no model name"):
        store.path(name)
    with pytest.raises(UnknownModelError):
        store.remove(name)


def test_installed_lists_whole_models_only(store: Store) -> None:
    """Folders on their way, damaged ones and plain files are not offered."""
    put(store.path("good"))
    put(store.path("cut")).joinpath("model.bin").write_bytes(b"w")
    store.path("empty").mkdir()
    put(store.root / "models" / ".good.new")
    (store.root / "models" / "file").write_text("")
    assert [folder.manifest.name for folder in store.installed()] == ["good"]
    assert store.names() == ["cut", "empty", "good"]


def test_defects_are_found_by_content(store: Store) -> None:
    """A changed file of the right size, a missing and an extra one are each named."""
    put(store.path("m"), b"weights")
    folder = store.find("m")
    (folder.path / "model.bin").write_bytes(b"weighty")
    (folder.path / "extra").write_text("")
    first, second = folder.defects()
    assert first.startswith("model.bin: SHA-256 is ")
    assert second == "extra: not in the manifest"
    (folder.path / "model.bin").unlink()
    assert folder.defects()[0].startswith("model.bin: No such file")


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', '{"format": 1, "odd": 2}', "\x00"])
def test_unreadable_manifest_is_named(store: Store, text: str) -> None:
    """A manifest that is damaged or of another version gives its path and the next step."""
    path = put(store.path("m")) / "midfill.json"
    path.write_text(text)
    with pytest.raises(ConversionError, match="run `midfill models pull` again") as caught:
        store.find("m")
    assert str(path) in str(caught.value)


def test_install_replaces_in_one_step_and_keeps_the_old_one_on_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that was there survives a failed install; after a good one nothing is left over."""
    put(store.path("m"), b"old")
    with store.writing("m"):
        staged = store.root / "models" / ".m.new"
        put(staged, b"new")
        real = Path.rename

        def refuse(self: Path, target: Path) -> Path:
            if self == staged:
                raise OSError(13, "Permission denied")
            return real(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", refuse)
            with pytest.raises(StoreError, match="Permission denied"):
                store.install("m", staged)
    with store.writing("m"):  # any later writer puts things in order
        assert (store.path("m") / "model.bin").read_bytes() == b"old"
        staged = store.staging("m")
        staged.rmdir()
        put(staged, b"new!")
        store.install("m", staged)
    assert [item.name for item in (store.root / "models").iterdir()] == ["m"]
    assert (store.path("m") / "model.bin").read_bytes() == b"new!"


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses by itself")
def test_files_are_flushed_by_handles_that_every_system_flushes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to flush a handle that was opened for reading."""
    import fcntl

    flushed = []

    def as_on_windows(handle: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        flushed.append(handle)

    monkeypatch.setattr(os, "fsync", as_on_windows)
    with store.writing("m"):
        store.install("m", put(store.path("m").with_name(".m.new")))
    assert len(flushed) == 2


@pytest.mark.parametrize("name", ["con", "aux.v2", "com1", "m."])
def test_names_are_folders_on_every_system(store: Store, name: str) -> None:
    """Windows opens a device for some names and drops a last dot; archives travel."""
    with pytest.raises(UnknownModelError, match="is no model name"):
        store.path(name)
    assert store.path("console").name == "console"


# A store of somebody else's


@pytest.fixture
def theirs() -> Iterator[Store]:
    """A store with a model in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        store = Store(Path(folder) / "data")
        put(store.path("m"))
        yield store


@contextlib.contextmanager
def as_another_user() -> Iterator[None]:
    """Without the rights that root has over everything."""
    import filelock  # noqa: F401 - another user may not be able to import it

    if os.name == "nt":
        pytest.skip("rights of Windows are of another kind")
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_reading_is_enough_to_use_a_store(theirs: Store, watcher: Any) -> None:
    """A model in a store that this user cannot write is found, verified and not pulled again."""
    theirs.use("m")
    (theirs.root / "models").chmod(0o555)
    theirs.root.chmod(0o555)
    entry = dataclasses.replace(CATALOGUE[DEFAULT], name="m")
    with as_another_user():
        assert theirs.chosen() == "m"
        assert choose(theirs, "auto").path.name == "m"
        assert theirs.find("m").defects() == []
        assert pull.pull(theirs, entry, watcher).path.name == "m"
        with pytest.raises(StoreError, match="writable"), theirs.writing("other"):
            pass
    theirs.root.chmod(0o755)


@pytest.mark.parametrize(
    ("what", "mode"),
    [
        (".", 0o700),
        ("models", 0o700),
        ("models", 0o744),
        ("models/m", 0o700),
        ("models/m/midfill.json", 0o600),
        ("models/m/model.bin", 0o600),
        ("chosen", 0o600),
    ],
)
def test_what_cannot_be_looked_at_is_not_missing(theirs: Store, what: str, mode: int) -> None:
    """No advice to download what is there: the place, the reason, and what to do about rights."""
    theirs.use("m")
    place = theirs.root / what
    place.chmod(mode)
    try:
        with as_another_user():
            with pytest.raises(StoreError, match=r"Permission denied; make it readable") as caught:
                choose(theirs, "auto")
            assert str(theirs.root) in str(caught.value)
            if what != "chosen":
                with pytest.raises(StoreError, match="Permission denied"):
                    theirs.find("m")
                with pytest.raises(StoreError, match="Permission denied"):
                    choose(theirs, "m")
    finally:
        place.chmod(0o755)


def test_a_model_that_cannot_be_read_hides_no_other(theirs: Store) -> None:
    """Others are still used; alone it is the reason."""
    put(theirs.path("good"))
    theirs.path("m").chmod(0o700)
    with as_another_user():
        assert [folder.path.name for folder in theirs.installed()] == ["good"]
        assert theirs.names() == ["good", "m"]
        assert choose(theirs, "auto").path.name == "good"
        assert models.facts(theirs, "m", "")["state"] == "unreadable"
    theirs.path("good").rename(theirs.root / "gone")
    with as_another_user(), pytest.raises(StoreError, match="Permission denied"):
        choose(theirs, "auto")
    theirs.path("m").chmod(0o755)


def test_a_file_that_cannot_be_read_is_no_defect(theirs: Store) -> None:
    """Nothing is known about it, so nobody is told to delete the model."""
    folder = theirs.find("m")
    (folder.path / "model.bin").chmod(0o600)
    with as_another_user(), pytest.raises(StoreError, match="Permission denied"):
        folder.defects()


def test_remove_takes_the_model_and_its_downloads(store: Store) -> None:
    """After removal nothing of the model is left."""
    put(store.path("m"))
    store.downloads("m").mkdir(parents=True)
    store.remove("m")
    assert store.names() == []
    assert not store.downloads("m").exists()


def test_store_imports_nothing_heavy() -> None:
    """The server's part of the model code brings in no model library and no network client."""
    heavy = {"numpy", "gguf", "transformers", "huggingface_hub", "ctranslate2", "tokenizers",
             "httpx", "filelock", "rich", "torch"}  # fmt: skip
    code = "import sys, engine.models.store, lsp_server.commands.models; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert heavy.isdisjoint(done.stdout.split())


def test_catalogue_pieces_add_up() -> None:
    """Every wheel source of the catalogue has as many pieces as its size needs."""
    for entry in CATALOGUE.values():
        for source in entry.sources:
            if isinstance(source, Wheels):
                before_last = source.part_bytes * (source.count - 1)
                assert before_last < entry.size <= before_last + source.part_bytes
