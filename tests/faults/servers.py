"""Servers that are ill on purpose: what fails is said by the text in front of the cursor.

    python -m tests.faults.servers PATCH,PATCH serve ...

runs midfill's own command line with an engine that raises, hangs or talks nonsense when it reads
one of the words of `ACTS`, after the named patches were applied to the process.
"""

from __future__ import annotations

import errno
import math
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from engine import fake
from engine.api import Generation, StopReason, Token
from engine.errors import GenerationError
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.api import CancelToken, Request

NONSENSE = {
    "CONTROL": "call(\x00\x1b[2J)",
    "SURROGATE": "call('\ud83d')",
    "ENDLESS": "x" * 100_000,
    "ENDINGS": "call(\r\u2028\x0b)",
    "EMPTY": "",
}
ODD_NUMBERS = (-0.01, math.nan, math.inf, 5.0, -math.inf)


class IllEngine(fake.FakeEngine):
    """Well, but for the words it cannot bear."""

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """As the fake engine does, unless the live text holds a word of `ACTS`."""
        self.history.clear()
        live = self.tokenizer.decode(request.live)
        for word, act in ACTS.items():
            if word in live and request.max_new_tokens:
                return act(on_token)
        return super().generate(request, on_token, cancel)


def _raise(_: Callable[[Token], bool]) -> Generation:
    raise ZeroDivisionError("a bug in the engine")


def _no_memory(_: Callable[[Token], bool]) -> Generation:
    raise MemoryError


def _gpu(on_token: Callable[[Token], bool]) -> Generation:
    on_token(Token(0, "half", -0.01))
    words = "CUDA failed with error an illegal memory access was encountered"
    raise GenerationError(f"cuda:0 failed after 1 tokens: {words}; the engine restarts by itself")


def _hang(_: Callable[[Token], bool]) -> Generation:
    threading.Event().wait()
    raise AssertionError


def _garbage(text: str) -> Callable[[Callable[[Token], bool]], Generation]:
    def act(on_token: Callable[[Token], bool]) -> Generation:
        made = []
        for place, number in enumerate(ODD_NUMBERS):
            made.append(Token(-place, text, number))
            if on_token(made[-1]):
                break
        return Generation(tuple(made), len(made), StopReason.END, 1, 0, 0.0, 0.0)

    return act


def _nothing(_: Callable[[Token], bool]) -> Generation:
    return Generation((), 0, StopReason.END, 1, 0, 0.0, 0.0)


def _none(_: Callable[[Token], bool]) -> Any:
    return None


ACTS: dict[str, Callable[[Callable[[Token], bool]], Generation]] = {
    "RAISE": _raise,
    "NO_MEMORY": _no_memory,
    "GPU": _gpu,
    "HANG": _hang,
    "NOTHING": _nothing,
    "NONE": _none,
    **{word: _garbage(text) for word, text in NONSENSE.items()},
}


# What else can be wrong with a process


def _hasty() -> None:
    """A hang is noticed soon."""
    from lsp_server.completion import worker

    worker.HANG_S = 0.5


def _clock() -> None:
    """The wall clock jumps by years, back and forth."""
    real, jumps = time.time, [0.0]

    def jumping() -> float:
        jumps[0] = 1e8 if jumps[0] <= 0 else -1e8
        return real() + jumps[0]

    time.time = jumping
    time.time_ns = lambda: int(jumping() * 1e9)


def _no_watches() -> None:
    """As when fs.inotify.max_user_watches or max_user_instances is used up."""
    from watchdog.observers import Observer

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    observer: Any = Observer
    observer.start = observer.schedule = refuse


def _dead_drive() -> None:
    """Whatever is asked of a disk never comes back, as on a network drive whose server is gone."""
    from context.access.disk import Disk

    def hang(*_: object, **__: object) -> None:
        threading.Event().wait()

    for name in ("entry", "resolved", "read", "names", "ignores_case"):
        assert callable(getattr(Disk, name))
        setattr(Disk, name, hang)


def _full_disk() -> None:
    """No file can grow by a byte."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _far_clock() -> None:
    """A machine whose clock stands in 2099 and goes on from there."""
    real, years = time.time, 73 * 365.25 * 86400
    time.time = lambda: real() + years
    time.time_ns = lambda: int(time.time() * 1e9)


def _no_spare_threads() -> None:
    """Only what an answer needs gets a thread: no watches, no other files, no statistics."""
    start = threading.Thread.start

    def stingy(self: threading.Thread) -> None:
        if self.name not in {"engine", "host", "reaper"}:
            raise RuntimeError("can't start new thread")
        start(self)

    threading.Thread.start = stingy  # type: ignore[method-assign]  # the point of it


def _few_threads() -> None:
    """The first two that watch over an engine's process are refused, as by `ulimit -u`."""
    start = threading.Thread.start
    refused: list[object] = []

    def stingy(self: threading.Thread) -> None:
        if self.name == "reaper" and len(refused) < 2:
            refused.append(self)
            raise RuntimeError("can't start new thread")
        start(self)

    threading.Thread.start = stingy  # type: ignore[method-assign]  # the point of it


PATCHES: dict[str, Callable[[], None]] = {
    "hasty": _hasty,
    "clock": _clock,
    "no-watches": _no_watches,
    "dead-drive": _dead_drive,
    "full-disk": _full_disk,
    "far-clock": _far_clock,
    "few-threads": _few_threads,
    "no-spare-threads": _no_spare_threads,
}


def ill(
    *patches: str, engine: str = "fake:return a + b", log: Path | None = None, **keywords: Any
) -> Wire:
    """A server with these patches, and a log where one is asked for; the rest is for `Wire`."""
    command = (sys.executable, "-m", "tests.faults.servers", ",".join(patches), "serve")
    level = ("--log-level", "debug" if log else "warning")
    place = ("--log-file", str(log)) if log else ()
    return Wire(*level, *place, engine=engine, command=command, **keywords)


def lines(wire: Wire) -> list[str]:
    """What the server logged so far."""
    return wire.stderr.decode("utf-8", "replace").splitlines()


def told(wire: Wire, word: str) -> list[Mapping[str, str]]:
    """The statuses with a word."""
    return [status for status in wire.said("midfill/status") if word in status["message"]]


def env(**folders: object) -> Mapping[str, str]:
    """The environment with other folders."""
    return {**os.environ, **{f"MIDFILL_{name}": str(path) for name, path in folders.items()}}


def session(wire: Wire, root: Path) -> None:
    """A short session in a workspace that must work."""
    folder = {"uri": root.as_uri(), "name": root.name}
    wire.initialize(
        workspaceFolders=[folder],
        initializationOptions={
            "engine": {"linger_s": 0},
            "prompt": {"context": "repo", "max_tokens": 2000},
            "latency": {"target_ms": 20_000},
        },
    )
    wire.ready()
    uri = (root / "main.py").as_uri()
    wire.open("x = \n", uri)
    (item,) = wire.complete(0, 4, uri)
    assert item["insertText"] == "x = return a + b"
    assert wire.stats()["faults"] == {}
    assert wire.leave() == 0
    assert "Traceback" not in "\n".join(lines(wire))


def main() -> int:
    """Apply the patches and run the command."""
    patches, *words = sys.argv[1:]
    fake.FakeEngine = IllEngine  # type: ignore[misc]  # the point of it
    from lsp_server.cli import run

    for name in filter(None, patches.split(",")):
        PATCHES[name]()
    return run(words)


if __name__ == "__main__":
    sys.exit(main())
