"""Start an engine host process, and learn how it ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.device import compile_cache

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from engine.host.endpoint import Endpoint
    from engine.host.engine_spec import EngineSpec

_log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
"""The folder that holds the package `engine`."""

_START = "import sys; sys.path[:] = sys.argv[1:]; from engine.host.__main__ import main; main()"
"""As `-m engine.host`, but modules are looked for where this process found its own."""

_MAX_LOG = 1 << 20


class HostProcess:
    """A host process that this process started; it may live longer."""

    def __init__(
        self,
        plan: EngineSpec,
        secret: bytes,
        *,
        linger_s: float,
        log: Path,
        place: Endpoint | None,
        connection: Connection,
    ) -> None:
        """Start it.

        Args:
            plan: what it runs.
            secret: what its guests must know.
            linger_s: how long it stays after the last of them.
            log: file for its faults; never text of the user's.
            place: where it shall listen for others too; None for a host of this process alone.
            connection: its end of the connection to this process.

        Raises:
            OSError: it could not be started.
            RuntimeError: there is no thread left to wait for its end with.
        """
        handle = connection.fileno()
        orders: dict[str, Any] = {
            "plan": plan.to_json(),
            "secret": secret.hex(),
            "linger_s": linger_s,
            "place": None if place is None else {"folder": place.folder, "key": place.key},
            "handle": handle,
        }
        with _open_log(log) as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, *dict.fromkeys([*sys.path, str(_ROOT)])],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=_ROOT,  # not the folder of somebody's project
                env={**os.environ, **compile_cache.variables(os.environ, log.parent)},
                **_detached(handle),
            )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        try:
            with self._process.stdin as stdin:
                stdin.write(json.dumps(orders).encode())
            # whoever ends is waited for, or it stays in the process table
            threading.Thread(target=self._process.wait, name="reaper", daemon=True).start()
        except (OSError, RuntimeError):  # it ended at once, or there is no thread to be had
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def how(self) -> str:
        """How it ended, for people; "" while it lives or when that is not known yet."""
        code = self._process.returncode
        if code is None:
            return ""
        if code < 0:
            return f"by {signal.Signals(-code).name}"
        return f"with exit code {code}"

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, but not longer than `timeout_s` seconds."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _log.debug("the host %d is still there", self.pid)


def _open_log(path: Path) -> Any:
    """An owner-only file to append to, started anew when it grew; nowhere when it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and path.stat().st_size > _MAX_LOG:
            with contextlib.suppress(OSError):  # Windows: another host has it open
                path.replace(path.with_suffix(".old"))
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        return os.fdopen(os.open(path, flags, 0o600), "ab", buffering=0)
    except OSError as error:
        _log.warning("the engine host has no log: %s", error.strerror)
        return Path(os.devnull).open("ab", buffering=0)


def _detached(handle: int) -> dict[str, Any]:
    """It inherits one handle; Ctrl-C and the end of an editor's process group pass it by."""
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        start = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        return {"creationflags": flags, "startupinfo": start}
    return {"start_new_session": True, "pass_fds": (handle,)}
