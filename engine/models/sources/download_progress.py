"""Progress of a download by another program, from the size of its files."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INTERVAL_S = 0.2


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder that others are writing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            # it may be gone again
            with suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size  # noqa: PTH116, PTH118 - as os.walk gives them
    return total


@contextmanager
def watching(folder: Path, watch: Callable[[int], None]) -> Iterator[None]:
    """Call `watch` with the bytes below `folder` five times a second, from a thread, until left."""
    left = threading.Event()

    def look() -> None:
        while not left.wait(INTERVAL_S):
            watch(bytes_below(folder))

    thread = threading.Thread(target=look, name="midfill-download-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()
