"""Which machine this is: what was learnt about one says nothing about another.

State folders travel: a home on a network drive, an image of a container, a disk in a new case.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path

_IDS = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")


@functools.cache
def processor() -> str:
    """What the processor is called, as far as the system says."""
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"model name", "Processor", "cpu model", "Hardware"}:
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def running_system() -> str:
    """Names what can see the same processes: this machine since it started, and this container."""
    parts = [platform.node()]
    for place in _IDS:
        with suppress(OSError):
            parts.append(Path(place).read_text(encoding="ascii", errors="replace"))
    with suppress(OSError, AttributeError):
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 - it is no path
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
