"""A model as one archive: a plain tar with the manifest first.

    <name>/midfill.json      sizes and SHA-256 of all others
    <name>/model.bin ...     in the manifest's order

An archive comes from anywhere, so nothing in it is believed: only plain files with known names,
exactly those of the manifest, of the sizes and hashes it says, and never more bytes than it says.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from context.prompt.families import FAMILIES
from engine.errors import ArchiveError, HashMismatchError, ModelMissingError, StoreError
from engine.models import manifest as manifests
from engine.models.hashing import BLOCK_BYTES
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.models.model_folder import ModelFolder
    from engine.models.progress import Progress
    from engine.models.store import Store

FILES = frozenset(
    {
        "model.bin",
        "config.json",
        "vocabulary.json",
        "tokenizer.json",
    }
)
"""All that a converted model may consist of, beside its manifest."""
_LARGEST_MANIFEST = 1 << 20
_LARGEST_HEADER = 1 << 16
_PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib"})


def export(folder: ModelFolder, out: Path, progress: Progress) -> str:
    """Write a model into an archive; `out` appears in one step or not at all.

    Args:
        folder: a model of the store.
        out: the file to write; one that is there is replaced.
        progress: told about bytes.

    Returns:
        SHA-256 of the archive.

    Raises:
        HashMismatchError: a file of the model is not what its manifest says.
        StoreError: `out` cannot be written, or the model cannot be read.
    """
    name, manifest = folder.path.name, folder.manifest
    draft = out.with_name(f".{out.name}.{os.getpid()}.partial")
    progress.start(f"writing {out.name}", sum(manifest.sizes.values()), "bytes")
    try:
        with draft.open("wb") as raw:
            stream = _Hashing(raw)
            with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                written = (folder.path / manifests.FILE_NAME).read_bytes()
                info = _header(f"{name}/{manifests.FILE_NAME}", len(written))
                archive.addfile(info, io.BytesIO(written))
                before = 0
                for file, expected in manifest.files.items():
                    path = folder.path / file
                    with path.open("rb") as content:
                        told = partial(_tell, progress, before)
                        reader = _ArchiveReader(content, told)
                        archive.addfile(_header(f"{name}/{file}", path.stat().st_size), reader)
                    before += reader.done
                    _require_hash(path, reader.digest.hexdigest(), expected)
            raw.flush()
            os.fsync(raw.fileno())
        draft.replace(out)
    except OSError as error:
        raise StoreError(
            f"{error.filename or out}: {error.strerror}; choose another place for the archive"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return stream.digest.hexdigest()


def import_(
    store: Store, path: Path, progress: Progress, *, name: str | None = None
) -> ModelFolder:
    """Bring the model of an archive into the store; the same model twice is no error.

    Args:
        store: where it goes.
        path: the archive.
        progress: told about bytes.
        name: its name there; by default the one it had where it was exported.

    Raises:
        ArchiveError: it is no archive of a model, or has what such an archive must not have.
        HashMismatchError: a file in it is not what its manifest says.
        StoreError: no rights, no space, another process, or another model of that name.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ArchiveError(_refusal(path, error.strerror or str(error))) from error
    with stream:
        try:
            with tarfile.open(fileobj=_Capped(stream, path), mode="r:") as archive:
                return _Import(store, path, archive, progress).run(name)
        # what tarfile raises for damaged headers
        except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
            raise ArchiveError(_refusal(path, f"not a readable tar file ({error})")) from error
        except OSError as error:  # of the store: those of the archive are no longer OSErrors
            raise store.unusable(error) from error


class _Import:
    """One archive on its way into the store."""

    def __init__(
        self, store: Store, path: Path, archive: tarfile.TarFile, progress: Progress
    ) -> None:
        self._store = store
        self._path = path
        self._archive = archive
        self._progress = progress

    def run(self, name: str | None) -> ModelFolder:
        inside, content = self._manifest()
        manifest = self._checked(content, inside)
        name = name or inside
        final = self._store.path(name)
        with self._store.writing(name):
            if final.exists():
                return self._same(manifest, name)
            self._require_space(manifest)
            staged = self._store.staging(name)
            try:
                self._unpack(manifest, inside, staged)
                replace(manifest, name=name).write(staged)
                return self._store.install(name, staged)
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def _manifest(self) -> tuple[str, bytes]:
        """Name and text of the manifest, which must come first."""
        member = self._next()
        if member is None:
            raise self._error("it is empty")
        folder, _, file = member.name.partition("/")
        if file != manifests.FILE_NAME:
            raise self._error(f"it begins with {member.name!r} instead of a model's manifest")
        self._require_plain(member)
        if member.size > _LARGEST_MANIFEST:
            raise self._error(f"its manifest has {member.size:,} bytes")
        return folder, self._open(member).read(_LARGEST_MANIFEST)

    def _checked(self, content: bytes, inside: str) -> Manifest:
        manifest = Manifest.parse(content, f"{self._path}: {inside}/{manifests.FILE_NAME}")
        self._store.path(inside)  # raises when it is no name
        if manifest.family not in FAMILIES:
            raise self._error(
                f"its family {manifest.family!r} is not known here; a newer midfill may know it"
            )
        for file in manifest.files:
            self._require_known(file)
        if manifest.files.keys() != manifest.sizes.keys():
            raise self._error("its manifest does not give a size and a hash for every file")
        if missing := sorted(FILES - manifest.files.keys()):
            raise self._error(f"a model needs {', '.join(missing)}, and its manifest has none")
        return manifest

    def _same(self, manifest: Manifest, name: str) -> ModelFolder:
        with suppress(ModelMissingError):
            there = self._store.find(name)
            if there.manifest.files == manifest.files:
                return there
        raise StoreError(
            f"another model is called {name}, or it is damaged: `midfill models remove {name}` "
            "first, or import with --name"
        )

    def _require_space(self, manifest: Manifest) -> None:
        needed = sum(manifest.sizes.values())
        free = shutil.disk_usage(self._store.root).free
        if free < needed:
            raise StoreError(
                f"{self._store.root}: {needed:,} bytes of free disk are needed and {free:,} are "
                "there; make space, or set MIDFILL_DATA_DIR to a folder on another disk"
            )

    def _unpack(self, manifest: Manifest, inside: str, staged: Path) -> None:
        self._progress.start(f"reading {self._path.name}", sum(manifest.sizes.values()), "bytes")
        left = dict(manifest.files)
        before = 0
        while (member := self._next()) is not None:
            folder, _, file = member.name.partition("/")
            self._require_plain(member)
            if folder != inside:
                raise self._error(f"{member.name!r} is not in the model's folder")
            self._require_known(file)
            if file not in left:
                raise self._error(f"{member.name!r} is not in its manifest, or comes twice")
            if member.size != manifest.sizes[file]:
                raise self._error(
                    f"{member.name} has {member.size:,} bytes where its manifest says "
                    f"{manifest.sizes[file]:,}"
                )
            with (staged / file).open("xb") as target:
                done = self._copy(member, target, before)
            before += member.size
            _require_hash(self._path / file, done, left.pop(file))
        if left:
            raise self._error(f"{', '.join(sorted(left))} of its manifest is not there")

    def _copy(self, member: tarfile.TarInfo, target: IO[bytes], before: int) -> str:
        """Unpack one file; returns its SHA-256."""
        reader = _ArchiveReader(self._open(member), lambda done: self._progress.at(before + done))
        while block := reader.read(BLOCK_BYTES):
            target.write(block)
        if reader.done != member.size:
            raise self._error(f"{member.name} ends after {reader.done:,} of {member.size:,} bytes")
        return reader.digest.hexdigest()

    def _next(self) -> tarfile.TarInfo | None:
        member = self._archive.next()
        self._archive.members.clear()  # type: ignore[attr-defined]  # or an archive of millions of empty files would fill memory
        return member

    def _open(self, member: tarfile.TarInfo) -> IO[bytes]:
        stream = self._archive.extractfile(member)
        if stream is None:
            raise self._error(f"{member.name!r} has no content")
        return stream

    def _require_plain(self, member: tarfile.TarInfo) -> None:
        parts = PurePosixPath(member.name).parts
        if member.name.startswith("/") or "\\" in member.name or ".." in parts:
            raise self._error(f"{member.name!r} would be written outside of the model's folder")
        if not member.isreg() or member.issparse():
            kind = "a link" if member.issym() or member.islnk() else "no plain file"
            raise self._error(f"{member.name!r} is {kind}")

    def _require_known(self, file: str) -> None:
        if PurePosixPath(file).suffix in _PICKLES:
            raise self._error(f"{file!r} is a pickle, which can run code when it is read")
        if file not in FILES:
            raise self._error(f"{file!r} is no file of a model")

    def _error(self, reason: str) -> ArchiveError:
        return ArchiveError(_refusal(self._path, reason))


def _refusal(path: Path, reason: str) -> str:
    return f"{path}: {reason}; make the archive again with `midfill models export`"


def _require_hash(path: Path, actual: str, expected: str) -> None:
    if actual != expected:
        raise HashMismatchError(
            f"{path} has SHA-256 {actual} where its manifest says {expected}; run `midfill models "
            "verify` where it was made, then make the archive again"
        )


def _header(name: str, size: int) -> tarfile.TarInfo:
    """The same bytes for the same model: no owner, no time."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def _tell(progress: Progress, before: int, done: int) -> None:
    progress.at(before + done)


class _ArchiveReader(io.RawIOBase):
    """Reads on, hashing and counting."""

    def __init__(self, stream: IO[bytes], watch: Callable[[int], None]) -> None:
        self._stream = stream
        self._watch = watch
        self.digest = hashlib.sha256()
        self.done = 0

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        self.done += len(block)
        self._watch(self.done)
        return block


class _Hashing(io.RawIOBase):
    """Writes on, hashing."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, block: bytes) -> int:  # type: ignore[override]  # tarfile writes bytes only
        self.digest.update(block)
        return self._stream.write(block)


class _Capped(io.RawIOBase):
    """Reads on, but no header into memory whose size only the archive itself vouches for."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._path = path

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= max(BLOCK_BYTES, _LARGEST_MANIFEST, _LARGEST_HEADER):
            raise ArchiveError(_refusal(self._path, f"it has a header of {size:,} bytes"))
        try:
            return self._stream.read(size)
        except OSError as error:
            raise ArchiveError(_refusal(self._path, error.strerror or str(error))) from error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()
