"""`midfill bench lines`: do suggestions leave whole lines, where an editor closes brackets itself?

Places in real files: behind a bracket or a quote whose closer the editor has put there, inside
words, and at first letters, where everything stands already. A line is broken when a bracket
closes another than it opens, when a text is glued before text of the line, or says that text again.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from context.languages import language_of
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.errors import MidfillError
from lsp_server import paths
from lsp_server.bench.engines.cached import RememberingEngine
from lsp_server.lsp import items
from lsp_server.session import engine_factory
from lsp_server.session.session import Session
from lsp_server.settings.layers import Layer, compose

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KINDS: Final = ("closed", "inside", "first")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_WORD = re.compile(r"[A-Za-z_]{4,}")
_OPENER = re.compile(r"[(\[{]|(?<![\w\"'`])[\"'](?![\"'])")
_NEARBY = (30, 12)
"""Lines of a file above and below a place: enough to go by, and short enough to be read often."""
_HEAD = 3
"""Lines at the beginning of a file that say nothing of its code."""
_COMMENTS = ("//", "#", "*", "/*")
_SETTINGS: Final[dict[str, Any]] = {
    "engine": {"process": "inside"},
    "context": {"enabled": False},
    "statistics": {"enabled": False},
    "suggestions": {"ahead": "off"},
    "latency": {"target_ms": 60_000, "deadline_ms": 60_000},
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A cursor in a real file.

    Attributes:
        kind: `closed`, `inside` or `first`.
        snapshot: the text as it stands there.
        truth: what the file has behind the cursor, up to its end.
    """

    kind: str
    snapshot: Snapshot
    truth: str


def spots(files: Sequence[tuple[str, str]], each: int, seed: int = 0) -> list[Spot]:
    """Places of every kind in files.

    Args:
        files: (name, text) of each.
        each: places of each kind in each language.
        seed: of the choice.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample is no secret
    found: dict[tuple[str, str], list[Spot]] = {}
    for name, text in files:
        language = language_of(name)
        lines = text.split("\n")
        for kind in KINDS:
            places = [*_columns(kind, lines)]
            for number, column in draw.sample(places, min(2, len(places))):
                spot = _spot(kind, lines, (number, column), name)
                found.setdefault((language, kind), []).append(spot)
    return [
        one
        for _, several in sorted(found.items())
        for one in draw.sample(several, min(each, len(several)))
    ]


def _columns(kind: str, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    for number, line in enumerate(lines):
        lead = len(line) - len(line.lstrip())
        if number < _HEAD or not line.strip() or line.lstrip().startswith(_COMMENTS):
            continue
        if kind == "closed" and is_whole(line):
            for place in _OPENER.finditer(line):
                closes = _PAIRS[place[0]] in line[place.end() :]
                if closes and _open(line[: place.end()]):
                    yield number, place.end()
        elif kind == "inside":
            yield from ((number, word.start() + 3) for word in _WORD.finditer(line))
        elif kind == "first" and _WORD.match(line, lead):
            yield number, lead


def _spot(kind: str, lines: Sequence[str], place: tuple[int, int], name: str) -> Spot:
    number, column = place
    first = max(0, number - _NEARBY[0])
    while first and not lines[first].strip(" \t\r")[:1] == lines[first][:1] != "":
        first -= 1  # not in the middle of a string or a comment
    above, below = lines[first:number], lines[number + 1 :][: _NEARBY[1]]
    line = lines[number]
    rest = _open(line[:column])[::-1] if kind == "closed" else line[column:]
    text = Text.of("\n".join([*above, line[:column] + rest, *below]))
    uri = f"file:///lines/{kind}/{number}/{column}/{name}"
    cursor = Cursor(len(above), column)
    snapshot = Snapshot(uri, name, language_of(name), 1, text, cursor)
    return Spot(kind, snapshot, "\n".join([line[column:], *below]))


def _open(line: str) -> str:
    """The closers of all that a line leaves open, the outermost first; one stack, no grammar."""
    stack: list[str] = []
    for char in line:
        quoted = stack and stack[-1] in "\"'"
        if stack and char == stack[-1]:
            stack.pop()
        elif char in _PAIRS and not quoted:
            stack.append(_PAIRS[char])
    return "".join(stack)


def is_whole(line: str) -> bool:
    """Whether every bracket of a line closes what was opened last, and no quote stays open."""
    stack: list[str] = []
    for char in line:
        if stack and char == stack[-1]:
            stack.pop()
        elif stack and stack[-1] in "\"'":
            continue
        elif char in _PAIRS:
            stack.append(_PAIRS[char])
        elif char in _PAIRS.values():
            return False
    return not stack or stack[-1] not in "\"'"


def is_broken(spot: Spot, inserted: str, left: str) -> bool:
    """Whether a line is broken.

    Args:
        spot: the place.
        inserted: what stands at the cursor now.
        left: what is left of the line behind the cursor.
    """
    before, rest = spot.snapshot.line_before, spot.snapshot.line_after
    first, *more = inserted.split("\n")
    if spot.kind != "closed":
        glued = not more and left.strip() != ""
        return glued or rest.strip().startswith(inserted.strip())
    return not is_whole(before + first + ("" if more else left))


def accepted(spot: Spot, text: str) -> tuple[str, str]:
    """What an editor inserts at the cursor for a text, and what it leaves of the line's rest."""
    encoding = types.PositionEncodingKind.Utf32
    (item,) = items.inline_items(spot.snapshot, [text], encoding, "").items
    before, rest = spot.snapshot.line_before, spot.snapshot.line_after
    end = item.range.end.character if item.range else len(before)
    return str(item.insert_text)[len(before) :], rest[end - len(before) :]


async def _play(places: Sequence[Spot], memo: Path) -> dict[tuple[str, str], Counter[str]]:
    settings = compose([Layer("lines", _SETTINGS)]).settings
    make = engine_factory.maker(settings, "real")
    session = Session(settings, lambda: RememberingEngine(make(), memo))
    await session.load()
    if session.pipeline is None:
        raise MidfillError(session.status.message)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for spot in places:
        text, _ = await session.complete(spot.snapshot)
        row = counts.setdefault((spot.snapshot.language, spot.kind), Counter())
        row["places"] += 1
        if text:
            inserted, left = accepted(spot, text)
            row["shown"] += 1
            row["broken"] += is_broken(spot, inserted, left)
            row["right"] += spot.truth.startswith(inserted.split("\n")[0])
    session.close()
    return counts


def files_of(path: Path) -> list[tuple[str, str]]:
    """The files that tasks of any kind in a JSON Lines file hold."""
    found: dict[str, str] = {}
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        ending = {"python": "py", "cpp": "cpp", "java": "java"}.get(row["lang"], row["lang"])
        name = row.get("file", f"{row['id']}.{ending}")
        prefix, suffix = (
            row.get(f"eval_{part}", row.get(part, "")) for part in ("prefix", "suffix")
        )
        found.setdefault(name, row.get("before") or prefix + row.get("middle", "") + suffix)
    return [*found.items()]


def run(arguments: argparse.Namespace) -> int:
    """Print how many texts are shown and how many lines they break, by language and kind.

    Raises:
        MidfillError: the model cannot be loaded.
    """
    files = [one for path in arguments.tasks for one in files_of(path)]
    places = spots(files, arguments.each, arguments.seed)
    counts = asyncio.run(_play(places, arguments.memo or paths.state_dir() / "answers"))
    rows = [(*names, row) for names, row in sorted(counts.items())]
    total = sum(counts.values(), Counter[str]())
    sys.stdout.write(f"{'':20}" + "".join(f"{name:>8}" for name in _COLUMNS) + "\n")
    for language, kind, row in (*rows, ("all", "", total)):
        figures = "".join(f"{row[name]:8}" for name in _COLUMNS)
        sys.stdout.write(f"{language:12}{kind:8}{figures}\n")
    return 0


_COLUMNS: Final = ("places", "shown", "broken", "right")
