"""Archives of models: those that are refused, with the reason, and what is left behind: nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ArchiveError, HashMismatchError, ModelError, StoreError
from engine.models import archive
from engine.models.manifest import FILE_NAME, Manifest
from engine.models.progress import Silent
from engine.models.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's own
Member = tuple[tarfile.TarInfo, bytes]

CONTENT = {
    "config.json": b"{}",
    "model.bin": bytes(range(256)) * 40,
    "tokenizer.json": b"{ }",
    "vocabulary.json": b"[]",
}


def manifest_of(name: str = "m", **changes: Any) -> Manifest:
    """What a model of `CONTENT` says of itself."""
    manifest = Manifest(
        name=name,
        family="qwen2.5-coder",
        source="x.gguf",
        source_sha256="00",
        quantization="int8",
        layers=1,
        kv_bytes_per_token=8,
        vocabulary=10,
        files={file: hashlib.sha256(content).hexdigest() for file, content in CONTENT.items()},
        sizes={file: len(content) for file, content in CONTENT.items()},
    )
    return dataclasses.replace(manifest, **changes)


def put(store: Store, name: str = "m") -> None:
    """A model of `CONTENT` in the store."""
    folder = store.path(name)
    folder.mkdir(parents=True)
    for file, content in CONTENT.items():
        (folder / file).write_bytes(content)
    manifest_of(name).write(folder)


def member(name: str, content: bytes = b"", **fields: Any) -> Member:
    """One entry of an archive."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def members(manifest: Manifest | None = None) -> list[Member]:
    """The entries of a right archive."""
    text = json.dumps(dataclasses.asdict(manifest or manifest_of())).encode()
    rest = [member(f"m/{file}", content) for file, content in CONTENT.items()]
    return [member(f"m/{FILE_NAME}", text), *rest]


def write(path: Path, entries: list[Member], mode: str = "w") -> Path:
    """An archive of these entries."""
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
        for info, content in entries:
            made.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    """Where the archive of a test is."""
    return tmp_path / "m.tar"


def nothing_is_left(store: Store) -> bool:
    """The store has no model and no half of one."""
    folder = store.root / "models"
    return not folder.exists() or not list(folder.iterdir())


def test_export_is_the_same_every_time(store: Store, tmp_path: Path) -> None:
    """The bytes depend on the model alone, so archives can be compared by hash."""
    put(store)
    first = archive.export(store.find("m"), tmp_path / "a.tar", Silent())
    os.utime(store.path("m") / "model.bin", (1, 1))
    assert archive.export(store.find("m"), tmp_path / "b.tar", Silent()) == first
    assert [item.name for item in tmp_path.glob("*.tar")] == ["a.tar", "b.tar"]
    with tarfile.open(tmp_path / "a.tar") as made:
        assert made.getnames() == [f"m/{FILE_NAME}", *(f"m/{file}" for file in CONTENT)]


def test_export_of_a_damaged_model_writes_nothing(store: Store, tmp_path: Path) -> None:
    """A changed byte is found while writing; an archive that was there stays."""
    put(store)
    out = tmp_path / "a.tar"
    out.write_text("old")
    (store.path("m") / "config.json").write_bytes(b"[]")
    with pytest.raises(HashMismatchError, match=r"config\.json has SHA-256"):
        archive.export(store.find("m"), out, Silent())
    assert out.read_text() == "old"
    assert list(tmp_path.glob(".*")) == []


def test_export_into_nowhere_is_named(store: Store, tmp_path: Path) -> None:
    """A folder that is not there gives its path."""
    put(store)
    with pytest.raises(StoreError, match=r"none.*choose another place"):
        archive.export(store.find("m"), tmp_path / "none" / "a.tar", Silent())


def _entry(name: str, content: bytes = b"x", **fields: Any) -> Callable[[], list[Member]]:
    return lambda: [*members(), member(name, content, **fields)]


def _manifest(**changes: Any) -> Callable[[], list[Member]]:
    return lambda: members(manifest_of(**changes))


def _swapped(file: str, info: Member) -> Callable[[], list[Member]]:
    return lambda: [info if one[0].name == f"m/{file}" else one for one in members()]


HASHES = manifest_of().files
SIZES = manifest_of().sizes
BAD: dict[str, tuple[Callable[[], list[Member]], str]] = {
    "absolute path": (_entry("/etc/passwd"), "'/etc/passwd' would be written outside"),
    "absolute file of the model": (_entry("/m/model.bin"), "would be written outside"),
    "dots": (_entry("m/../../evil"), r"'m/\.\./\.\./evil' would be written outside"),
    "backslash": (_entry("m\\..\\evil"), "would be written outside"),
    "other folder": (_entry("n/model.bin"), "'n/model.bin' is not in the model's folder"),
    "deeper folder": (_entry("m/a/model.bin"), "'a/model.bin' is no file of a model"),
    "symbolic link": (
        _swapped("config.json", member("m/config.json", type=tarfile.SYMTYPE, linkname="/x")),
        "'m/config.json' is a link",
    ),
    "hard link": (
        _swapped("config.json", member("m/config.json", type=tarfile.LNKTYPE, linkname="/x")),
        "'m/config.json' is a link",
    ),
    "linked manifest": (
        lambda: [member(f"m/{FILE_NAME}", type=tarfile.SYMTYPE, linkname="/x"), *members()],
        "is a link",
    ),
    "device": (_entry("m/model.bin", b"", type=tarfile.CHRTYPE), "'m/model.bin' is no plain file"),
    "pipe": (_entry("m/model.bin", b"", type=tarfile.FIFOTYPE), "is no plain file"),
    "folder": (_entry("m/sub", b"", type=tarfile.DIRTYPE), "'m/sub' is no plain file"),
    "pickle": (_entry("m/weights.pkl"), "'weights.pkl' is a pickle, which can run code"),
    "torch": (_entry("m/model.pt"), "'model.pt' is a pickle"),
    "unknown file": (_entry("m/setup.py"), "'setup.py' is no file of a model"),
    "twice": (_entry("m/model.bin", CONTENT["model.bin"]), "or comes twice"),
    "larger than said": (
        _swapped("model.bin", member("m/model.bin", bytes(10_241))),
        "has 10,241 bytes where its manifest says 10,240",
    ),
    "missing": (lambda: members()[:-1], "vocabulary.json of its manifest is not there"),
    "manifest last": (lambda: members()[::-1], "instead of a model's manifest"),
    "empty": (list, "it is empty"),
    "huge manifest": (
        lambda: [member(f"m/{FILE_NAME}", b" " * ((1 << 20) + 1))],
        "its manifest has 1,048,577 bytes",
    ),
    "manifest of a pickle": (
        _manifest(files={**HASHES, "x.pkl": "0"}, sizes={**SIZES, "x.pkl": 1}),
        "'x.pkl' is a pickle",
    ),
    "manifest with a path": (
        _manifest(files={**HASHES, "../x": "0"}, sizes={**SIZES, "../x": 1}),
        "is no file of a model",
    ),
    "manifest without sizes": (_manifest(sizes={}), "a size and a hash for every file"),
    "manifest without weights": (
        _manifest(files={"config.json": "0"}, sizes={"config.json": 1}),
        "a model needs model.bin, tokenizer.json, vocabulary.json",
    ),
    "family": (_manifest(family="gpt-9"), "its family 'gpt-9' is not known here"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_archive_is_refused(store: Store, tar: Path, case: str) -> None:
    """Each attack and each slip is named with the archive, and the store stays empty."""
    entries, reason = BAD[case]
    write(tar, entries())
    with pytest.raises(ArchiveError, match=reason) as caught:
        archive.import_(store, tar, Silent())
    assert str(tar) in str(caught.value)
    assert "models export" in str(caught.value)
    assert nothing_is_left(store)


@pytest.mark.parametrize("name", ["..", ".hidden", "A", "auto"])
def test_folder_of_the_archive_must_be_a_name(store: Store, tar: Path, name: str) -> None:
    """What the archive calls the model is no path."""
    entries = [(info, content) for info, content in members()]
    for info, _ in entries:
        info.name = info.name.replace("m/", f"{name}/", 1)
    write(tar, entries)
    with pytest.raises(ModelError):
        archive.import_(store, tar, Silent())
    assert nothing_is_left(store)


def test_changed_content_of_the_right_size_is_refused(store: Store, tar: Path) -> None:
    """The hash decides."""
    write(tar, _swapped("config.json", member("m/config.json", b"[]"))())
    with pytest.raises(HashMismatchError, match=r"config\.json has SHA-256"):
        archive.import_(store, tar, Silent())
    assert nothing_is_left(store)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_compressed_archives_are_refused(store: Store, tar: Path, mode: str) -> None:
    """Nothing is unfolded whose size is not seen beforehand."""
    write(tar, members(), mode)
    with pytest.raises(ArchiveError, match="not a readable tar file"):
        archive.import_(store, tar, Silent())


def test_header_that_promises_gigabytes_is_not_read(store: Store, tar: Path) -> None:
    """An extended header of 3 GB (a hole in the file) is refused before it is in memory."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3 << 30
    tar.write_bytes(info.tobuf())
    os.truncate(tar, 3 << 30)
    with pytest.raises(ArchiveError, match="it has a header of 3,221,225,472 bytes"):
        archive.import_(store, tar, Silent())


def test_sparse_files_are_refused(store: Store, tar: Path) -> None:
    """A hole of terabytes takes no byte in the archive; such files are not plain ones."""
    info = tarfile.TarInfo("m/model.bin")
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}
    write(tar, [*members(), (info, b"")])
    with pytest.raises(ArchiveError, match="is no plain file"):
        archive.import_(store, tar, Silent())
    assert nothing_is_left(store)


def test_too_little_space_is_seen_before_unpacking(
    store: Store, tar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the manifest declares must fit."""
    write(tar, members())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9, 8, 1))
    with pytest.raises(StoreError, match="free disk are needed and 1 are there"):
        archive.import_(store, tar, Silent())
    assert nothing_is_left(store)


def test_same_model_twice_is_no_error_another_one_is(store: Store, tar: Path) -> None:
    """Importing again does nothing; another model of that name is never overwritten."""
    write(tar, members())
    first = archive.import_(store, tar, Silent())
    stamp = (first.path / "model.bin").stat().st_ino
    assert archive.import_(store, tar, Silent()) == first
    assert (first.path / "model.bin").stat().st_ino == stamp
    manifest_of(files={**HASHES, "config.json": "0" * 64}).write(first.path)
    with pytest.raises(StoreError, match="another model is called m"):
        archive.import_(store, tar, Silent())
    assert (first.path / "model.bin").stat().st_ino == stamp


def test_import_waits_for_nobody(store: Store, tar: Path) -> None:
    """While another process writes the model, importing it stops at once."""
    write(tar, members())
    with store.writing("m"), pytest.raises(StoreError, match="another process is writing model m"):
        archive.import_(Store(store.root), tar, Silent())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_no_rights_are_named(store: Store, tar: Path) -> None:
    """A data directory of somebody else's is named with the way out."""
    write(tar, members())
    store.root.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="MIDFILL_DATA_DIR"):
        archive.import_(store, tar, Silent())


def test_data_directory_that_cannot_be_made_is_named(tar: Path) -> None:
    """A file where the data directory should be."""
    write(tar, members())
    blocked = Store(tar / "data")
    with pytest.raises(StoreError, match=r"m\.tar/data.*MIDFILL_DATA_DIR"):
        archive.import_(blocked, tar, Silent())


def test_missing_archive_and_folder_are_named(store: Store, tmp_path: Path) -> None:
    """A path that is none, and one that is a folder."""
    for path in (tmp_path / "none.tar", tmp_path):
        with pytest.raises(ArchiveError, match=str(path)):
            archive.import_(store, path, Silent())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_is_a_model_error(store: Store, tar: Path, data: st.DataObject) -> None:
    """Cut anywhere or changed anywhere: an error of ours, or the right model; never a half."""
    whole = bytearray(write(tar, members()).read_bytes())
    start = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole = whole[:start]
    else:
        patch = data.draw(st.binary(min_size=1, max_size=600))
        whole[start : start + len(patch)] = patch
    tar.write_bytes(whole)
    try:
        folder = archive.import_(store, tar, Silent())
    except ModelError:
        assert nothing_is_left(store)
    else:
        assert folder.defects() == []
        store.remove(folder.path.name)


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.models import archive
from engine.models.progress import Silent
from engine.models.store import Store
root, tar, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
def hook(event, args):
    global left
    touched = event in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")
    if touched and str(args[0]).startswith(root):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
store = Store(Path(root))
import filelock, shutil
sys.addaudithook(hook)
archive.import_(store, Path(tar), Silent())
"""


FULL = """
import resource, sys
from pathlib import Path
from engine.errors import StoreError
from engine.models import archive
from engine.models.progress import Silent
from engine.models.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
store, verb = Store(Path(sys.argv[1])), sys.argv[3]
try:
    if verb == "import":
        archive.import_(store, Path(sys.argv[2]), Silent())
    else:
        archive.export(store.find("m"), Path(sys.argv[2]), Silent())
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
@pytest.mark.parametrize("verb", ["import", "export"])
def test_a_write_that_fails_in_the_middle_is_the_disk_not_the_archive(
    store: Store, tar: Path, verb: str
) -> None:
    """The system refuses to write on (here by a limit): the folder is named, nothing is left."""
    write(tar, members())
    if verb == "export":
        put(store)
        tar.unlink()
    words = [sys.executable, "-c", FULL, str(store.root), str(tar), verb]
    done = subprocess.run(words, timeout=60, check=True, capture_output=True, text=True)
    where = store.root if verb == "import" else tar
    assert done.stdout.startswith(f"{where}: File too large; ")
    if verb == "import":
        assert nothing_is_left(store)
    else:
        assert list(tar.parent.glob("*m.tar*")) == []


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_any_step_leaves_the_model_or_nothing(store: Store, tar: Path) -> None:
    """Killed before each step that touches the store: none, or all of it; a re-run ends it."""
    write(tar, members())
    steps = 0
    for steps in range(200):
        shutil.rmtree(store.root, ignore_errors=True)
        words = [sys.executable, "-c", KILLED, str(store.root), str(tar), str(steps)]
        done = subprocess.run(words, timeout=60, check=False)
        for name in store.names():
            assert store.find(name).defects() == []
        if done.returncode == 0:
            break
        assert archive.import_(store, tar, Silent()).defects() == []
        assert [item.name for item in (store.root / "models").iterdir()] == ["m"]
    assert 8 < steps < 100
