"""`midfill demo`: type into a real server process and print its ghost text."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from context.languages import language_of
from engine.errors import MidfillError
from lsp_server.client.connection import SERVE, Client
from lsp_server.client.document import ClientDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES = 8
_READY_S = 120.0
_FEWEST_KEYS, _MOST_KEYS = 2, 10
"""Characters typed at each place: some, then more until something is offered."""
_GROWTH_S = 1.0
"""How long a longer text for the answer is waited for."""

_WORTH_TYPING = re.compile(
    r"^\s*(def|return|if|for|while|class|async|func|fn|const|let|\w+\s*=|\w+\.\w+\()"
)


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """A line to be typed again: its number, the column where typing begins, and what is typed."""

    line: int
    column: int
    typed: str


def run(file: Path | None) -> int:
    """Type at several positions of a file and print what a real server offers.

    Raises:
        MidfillError: the file cannot be read, or the server does not come up.
    """
    path = file or Path(__file__).parents[2] / "engine" / "errors.py"
    try:
        source = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MidfillError(f"{path}: {error}; give a source file in UTF-8") from error
    return asyncio.run(_demo(path.resolve(), source))


async def _demo(path: Path, source: str) -> int:
    console = Console(highlight=False)
    started = perf_counter()
    client = await Client.start(SERVE, path.parent)
    shown = 0
    try:
        await client.initialize([path.parent], {"growing": True, "status": True})
        console.print(f"server answered initialize after {perf_counter() - started:.1f} s")
        engine = await _until_ready(client)
        console.print(f"model ready after {perf_counter() - started:.1f} s: {engine}\n")
        typist = _Typist(client, path, source)
        for place in places(source):
            before, ghost, spent_ms = await typist.type_at(place)
            shown += bool(ghost)
            _print(console, path, place, before, ghost, spent_ms)
        stats = await client.ask("midfill/stats", None)
        sources = ", ".join(f"{count} {name}" for name, count in stats["sources"].items())
        console.print(f"\n{shown} completions shown; answers by source: {sources}")
    finally:
        await client.stop()
    if not shown:
        console.print("nothing was offered at any place; run `midfill doctor`")
    return 0 if shown else 1


async def _until_ready(client: Client) -> str:
    end = perf_counter() + _READY_S
    while perf_counter() < end:
        stats = await client.ask("midfill/stats", None)
        if stats["ready"]:
            return str(stats["engine"])
        if stats["status"]["state"] == "error":
            raise MidfillError(stats["status"]["message"])
        await asyncio.sleep(0.05)
    raise MidfillError(f"the model was not ready after {_READY_S:.0f} s; run `midfill doctor`")


def places(source: str) -> list[DemoPlace]:
    """Lines of code spread over a file, to be retyped from their first characters."""
    lines = source.split("\n")
    good = [
        number
        for number, line in enumerate(lines)
        if number and _WORTH_TYPING.match(line) and len(line.strip()) > _MOST_KEYS
    ] or [number for number, line in enumerate(lines) if line.strip()]
    step = max(1, len(good) // _PLACES)
    chosen = good[step // 2 :: step][:_PLACES] or [len(lines) - 1]
    found = []
    for number in chosen:
        line = lines[number]
        column = len(line) - len(line.lstrip())
        found.append(DemoPlace(number, column, line[column : column + _MOST_KEYS]))
    return found


class _Typist:
    """Types into one document."""

    def __init__(self, client: Client, path: Path, source: str) -> None:
        self._source = source
        self._more = asyncio.Event()
        client.handlers["midfill/moreAvailable"] = lambda _: self._more.set()
        language = language_of(path.name, "", source.partition("\n")[0])
        self._document = ClientDocument(client, path.as_uri(), language, source)

    async def type_at(self, place: DemoPlace) -> tuple[str, str, float]:
        """Clear the line and type until a suggestion comes; line, ghost text and milliseconds.

        The milliseconds are from the last key to the first text; a longer one may come later.
        """
        lines = self._source.split("\n")
        before = lines[place.line][: place.column]
        head = "\n".join([*lines[: place.line], before])
        tail = "\n".join(["", *lines[place.line + 1 :]]) if place.line + 1 < len(lines) else ""
        ghost, spent_ms, typed = "", 0.0, ""
        for count in range(len(place.typed) + 1):
            typed = place.typed[:count]
            self._more.clear()
            started = perf_counter()
            ghost = await self._ask(head + typed, tail)
            spent_ms = (perf_counter() - started) * 1000
            if ghost.strip() and count >= _FEWEST_KEYS:
                break
        if ghost:
            ghost = await self._grown(head + typed, tail, ghost)
        self._document.change(self._source)
        return before + typed, ghost, spent_ms

    async def _grown(self, head: str, tail: str, ghost: str) -> str:
        """The longer text, once the server announces one."""
        try:
            async with asyncio.timeout(_GROWTH_S):
                await self._more.wait()
        except TimeoutError:
            return ghost
        longer = await self._ask(head, tail)
        return longer if longer.startswith(ghost) else ghost

    async def _ask(self, head: str, tail: str) -> str:
        """The text offered between two texts, "" for none."""
        return (await self._document.complete(head + tail, len(head)))[1]


def _print(
    console: Console, path: Path, place: DemoPlace, before: str, ghost: str, spent_ms: float
) -> None:
    head = f"{path.name}:{place.line + 1}"
    rows: Sequence[str] = ghost.split("\n") if ghost else [""]
    text = Text(f"{head:>22}  ", style="cyan")
    text.append(before, style="default")
    text.append(rows[0] if ghost else " (nothing)", style="dim italic")
    text.append(f"   {spent_ms:.0f} ms", style="green")
    for row in rows[1:]:
        text.append("\n" + " " * 24 + row, style="dim italic")
    console.print(text, soft_wrap=True)
