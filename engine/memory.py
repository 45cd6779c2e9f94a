"""Free memory of this machine, and how the C allocator treats large blocks."""

from __future__ import annotations

import ctypes
import os
import sys

from engine import container

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_NEVER = 2**31 - 1
MIB = 1024 * 1024


def available_bytes() -> int:
    """Memory that can be used without swapping, in bytes: of the machine, or of the container."""
    import psutil

    try:
        free = int(psutil.virtual_memory().available)
    except (OSError, psutil.Error, LookupError):  # no /proc to look at
        free = _asked_of_kernel()
    left = container.memory_left()
    return free if left is None else min(free, left)


def _asked_of_kernel() -> int:
    try:
        return max(0, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return 1024 * MIB


def state_budget_bytes(free_bytes: int, share: float, max_mb: int) -> int:
    """Bytes that kept prompt states may take: a share of the device's free memory, limited."""
    return min(int(free_bytes * share), max_mb * MIB)


def physical_threads(setting: int) -> int:
    """Threads for one inference: the setting, or physical cores with one left free from 4 on.

    Never more than this process may use: by its affinity, or by its container's quota of time.
    """
    if setting > 0:
        return setting
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = container.processors()
    try:
        cores = psutil.cpu_count(logical=False)
    except (OSError, psutil.Error, LookupError):  # no /proc to look at
        cores = None
    # many systems do not say what is a core; most of those have one thread in each
    limits = (cores, allowed, None if quota is None else max(1, int(quota)))
    cores = min((limit for limit in limits if limit), default=1)
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
