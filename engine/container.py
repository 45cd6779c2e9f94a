"""What a container may use of its machine: limits of control groups, version 1 and 2.

Inside a container the system shows the memory and processors of the whole machine; who takes that
for true is killed or slowed down. Sources: the kernel's `admin-guide/cgroup-v2.rst` and
`admin-guide/cgroup-v1/memory.rst`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")
_UNLIMITED = 1 << 60
"""Version 1 says "no limit" with a number near the largest there is."""


def memory_left(root: Path = _ROOT) -> int | None:
    """Bytes that may still be taken, None where nothing limits them; `root` is the file system."""
    left = []
    for version, folder in _groups(root, "memory"):
        limit, used, cache = (
            ("memory.max", "memory.current", "inactive_file")
            if version > 1
            else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        )
        most = _number(folder / limit)
        if most is not None and most < _UNLIMITED:
            # the cache of files is given back before anybody is killed
            taken = (_number(folder / used) or 0) - _of_table(folder / "memory.stat", cache)
            left.append(max(0, int(most) - max(0, int(taken))))
    return min(left, default=None)


def processors(root: Path = _ROOT) -> float | None:
    """How many processors' time may be used, such as 1.5; None where nothing limits it."""
    quotas = []
    for version, folder in _groups(root, "cpu"):
        if version > 1:
            quota, _, period = _text(folder / "cpu.max").partition(" ")
        else:
            quota, period = (_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        with suppress(ValueError, ZeroDivisionError):  # "max", or there is no such file
            if float(quota) > 0:
                quotas.append(float(quota) / float(period))
    return min(quotas, default=None)


def _groups(root: Path, controller: str) -> Iterator[tuple[int, Path]]:
    """The version and folder of each group that this process is in, with all above it."""
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if not names:
            tops = [(2, mount), (2, mount / "unified")]
        elif controller in names.split(","):
            tops = [(1, mount / controller), (1, mount / names)]
        else:
            continue
        for version, top in tops:
            # a container sees its own group at the top, and may be told a path that it cannot see
            inner = top / path.strip("/")
            for folder in (inner, *inner.parents):
                if folder.is_relative_to(top):
                    yield version, folder


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except (OSError, ValueError):
        return ""


def _number(path: Path) -> float | None:
    with suppress(ValueError):
        return float(_text(path))
    return None


def _of_table(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
