"""Where servers and an engine host connect: a private folder, a key, a lock.

    KEY.lock   held by whoever starts or ends a host
    KEY.json   owner-only: the secret, and the process that listens
    KEY.sock   the socket (on Windows a named pipe instead)

A host that was killed leaves its files behind; whoever finds nobody listening takes the lock and
starts anew. A host that leaves takes the lock first, so that nobody meets it at the door.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Client
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from engine import state_file
from engine.errors import EngineError
from engine.host import channel, messages
from engine.user_paths import user_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from filelock import BaseFileLock

_LONGEST = 100
"""Bytes of a socket's path; the system allows 104 to 108."""

_LONGEST_NAME = "0" * 20 + ".sock"


class RendezvousError(EngineError):
    """There is no place where a host could be met."""


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What KEY.json says: the secret, and process id and start time of who listens."""

    secret: bytes
    pid: int = 0
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The meeting place of one key.

    Attributes:
        folder: an existing folder that only this user may enter.
        key: names the model and how it runs (see `engine.host.engine_spec.EngineSpec.key`).
    """

    folder: str
    key: str

    @classmethod
    def of(cls, key: str, state: Path) -> Self:
        """The place for a key.

        Args:
            key: of the plan.
            state: midfill's state folder, for systems without a folder for sockets.

        Raises:
            RendezvousError: no folder is fit; says why for each.
        """
        reasons = []
        for folder in _folders(state):
            try:
                if not folder.is_absolute():
                    raise NotADirectoryError(None, "not an absolute path")
                _make_private(folder)
            except OSError as error:
                reasons.append(f"{folder}: {error.strerror or error}")
                continue
            if len(os.fsencode(folder / _LONGEST_NAME)) > _LONGEST and sys.platform != "win32":
                reasons.append(f"{folder}: too long for a socket")
                continue
            return cls(str(folder), key)
        raise RendezvousError(
            f"no folder for a socket ({'; '.join(reasons)}); set MIDFILL_RUNTIME_DIR to a short "
            "path of your own"
        )

    @property
    def address(self) -> str:
        """Of the socket or pipe."""
        if sys.platform == "win32":
            return rf"\\.\pipe\midfill-{self.key}-{_user_mark(self.folder)}"
        return str(self._file("sock"))

    @property
    def family(self) -> str:
        """As `multiprocessing.connection` calls it."""
        return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"

    def lock(self) -> BaseFileLock:
        """Held while a host is started or ends."""
        from filelock import FileLock

        return FileLock(self._file("lock"), mode=0o600)

    def meet(self) -> Connection | None:
        """A connection to the host that listens here, None when there is none that answers.

        Raises:
            OSError: this process may not look; there may be one that serves others.
        """
        card = self.read_card()
        if card is None:
            return None
        try:
            connection: Connection = Client(self.address, self.family)
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        try:
            channel.prove_to_host(connection, card.secret)
        except (messages.WireError, EOFError, OSError):
            connection.close()
            return None
        return connection

    def read_card(self) -> HostRecord | None:
        """What KEY.json says, None when it is not there or not whole."""
        try:
            facts: dict[str, Any] = json.loads(self._file("json").read_text(encoding="utf-8"))
            return HostRecord(
                bytes.fromhex(facts["secret"]), int(facts["pid"]), float(facts["started"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_card(self, card: HostRecord) -> None:
        """Write KEY.json for the owner alone, all at once."""
        facts = {"secret": card.secret.hex(), "pid": card.pid, "started": card.started}
        state_file.write(self._file("json"), json.dumps(facts))

    def clear(self, *, lock: bool = False) -> None:
        """Remove what a host left, with the lock held; `lock` too for a place of nobody else's."""
        for suffix in ("sock", "json", *(("lock",) if lock else ())):
            with contextlib.suppress(OSError):
                self._file(suffix).unlink(missing_ok=True)

    def withdraw(self) -> bool:
        """For the host that listens here: close the door for good.

        Returns:
            False when a server is starting a host just now, so that this one had better stay.
        """
        from filelock import Timeout

        card = self.read_card()
        if card is not None and card.pid != os.getpid():
            return True  # another one has taken over
        try:
            with self.lock().acquire(timeout=0):
                self.clear()
        except Timeout:
            return False
        except (OSError, NotImplementedError):  # no locks there any more: nobody else starts one
            self.clear()
        return True

    def _file(self, suffix: str) -> Path:
        return Path(self.folder) / f"{self.key}.{suffix}"


def started(pid: int) -> float:
    """When a process started, in seconds; 0 where that is not known."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, OSError):  # OSError: there is no /proc to look at
        return 0.0


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def _folders(state: Path) -> Iterator[Path]:
    if os.environ.get("MIDFILL_RUNTIME_DIR"):
        yield user_path("MIDFILL_RUNTIME_DIR", str)
        return
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "midfill"
    yield state / "run"
    if sys.platform != "win32":
        yield Path(tempfile.gettempdir()) / f"midfill-{os.getuid()}"


def _make_private(folder: Path) -> None:
    """Make a folder for this user alone, or check that it is one.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform == "win32":
        return  # below the user's profile, which others cannot read
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(None, "not a folder of this user's")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        folder.chmod(0o700)


def _user_mark(folder: str) -> str:
    import hashlib

    return hashlib.sha256(folder.encode()).hexdigest()[:8]
