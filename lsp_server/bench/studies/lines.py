"""`midfill bench lines`: do suggestions leave whole lines, where an editor closes brackets itself?

Places in real files: behind a bracket or a quote whose closer the editor has put there, inside
words, and at first letters, where everything stands already. A line is broken when a bracket closes
another than it opens, when a text is glued before text of the line, or when it says that text again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from context.languages import language_of
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.errors import MidfillError
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
_NEARBY = (30, 12)
"""Lines of a file above and below a place: enough to go by, and short enough to be read often."""
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
        if number < 3 or not line.strip() or line.lstrip().startswith(("//", "#", "*", "/*")):  # noqa: PLR2004 - a file's head says nothing of its code
            continue
        if kind == "closed" and is_whole(line):
            yield from ((number, place.end()) for place in re.finditer(r"[(\[{]|(?<!\w)[\"']", line)
                        if _PAIRS[place[0]] in line[place.end() :] and _open(line[: place.end()]))  # fmt: skip
        elif kind == "inside":
            yield from ((number, word.start() + 3) for word in _WORD.finditer(line))
        elif kind == "first" and _WORD.match(line, lead):
            yield number, lead


def _spot(kind: str, lines: Sequence[str], place: tuple[int, int], name: str) -> Spot:
    number, column = place
    above, below = lines[max(0, number - _NEARBY[0]) : number], lines[number + 1 :][: _NEARBY[1]]
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


def is_broken(spot: Spot, item: types.InlineCompletionItem) -> bool:
    """Whether a line is broken once an item is accepted."""
    before, rest = spot.snapshot.line_before, spot.snapshot.line_after
    inserted = str(item.insert_text)[len(before) :]
    assert item.range is not None
    left = rest[item.range.end.character - len(before) :]
    first, *more = inserted.split("\n")
    if spot.kind != "closed":
        glued = not more and left.strip() != ""
        return glued or rest.strip().startswith(inserted.strip())
    return not is_whole(before + first + ("" if more else left))


async def _shown(session: Session, spot: Spot) -> types.InlineCompletionItem | None:
    text, _ = await session.complete(spot.snapshot)
    session.pipeline.closed(spot.snapshot.uri)  # type: ignore[union-attr]  # it answered
    encoding = types.PositionEncodingKind.Utf32
    made = items.inline_items(spot.snapshot, [text] if text else [], encoding, "")
    return made.items[0] if made.items else None


async def _play(places: Sequence[Spot], memo: Path) -> dict[tuple[str, str], Counter[str]]:
    settings = compose([Layer("lines", _SETTINGS)]).settings
    make = engine_factory.maker(settings, "real")
    session = Session(settings, lambda: RememberingEngine(make(), memo))
    await session.load()
    if session.pipeline is None:
        raise MidfillError(session.status.message)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for spot in places:
        item = await _shown(session, spot)
        row = counts.setdefault((spot.snapshot.language, spot.kind), Counter())
        row["places"] += 1
        row["shown"] += item is not None
        row["broken"] += item is not None and is_broken(spot, item)
        row["right"] += item is not None and _is_right(spot, item)
    session.close()
    return counts


def _is_right(spot: Spot, item: types.InlineCompletionItem) -> bool:
    """Whether the first line is how the file goes on."""
    inserted = str(item.insert_text)[len(spot.snapshot.line_before) :].split("\n")[0]
    return bool(inserted.strip()) and spot.truth.startswith(inserted)


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
    counts = asyncio.run(_play(places, arguments.memo))
    print(f"{'':12}{'':8}{'places':>8}{'shown':>8}{'broken':>8}{'right':>8}")
    total: Counter[str] = Counter()
    for (language, kind), row in sorted(counts.items()):
        total.update(row)
        print(f"{language:12}{kind:8}" + "".join(f"{row[name]:8}" for name in _COLUMNS))
    print(f"{'all':20}" + "".join(f"{total[name]:8}" for name in _COLUMNS))
    return 0


_COLUMNS: Final = ("places", "shown", "broken", "right")
