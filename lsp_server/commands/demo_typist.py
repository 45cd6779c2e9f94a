"""Types into one document as a user does: key by key, then a rest."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from context.languages import language_of
from lsp_server.client.document import ClientDocument

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_server.client.connection import Client

_PLACES = 8
_FEWEST_KEYS, _MOST_KEYS = 2, 10
"""Characters typed at each place: some, then more until something is offered."""
_KEY_S = 0.03
"""From key to key, as a fast typist."""
_QUIET_S = 2.5
"""A text that has not grown for this long is whole."""
_LOOK_S, _LOOKS = 1.0, 10
"""A text that is not there yet is asked for again: a slow machine may still be reading."""

_WORTH_TYPING = re.compile(
    r"^\s*(def|return|if|for|while|class|async|func|fn|const|let|\w+\s*=|\w+\.\w+\()"
)


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """A line to be typed again: its number, the column where typing begins, and what is typed."""

    line: int
    column: int
    typed: str


@dataclass(frozen=True, slots=True)
class DemoOffer:
    """What was typed, and what was offered behind it.

    Attributes:
        before: what stood in the line already.
        typed: what was typed behind it.
        ghost: the longest text offered, "" for none.
        first_ms: from the last key to the first text.
        whole_ms: from the last key to the longest.
    """

    before: str
    typed: str
    ghost: str = ""
    first_ms: float = 0.0
    whole_ms: float = 0.0


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


class DemoTypist:
    """Types into one document."""

    def __init__(self, client: Client, path: Path, source: str) -> None:
        """Open it; the file itself is neither read nor written."""
        self._source = source
        self._more = asyncio.Event()
        client.handlers["midfill/moreAvailable"] = lambda _: self._more.set()
        language = language_of(path.name, "", source.partition("\n")[0])
        self._document = ClientDocument(client, path.as_uri(), language, source)

    async def type_at_end(self, typed: str) -> DemoOffer:
        """Type behind the last character, asking at each key, and rest there."""
        for count in range(1, len(typed)):
            asked = asyncio.create_task(self._ask(self._source + typed[:count], ""))
            await asyncio.sleep(_KEY_S)
            asked.cancel()  # the next key is here
            await asyncio.gather(asked, return_exceptions=True)
        return await self._rest(DemoOffer("", typed), self._source + typed, "")

    async def type_at(self, place: DemoPlace) -> DemoOffer:
        """Clear the line, type until a suggestion comes, and rest there."""
        lines = self._source.split("\n")
        before = lines[place.line][: place.column]
        head = "\n".join([*lines[: place.line], before])
        tail = "\n".join(["", *lines[place.line + 1 :]]) if place.line + 1 < len(lines) else ""
        typed = place.typed
        for count in range(_FEWEST_KEYS, len(place.typed)):
            if (await self._ask(head + place.typed[:count], tail)).strip():
                typed = place.typed[:count]
                break
        offer = await self._rest(DemoOffer(before, typed), head + typed, tail)
        self._document.change(self._source)
        return offer

    async def _rest(self, offer: DemoOffer, head: str, tail: str) -> DemoOffer:
        """Ask, and again whenever the server announces more; what is shown only grows."""
        started = perf_counter()
        ghost, first_ms, whole_ms, looks = "", 0.0, 0.0, 0
        while True:
            self._more.clear()
            longer = await self._ask(head, tail)
            if len(longer) > len(ghost) and longer.startswith(ghost):
                ghost, whole_ms = longer, (perf_counter() - started) * 1000
                first_ms = first_ms or whole_ms
            try:
                async with asyncio.timeout(_QUIET_S if ghost else _LOOK_S):
                    await self._more.wait()
            except TimeoutError:
                looks += 1
                if not ghost and looks < _LOOKS:
                    continue
                return DemoOffer(offer.before, offer.typed, ghost, first_ms, whole_ms)

    async def _ask(self, head: str, tail: str) -> str:
        """The text offered between two texts, "" for none."""
        return (await self._document.complete(head + tail, len(head)))[1]
