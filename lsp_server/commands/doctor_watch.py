"""`midfill doctor --watch`: memory, CPU and rates of midfill's processes, live."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psutil

from lsp_server import paths
from lsp_server.completion import power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.table import Table

TICK_S: Final = 1.0
_MIB: Final = 1 << 20
_SERVER: Final = ("lsp_server", "midfill", "midfill.py")
_HOST: Final = "from engine.host.__main__ import main"


@dataclass(frozen=True, slots=True)
class Sight:
    """One of midfill's processes at one moment.

    Attributes:
        pid: its id.
        kind: `server` or `engine host`.
        cpu: share of one processor since the last look, 1.0 for all of it.
        memory_mb: resident memory in MiB.
        threads: their number.
        nice: how far it gives way.
    """

    pid: int
    kind: str
    cpu: float
    memory_mb: float
    threads: int
    nice: int


class Watch:
    """Samples this user's processes."""

    def __init__(self, processes: Callable[[], Iterator[Any]] = psutil.process_iter) -> None:
        """Args: processes, those of the machine."""
        self._processes = processes
        self._known: dict[int, Any] = {}

    def look(self) -> list[Sight]:
        """All processes now, by kind and id; a new one has no usage yet."""
        sights = []
        seen: dict[int, Any] = {}
        for found in self._processes():
            try:
                if not (kind := kind_of(found.cmdline())):
                    continue
                process = seen[found.pid] = self._known.get(found.pid, found)
                cpu, memory = process.cpu_percent() / 100, process.memory_info().rss / _MIB
                threads, nice = process.num_threads(), process.nice()
            except psutil.Error:  # it ended meanwhile, or is somebody else's
                continue
            sights.append(Sight(found.pid, kind, cpu, memory, threads, nice))
        self._known = seen
        return sorted(sights, key=lambda sight: (sight.kind, sight.pid))


def kind_of(words: list[str]) -> str:
    """What a command line runs: `server`, `engine host`, or "" for other programs."""
    if any(_HOST in word for word in words):
        return "engine host"
    names = {word.replace("\\", "/").rpartition("/")[2] for word in words}
    return "server" if "serve" in words and names.intersection(_SERVER) else ""


def run(ticks: int | None = None, console: Console | None = None) -> int:
    """Show it until Ctrl-C, or `ticks` times; returns the exit code."""
    from rich.live import Live

    watch = Watch()
    with Live(_table(watch.look()), console=console, auto_refresh=False) as live:
        done = 0
        while ticks is None or done < ticks:
            time.sleep(TICK_S if ticks is None else 0.05)
            live.update(_table(watch.look()), refresh=True)
            done += 1
    return 0


def _table(sights: list[Sight]) -> Table:
    from rich.table import Table

    rates = "; ".join(_rates()) or "no rates measured yet"
    spare = power.Power()
    state = "on battery" if spare.on_battery else "busy" if spare.busy else "time to spare"
    caption = f"load {power.load():.2f} for each processor, {state}; {rates}"
    if not sights:
        caption = f"no server is running; {caption}"
    table = Table("", "process", "CPU", "memory", "threads", "nice", caption=caption)
    for sight in sights:
        table.add_row(
            sight.kind,
            str(sight.pid),
            f"{sight.cpu:.0%}",
            f"{sight.memory_mb:.0f} MiB",
            str(sight.threads),
            str(sight.nice),
        )
    return table


def _rates() -> Iterator[str]:
    try:
        known = json.loads((paths.state_dir() / "rates.json").read_text(encoding="utf-8"))
        for name, one in known.items():
            reads, steps = float(one["prefill_tokens_s"]), float(one["decode_ms"])
            yield f"{name}: reads {reads:.0f} tokens/s, decodes one in {steps:.0f} ms"
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return
