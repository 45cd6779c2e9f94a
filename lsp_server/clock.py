"""The clock the server measures its work with; benchmarks can replace it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_read: Callable[[], float] = time.perf_counter


def now() -> float:
    """Seconds since an arbitrary start."""
    return _read()


@contextmanager
def replaced(read: Callable[[], float]) -> Iterator[None]:
    """Use `read` as the clock inside the block, such as the time of a simulated event loop."""
    global _read  # noqa: PLW0603 -- one clock for all requests of a process
    before, _read = _read, read
    try:
        yield
    finally:
        _read = before
