"""Free memory of this machine, and how the C allocator treats large blocks."""

from __future__ import annotations

import ctypes
import os
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_NEVER = 2**31 - 1
MIB = 1024 * 1024


def available_bytes() -> int:
    """Memory that can be used without swapping, in bytes."""
    import psutil

    return int(psutil.virtual_memory().available)


def state_budget_bytes(free_bytes: int, share: float, max_mb: int) -> int:
    """Bytes that kept prompt states may take: a share of the device's free memory, limited."""
    return min(int(free_bytes * share), max_mb * MIB)


def physical_threads(setting: int) -> int:
    """Threads for one inference: the setting, or physical cores with one left free from 4 on."""
    if setting > 0:
        return setting
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = min(psutil.cpu_count(logical=False) or 1, allowed or 1)
    return cores if cores < 4 else cores - 1  # noqa: PLR2004 - the rule of the docstring


def keep_large_blocks() -> bool:
    """Let glibc reuse large blocks instead of asking the kernel for fresh pages each time.

    Every hit on a kept state copies it (84 MB for 500 tokens of the 0.5B), and every decoding step
    copies keys and values again. By default glibc maps such blocks anew and unmaps them after use,
    so each copy pays for its page faults. Returns whether the allocator could be told.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL(None)
        return bool(libc.mallopt(_M_MMAP_MAX, 0) and libc.mallopt(_M_TRIM_THRESHOLD, _NEVER))
    except (OSError, AttributeError):  # another C library
        return False


def give_back() -> None:
    """Return freed blocks to the system, after kept states were dropped."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (OSError, AttributeError):
            return
