"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BLOCK_BYTES = 1 << 20


def sha256_of(path: Path, watch: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file in hexadecimal.

    Args:
        path: the file.
        watch: called with the number of bytes read so far.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            if watch is not None:
                watch(done)
    return digest.hexdigest()
