"""Models of the user's own: files, folders that are none, pickles, and a hub that is not there."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from engine.errors import ConversionError, ModelError, SourceError, StoreError
from engine.models.add import AddOptions, add, name_for
from engine.models.progress import Silent
from engine.models.sources import hub
from engine.models.store import Store

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "a" * 40


def test_a_file_becomes_a_model(store: Store, gguf_file: Path) -> None:
    """Its name is that of the file, and the manifest has the file's hash."""
    folder = add(store, str(gguf_file), AddOptions(), Silent())
    assert folder.path == store.path("tiny")
    assert folder.defects() == []
    assert folder.manifest.source == "tiny.gguf"
    with pytest.raises(StoreError, match="a model is called tiny already; choose another"):
        add(store, str(gguf_file), AddOptions(), Silent())
    assert add(store, str(gguf_file), AddOptions(name="b"), Silent()).manifest.name == "b"


@pytest.mark.parametrize(
    ("words", "name"),
    [("Qwen2.5 Coder_7B", "qwen2.5-coder_7b"), ("..", "model"), ("É", "model"), ("-a-", "a")],
)
def test_names_are_made_from_files(words: str, name: str) -> None:
    """Whatever a file is called, its name in the store is a good one."""
    assert name_for(words) == name


def test_unfit_wishes_leave_the_store_as_it_was(store: Store, gguf_file: Path) -> None:
    """A family that is not the file's, a quantization that is none."""
    for wishes in (
        AddOptions(family="gpt-9"),
        AddOptions(quantization="int3"),
        AddOptions(name="../x"),
    ):
        with pytest.raises(ModelError):
            add(store, str(gguf_file), wishes, Silent())
        assert store.names() == []
    assert not list(store.root.rglob(".tiny.*"))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pytorch_model.bin", b"whatever"),
        ("model.pt", b"whatever"),
        ("model.gguf", b"\x80\x02}q\x00."),
        ("model.gguf", b"PK\x03\x04archive/data.pkl"),
    ],
)
def test_pickles_are_refused(store: Store, tmp_path: Path, file: str, content: bytes) -> None:
    """By name and by content, with the reason."""
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"can run code when it is read; get the model as GGUF"):
        add(store, str(path), AddOptions(), Silent())
    assert store.names() == []


def test_something_else_is_named(store: Store, tmp_path: Path) -> None:
    """Neither a path nor a hub name; a text file; an empty file."""
    with pytest.raises(SourceError, match="no such file or folder, and no hub repository"):
        add(store, str(tmp_path / "none.gguf"), AddOptions(), Silent())
    for content in ("", "hello"):
        (tmp_path / "x.gguf").write_text(content)
        with pytest.raises(ConversionError, match=r"x\.gguf"):
            add(store, str(tmp_path / "x.gguf"), AddOptions(), Silent())
    assert store.names() == []


def test_one_process_at_a_time(store: Store, gguf_file: Path) -> None:
    """A second one that adds the same name stops at once."""
    with store.writing("tiny"), pytest.raises(StoreError, match="another process is writing"):
        add(Store(store.root), str(gguf_file), AddOptions(), Silent())


def test_hub_names_are_read() -> None:
    """OWNER/NAME, with a revision and a file or without."""
    assert hub.parse("a/b") == hub.HubPlace("a/b", "", "")
    assert hub.parse("a/b@v1:c/d.gguf") == hub.HubPlace("a/b", "v1", "c/d.gguf")
    for words in ("a", "a/b/c", "/a/b", "a/b@", "a b/c", "https://x/y"):
        assert hub.parse(words) is None


class FakeHub:
    """A hub with one repository in a folder, which remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str]] = []

    def model_info(self, repository: str, revision: str | None, **_: object) -> Any:
        """The repository's files at the commit."""
        if repository != "me/tiny":
            raise ConnectionError(f"no {repository} at {revision}\nlong trace")
        files = [
            SimpleNamespace(rfilename=item.name, size=item.stat().st_size)
            for item in self.folder.iterdir()
        ]
        return SimpleNamespace(sha=COMMIT, siblings=files)

    def download(self, _: str, name: str, *, revision: str, local_dir: Path) -> str:
        """Copy one file."""
        self.asked.append((name, revision))
        return str(shutil.copy(self.folder / name, local_dir / name))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """The hub, in place of the client's two calls."""
    folder = tmp_path / "hub"
    folder.mkdir()
    fake = FakeHub(folder)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: fake)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fake.download)
    return fake


def test_a_hub_model_is_pinned_to_the_commit_that_was_seen(
    store: Store, gguf_file: Path, repository: FakeHub
) -> None:
    """The branch is looked up once; downloads and the manifest name the commit."""
    shutil.copy(gguf_file, repository.folder / "tiny-q.gguf")
    folder = add(store, "me/tiny@main", AddOptions(), Silent())
    assert repository.asked == [("tiny-q.gguf", COMMIT)]
    assert folder.manifest.source == f"me/tiny@{COMMIT}:tiny-q.gguf"
    assert not store.downloads(folder.path.name).exists()


def test_a_hub_that_has_too_much_or_too_little_is_told(
    store: Store, gguf_file: Path, repository: FakeHub
) -> None:
    """Several GGUF files are listed; pickles alone are refused; an unknown name is quoted."""
    (repository.folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(SourceError, match="neither GGUF nor safetensors files; pickles"):
        add(store, "me/tiny", AddOptions(), Silent())
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(gguf_file, repository.folder / name)
    with pytest.raises(SourceError, match=r"2 GGUF files; choose one: .* a\.gguf, b\.gguf"):
        add(store, "me/tiny", AddOptions(), Silent())
    with pytest.raises(SourceError, match=r"no file c\.gguf"):
        add(store, "me/tiny:c.gguf", AddOptions(), Silent())
    with pytest.raises(SourceError, match="hub repository me/none: no me/none at None; check"):
        add(store, "me/none", AddOptions(), Silent())
    assert add(store, "me/tiny:b.gguf", AddOptions(), Silent()).path.name == "b"
