"""Benchmark of answers without a model: type-through, and many open documents.

Times are those inside the server process, from the change to the answer: mirror, cache look-up,
post-processing. The engine is a fake that answers at once, so that everything is known.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TypedDict

from lsprotocol.types import (
    DidChangeTextDocumentParams,
    DidOpenTextDocumentParams,
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
)

from engine.fake import FakeEngine
from lsp_server.session.session import Session
from lsp_server.settings.model import Settings

DOCUMENTS = 20
LARGE_LINES = 50_000
TARGET_P95_MS = 5.0
ANSWER = "total = add(total, number)  # typed through, key by key"
_URI = "file:///bench/{number}.py"


class AnswerLatency(TypedDict):
    """Milliseconds per key that was answered without the model, and by which source."""

    documents: int
    keys: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    sources: dict[str, int]
    met: bool


def run(*, rounds: int = 40) -> AnswerLatency:
    """Type through `ANSWER` `rounds` times, in turn in the large and in the small documents."""
    return asyncio.run(_run(rounds))


async def _run(rounds: int) -> AnswerLatency:
    session = Session(Settings(), lambda: FakeEngine(rest=ANSWER), calibrate=False)
    await session.load()
    for number in range(DOCUMENTS):
        lines = 200 if number else LARGE_LINES
        text = "".join(f"    value_{line} = {line} + {number}\n" for line in range(lines))
        session.documents.open(
            DidOpenTextDocumentParams(
                TextDocumentItem(_URI.format(number=number), "python", 0, text)
            )
        )
    times: list[float] = []
    version = 0
    for turn in range(rounds):
        number = 0 if turn % 2 else turn % DOCUMENTS
        line = 100 + turn
        version += 1
        _edit(session, number, version, Position(line, 0), "    \n")
        await _ask(session, number, Position(line, 4))
        for column, key in enumerate(ANSWER[:-1], start=4):
            version += 1
            started = time.perf_counter()
            _edit(session, number, version, Position(line, column), key)
            await _ask(session, number, Position(line, column + 1))
            times.append((time.perf_counter() - started) * 1000)
    sources = {str(name): count for name, count in session.stats.sources.items()}
    session.close()
    times.sort()
    p50, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    return AnswerLatency(
        documents=DOCUMENTS,
        keys=len(times),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        sources=sources,
        met=p95 <= TARGET_P95_MS,
    )


def _edit(session: Session, number: int, version: int, place: Position, text: str) -> None:
    session.documents.change(
        DidChangeTextDocumentParams(
            VersionedTextDocumentIdentifier(version=version, uri=_URI.format(number=number)),
            [TextDocumentContentChangePartial(Range(place, place), text)],
        )
    )


async def _ask(session: Session, number: int, place: Position) -> None:
    await session.complete(session.documents.snapshot(_URI.format(number=number), place))


def main() -> int:
    """Print the figures; the exit code says whether the target was met."""
    result = run()
    sources = ", ".join(f"{count} {name}" for name, count in result["sources"].items())
    sys.stdout.write(
        f"typing through: {result['documents']} documents, one of {LARGE_LINES:,} lines, "
        f"{result['keys']:,} keys: p50 {result['p50_ms']:.2f} ms, p95 {result['p95_ms']:.2f} ms, "
        f"p99 {result['p99_ms']:.2f} ms; target p95 {TARGET_P95_MS:g} ms "
        f"{'met' if result['met'] else 'MISSED'}\n(answers: {sources})\n"
    )
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
