"""Running programs that a model wrote, in a sandbox that bubblewrap makes where it is installed.

Results say which of two levels held:

    closed  own file system (system folders read-only, a small /tmp, nothing else), no network, no
            other processes in sight; Linux with bubblewrap, no root needed
    open    limits only; programs run like that only when the user says so

At both levels: limits on wall-clock and processor time, memory, size of files, and number of
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
_LAST_S = 5.0
_TMP_MB = 64
_MESSAGE_CHARS = 300
_ETC = ("alternatives", "ld.so.cache", "java-*-openjdk", "passwd", "nsswitch.conf")
"""What compilers and virtual machines read in /etc; nothing of it is a secret."""


INSIDE: Final = "/program"
"""Where a program finds its folder at level closed."""


class Level(StrEnum):
    """How closed the sandbox is."""

    CLOSED = "closed"
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
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return Level.OPEN
    with tempfile.TemporaryDirectory() as folder:
        limits = ProgramLimits(seconds=5)
        done = run(["true"], Path(folder), limits=limits, at=Level.CLOSED)
    return Level.OPEN if done.status else Level.CLOSED


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
    ):
        given.write(stdin.encode("utf-8", "replace"))
        given.seek(0)
        closing = _closing(folder, writable=writable) if chosen is Level.CLOSED else []
        process = subprocess.Popen(
            [*closing, "/bin/sh", "-c", _limited(argv, limits)],
            cwd=folder,
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
            env=_environment("/tmp" if chosen is Level.CLOSED else str(folder)),  # noqa: S108
        )
        limit = _watch(process, limits, chosen)
        return Finished(process.returncode, _text(out), _text(err), limit)


def _environment(home: str) -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": home, "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}


def _limited(argv: Sequence[str], limits: ProgramLimits) -> str:
    """The shell line that sets limits and becomes the program."""
    bounds = [f"ulimit -t {int(limits.seconds) + 2}", f"ulimit -f {limits.file_mb * 2048}"]
    if limits.address_mb and sys.platform == "linux":
        bounds.append(f"ulimit -v {limits.address_mb * 1024}")
    return "; ".join([*bounds, "ulimit -c 0", "exec " + shlex.join(argv)])


def _closing(folder: Path, *, writable: bool) -> list[str]:
    """The command that runs another one in a file system of read-only system folders."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--size", str(_TMP_MB << 20), "--tmpfs", "/tmp", "--proc", "/proc"]  # noqa: S108
    for name in ("null", "zero", "random", "urandom"):  # of /dev, whose /dev/shm has no limit
        command += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for place in _readable():
        command += ["--ro-bind", place, place]
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            command += ["--symlink", os.readlink(Path("/", name)), f"/{name}"]  # noqa: PTH115
    command += ["--bind" if writable else "--ro-bind", str(folder), INSIDE]
    return [*command, "--chdir", INSIDE if writable else "/tmp", "--remount-ro", "/"]  # noqa: S108


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


def _watch(process: subprocess.Popen[bytes], limits: ProgramLimits, at: Level) -> str:
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
    _kill(process, at)
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


def _kill(process: subprocess.Popen[bytes], at: Level) -> None:
    """End the program and all that it started."""
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(process.pid)
        for one in first.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
        if at is Level.CLOSED:  # bwrap ends by itself once nothing in the sandbox lives any more
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_S)
    # the session's own group, also after its first process has ended
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
