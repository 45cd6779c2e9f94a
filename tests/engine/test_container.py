"""Limits of containers, as both versions of control groups write them down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from engine import container, memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

V2 = {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cgroup.controllers": "cpu memory"}
V1 = {"proc/self/cgroup": "11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/system"}
FAR = 9223372036854771712
"""What version 1 says where there is no limit."""


def tree(root: Path, files: Mapping[str, object]) -> Path:
    """A file system with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n", encoding="ascii")
    return root


def group(folder: str, **files: object) -> dict[str, object]:
    """Files of one control group; `_` stands for the dot."""
    place = f"sys/fs/cgroup/{folder}".rstrip("/")
    return {f"{place}/{name.replace('__', '.')}": text for name, text in files.items()}


MEMORY: dict[str, tuple[dict[str, object], int | None]] = {
    "none": ({}, None),
    "no /proc": (group("", memory__max=100), None),
    "v2": (
        {
            **V2,
            **group("", memory__max=1000, memory__current=700),
            **group("", memory__stat="anon 500\ninactive_file 150\nother x"),
        },
        450,
    ),
    "v2 without a limit": ({**V2, **group("", memory__max="max", memory__current=7)}, None),
    "v2, the limit of a group above": (
        {
            "proc/self/cgroup": "0::/user.slice/app.service",
            **group("user.slice", memory__max=500, memory__current=100),
            **group("user.slice/app.service", memory__max=900, memory__current=50),
        },
        400,
    ),
    "v2, full": ({**V2, **group("", memory__max=100, memory__current=170)}, 0),
    "v1": (
        {
            **V1,
            **group("memory", memory__limit_in_bytes=1000, memory__usage_in_bytes=900),
            **group("memory", memory__stat="inactive_file 1\ntotal_inactive_file 300"),
        },
        400,
    ),
    "v1 that shows the whole tree": (
        {
            **V1,
            **group("memory", memory__limit_in_bytes=FAR, memory__usage_in_bytes=9000),
            **group("memory/docker/abc", memory__limit_in_bytes=50, memory__usage_in_bytes=20),
        },
        30,
    ),
    "v1 without a limit": ({**V1, **group("memory", memory__limit_in_bytes=FAR)}, None),
    "nonsense": ({**V2, **group("", memory__max="lots", memory__current="?")}, None),
}


@pytest.mark.parametrize(("files", "left"), MEMORY.values(), ids=MEMORY)
def test_the_least_of_all_limits_counts(
    tmp_path: Path, files: dict[str, object], left: int | None
) -> None:
    """What is taken is gone, but for the cache of files."""
    assert container.memory_left(tree(tmp_path, files)) == left


PROCESSORS: dict[str, tuple[dict[str, object], float | None]] = {
    "none": ({}, None),
    "v2": ({**V2, **group("", cpu__max="150000 100000")}, 1.5),
    "v2 without a quota": ({**V2, **group("", cpu__max="max 100000")}, None),
    "v2, the quota of a group above": (
        {
            "proc/self/cgroup": "0::/a/b",
            **group("a", cpu__max="200000 100000"),
            **group("a/b", cpu__max="400000 100000"),
        },
        2.0,
    ),
    "v1": (
        {**V1, **group("cpu,cpuacct", cpu__cfs_quota_us=300000, cpu__cfs_period_us=100000)},
        3.0,
    ),
    "v1 without a quota": (
        {**V1, **group("cpu", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)},
        None,
    ),
    "nonsense": ({**V2, **group("", cpu__max="1 0")}, None),
}


@pytest.mark.parametrize(("files", "count"), PROCESSORS.values(), ids=PROCESSORS)
def test_a_quota_is_so_many_processors(
    tmp_path: Path, files: dict[str, object], count: float | None
) -> None:
    """Time in a period, whichever version says so."""
    assert container.processors(tree(tmp_path, files)) == count


@pytest.mark.parametrize(
    ("cores", "allowed", "quota", "threads"),
    [
        (8, 16, None, 7),
        (8, 16, 2.0, 2),
        (8, 16, 0.5, 1),
        (8, 16, 1.9, 1),
        (8, 2, None, 2),
        (None, 4, None, 3),  # an ARM board, a virtual machine
        (None, 64, 6.0, 5),
        (2, 4, 100.0, 2),
    ],
)
def test_threads_are_what_this_process_may_use(
    cores: int | None,
    allowed: int,
    quota: float | None,
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Physical cores where they are known, affinity, quota: the least of them, one left free."""
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: None if logical else cores)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)))
    monkeypatch.setattr(container, "processors", lambda: quota)
    assert memory.physical_threads(0) == threads


def test_free_memory_is_the_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit below what the machine has free; one above changes nothing."""
    monkeypatch.setattr(container, "memory_left", lambda: 12345)
    assert memory.available_bytes() == 12345
    monkeypatch.setattr(container, "memory_left", lambda: 1 << 59)
    assert 12345 < memory.available_bytes() < 1 << 59


def test_without_proc_the_kernel_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hidden or not mounted: memory and threads are still found."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path), raising=False)
    with pytest.raises(OSError, match="meminfo"):
        psutil.virtual_memory()
    assert memory.available_bytes() > memory.MIB
    assert memory.physical_threads(0) >= 1
