"""The clock the server measures its work with; benchmarks can replace it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_read: Callable[[], float] = time.perf_counter


def now() -> float:
    """Seconds since some moment."""
    return _read()


@contextmanager
def replaced(read: Callable[[], float]) -> Iterator[None]:
    """Within the block `read` tells the time, such as an event loop with made-up time."""
    global _read  # noqa: PLW0603 -- one clock for all requests of a process
    before, _read = _read, read
    try:
        yield
    finally:
        _read = before
