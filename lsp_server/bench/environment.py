"""The machine and software of a benchmark run, so that figures can be compared."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("midfill", "ctranslate2", "lsprotocol", "numpy", "pygls", "tokenizers")


def describe() -> dict[str, Any]:
    """Processor, memory, system, versions and load, as plain values."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "os": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "load": load(),
    }


def load() -> float:
    """Processes that want to run, averaged over the last minute."""
    return round(float(psutil.getloadavg()[0]), 2)


def too_busy() -> str | None:
    """A warning when others use the machine, since real-time figures are then worth little."""
    cores = os.cpu_count() or 1
    now = load()
    if now < cores / 2:
        return None
    return f"the machine is busy (load {now:g} on {cores} cores); real-time figures will suffer"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"
