"""Benchmark of similar windows: one key in one of 20 files of 5,000 lines.

A key costs the index the cells that it changed; that is timed by itself, key by key. Looking for
windows happens when the cursor rests, and is shown beside it.
"""

from __future__ import annotations

import functools
import random
import sys
import time
from typing import TYPE_CHECKING

from context.access.files import SourceFile
from context.sources.windows import WindowIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FILES, LINES, KEYS, RESTS = 20, 5_000, 1_000, 50
TARGET_MS = 3.0
_VERBS = ("load", "save", "find", "count", "merge", "drop", "list", "check")
_THINGS = ("user", "order", "price", "store", "row", "key", "map", "invoice", "total", "item")


def main() -> int:
    """Print the table; the exit code says whether the target was met."""
    draw = random.Random(0)  # noqa: S311 - made-up code is no secret
    texts = [_code(draw) for _ in range(FILES)]
    index = WindowIndex()
    started = time.perf_counter()
    for number, lines in enumerate(texts):
        index.update(_file(number, lines, 0))
    first_ms = (time.perf_counter() - started) * 1000
    keys, rests = [], []
    for stamp in range(1, KEYS + 1):
        number, row = draw.randrange(FILES), draw.randrange(LINES)
        if stamp % 40 == 0:  # now and then Enter is pressed
            texts[number].insert(row, "")
        else:
            texts[number][row] += "x"
        file = _file(number, texts[number], stamp)
        keys.append(_timed(functools.partial(index.update, file)))
        if stamp % (KEYS // RESTS) == 0:
            rests.append(_timed(functools.partial(index.similar, file, row)))
    p95 = _percentile(keys, 95)
    out = sys.stdout.write
    out(f"similar windows: {FILES} files of {LINES:,} lines, {KEYS:,} keys, {RESTS} rests, ms\n")
    out(f"{'':16}{'p50':>8}{'p95':>8}{'max':>8}\n")
    for name, times in (("a key", keys), ("a rest", rests)):
        figures = (_percentile(times, 50), _percentile(times, 95), max(times))
        out(f"{name:16}" + "".join(f"{value:8.3f}" for value in figures) + "\n")
    out(f"all files for the first time: {first_ms:.0f} ms\n")
    verdict = "met" if p95 <= TARGET_MS else "MISSED"
    out(f"p95 of a key {p95:.3f} ms, target {TARGET_MS:g} ms: {verdict}\n")
    return 0 if p95 <= TARGET_MS else 1


def _code(draw: random.Random) -> list[str]:
    """Made-up functions, with blank lines between them."""

    def name() -> str:
        return f"{draw.choice(_VERBS)}_{draw.choice(_THINGS)}_{draw.randrange(200)}"

    lines: list[str] = []
    while len(lines) < LINES:
        lines.append(f"def {name()}({name()}, {name()}):")
        lines += [f"    {name()} = {name()}({name()})" for _ in range(draw.randint(2, 20))]
        lines += ["", ""]
    return lines[:LINES]


def _file(number: int, lines: list[str], stamp: int) -> SourceFile:
    name = f"file_{number}.py"
    return SourceFile(f"/bench/{name}", name, "python", "\n".join(lines), (stamp, number))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _percentile(times: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return sorted(times)[max(0, -(-len(times) * percent // 100) - 1)]
