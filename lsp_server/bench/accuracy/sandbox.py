"""Running programs that a model wrote: as closed as this machine allows without being root.

Three levels, and results say which one held:

    closed      own file system (system folders read-only, a small /tmp, nothing else), no network,
                no other processes in sight; Linux with user namespaces
    no-network  no network, but the whole file system with the user's rights; Linux
    open        limits only

At every level: limits on wall-clock and processor time, memory, size of files, and number of
processes, a folder of its own, an environment of four variables, and the end of all processes with
the first one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

_WATCH_S = 0.05
_TMP_MB = 64
_MESSAGE_CHARS = 300
_ETC = ("alternatives", "ld.so.cache", "java-*-openjdk", "passwd", "nsswitch.conf")
"""What compilers and virtual machines read in /etc; nothing of it is a secret."""


_PLACE: Final = "program"
INSIDE: Final = f"/{_PLACE}"
"""Where a program finds its folder at level closed."""


class Level(StrEnum):
    """How closed the sandbox is."""

    CLOSED = "closed"
    NO_NETWORK = "no-network"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLimits:
    """What one program may take.

    Attributes:
        seconds: wall-clock time; processor time is 2 s more.
        memory_mb: resident memory of all its processes together, in MiB.
        address_mb: address space of each process, in MiB; 0 for virtual machines, which reserve
            much more than they use.
        file_mb: size of each file it writes, its output included, in MiB.
        processes: most processes at once.
    """

    seconds: float = 10.0
    memory_mb: int = 2048
    address_mb: int = 4096
    file_mb: int = 16
    processes: int = 64


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended: exit status, output, and which limit ended it, "" for none."""

    status: int
    stdout: str
    stderr: str
    limit: str = ""

    @property
    def message(self) -> str:
        """Why it failed, in short."""
        return self.limit or (self.stderr or self.stdout)[-_MESSAGE_CHARS:]


@functools.cache
def level() -> Level:
    """The most closed level that works here; found by trying."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return Level.OPEN
    for candidate in (Level.CLOSED, Level.NO_NETWORK):
        with tempfile.TemporaryDirectory() as folder:
            done = run(["true"], Path(folder), limits=ProgramLimits(seconds=5), at=candidate)
        if done.status == 0:
            return candidate
    return Level.OPEN


def run(
    argv: Sequence[str],
    folder: Path,
    *,
    stdin: str = "",
    limits: ProgramLimits,
    writable: bool = False,
    at: Level | None = None,
) -> Finished:
    """Run a program with `folder` as `INSIDE`, and wait for its end.

    Args:
        argv: the command; a relative path is inside `folder`.
        folder: holds the program; `INSIDE` at level closed.
        stdin: text for standard input.
        limits: what it may take.
        writable: whether it may write into `folder` (compilers do); otherwise it runs in an empty
            folder of its own where the level allows.
        at: the level; the most closed one when not given.
    """
    chosen = at or level()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryDirectory() as root,
    ):
        given.write(stdin.encode("utf-8", "replace"))
        given.seek(0)
        process = subprocess.Popen(
            ["/bin/sh", "-c", _script(chosen, argv, folder, Path(root), limits, writable=writable)],
            cwd=folder,
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
            env=_environment("/tmp" if chosen is Level.CLOSED else str(folder)),  # noqa: S108
        )
        limit = _watch(process, limits)
        return Finished(process.returncode, _text(out), _text(err), limit)


def _environment(home: str) -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": home, "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}


def _script(
    chosen: Level,
    argv: Sequence[str],
    folder: Path,
    root: Path,
    limits: ProgramLimits,
    *,
    writable: bool,
) -> str:
    """The shell line that sets limits, closes what can be closed, and becomes the program."""
    bounds = [f"ulimit -t {int(limits.seconds) + 2}", f"ulimit -f {limits.file_mb * 2048}"]
    if limits.address_mb and sys.platform == "linux":
        bounds.append(f"ulimit -v {limits.address_mb * 1024}")
    program = "exec " + shlex.join(argv)
    limited = "; ".join([*bounds, "ulimit -c 0", program])
    if chosen is Level.OPEN:
        return limited
    if chosen is Level.NO_NETWORK:
        return "exec " + shlex.join(["unshare", "-rn", "/bin/sh", "-c", limited])
    steps = _closing(folder, root, writable=writable)
    # without capabilities it cannot undo any of the mounts
    dropped = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    steps.append("exec " + shlex.join([*dropped, "/bin/sh", "-c", limited]))
    spaces = ["--user", "--map-root-user", "--net", "--mount", "--ipc", "--uts", "--pid"]
    unshare = ["unshare", *spaces, "--fork", "--kill-child", "/bin/sh", "-ec", "\n".join(steps)]
    return "exec " + shlex.join(unshare)


def _closing(folder: Path, root: Path, *, writable: bool) -> list[str]:
    """Commands that make a file system of read-only system folders and leave the old one."""
    new = shlex.quote(str(root))
    steps = [f"mount -t tmpfs -o size={_TMP_MB}m,mode=755 tmpfs {new}", f"cd {new}"]
    steps += [f"mkdir -p proc dev tmp {_PLACE} old etc", "mount -t proc proc proc"]
    for name in ("null", "zero", "random", "urandom"):
        steps += [f"touch dev/{name}", f"mount --bind /dev/{name} dev/{name}"]
    for outside in _readable():
        inside = shlex.quote("." + outside)
        real = shlex.quote(outside)
        make = f"mkdir -p {inside}" if Path(outside).is_dir() else f"touch {inside}"
        steps += [make, f"mount --bind {real} {inside}", f"mount -o remount,bind,ro {inside}"]
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            steps.append(f"ln -s {shlex.quote(os.readlink(Path('/', name)))} {name}")  # noqa: PTH115
    steps.append(f"mount --bind {shlex.quote(str(folder))} {_PLACE}")
    if not writable:
        steps.append(f"mount -o remount,bind,ro {_PLACE}")
    start = _PLACE if writable else "tmp"
    steps += ["pivot_root . old", "cd /", "umount -l old", "rmdir old", f"cd /{start}"]
    # the root itself is done; /tmp stays the one place to write
    steps += ["mount -t tmpfs -o size=64m tmpfs /tmp", "mount -o remount,ro /", f"cd /{start}"]
    return steps


@functools.cache
def _readable() -> tuple[str, ...]:
    """Folders and files that programs need to run at all."""
    found = ["/usr"]
    found += [f"/{name}" for name in ("bin", "sbin", "lib", "lib64") if _is_folder(f"/{name}")]
    found += [str(path) for pattern in _ETC for path in sorted(Path("/etc").glob(pattern))]
    tools = [sys.base_prefix]
    for name in ("node", "javac", "java", "g++"):
        place = shutil.which(name)
        if place:
            tools.append(str(Path(place).resolve().parent.parent))
    outside = [tool for tool in tools if not tool.startswith("/usr/") and tool not in {"/", "/usr"}]
    return (*found, *dict.fromkeys(outside))


def _is_folder(path: str) -> bool:
    return Path(path).is_dir() and not Path(path).is_symlink()


def _watch(process: subprocess.Popen[bytes], limits: ProgramLimits) -> str:
    """Wait for the end, or bring it about; returns the limit that was passed, "" for none."""
    end = time.monotonic() + limits.seconds
    limit = ""
    while True:
        try:
            process.wait(timeout=_WATCH_S)
            break
        except subprocess.TimeoutExpired:
            limit = _passed(process.pid, limits, end)
            if limit:
                break
    _kill(process)
    process.wait()
    return limit


def _passed(pid: int, limits: ProgramLimits, end: float) -> str:
    if time.monotonic() > end:
        return f"more than {limits.seconds:g} s"
    resident, count = 0, 0
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        for one in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                resident += one.memory_info().rss
                count += 1
    if resident > limits.memory_mb << 20:
        return f"more than {limits.memory_mb} MiB"
    return f"more than {limits.processes} processes" if count > limits.processes else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and all that it started."""
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(process.pid)
        for one in first.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    # the session's own group, also after its first process has ended
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
