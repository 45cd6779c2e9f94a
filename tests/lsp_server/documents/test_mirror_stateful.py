r"""The mirror against a plain string, under random edits.

The reference knows nothing of lines but a regular expression over the whole text, and nothing of
encodings but the width of one code point. The short run takes seconds; the long one, a few
thousand edits a second, is

    MIDFILL_FUZZ_EDITS=1000000 pytest tests/lsp_server/documents -k stateful --timeout=3600
"""

from __future__ import annotations

import itertools
import os
import random
import re

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lsprotocol.types import (
    DidChangeTextDocumentParams,
    DidOpenTextDocumentParams,
    Position,
    PositionEncodingKind,
    Range,
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
)

from context import text as text_module
from lsp_server.documents.mirror import Documents

EDITS = int(os.environ.get("MIDFILL_FUZZ_EDITS", "6000"))
URI = "file:///fuzz.py"
PIECES = [
    "a", "b", " ", "\n", "\n", "\r\n", "\r\n", "\r", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029",
    "é", "e\u0301", "漢", "\N{GRINNING FACE}", "\U0010ffff", "\N{MAN}\u200d\N{WOMAN}",
]  # fmt: skip
ENDING = re.compile("\r\n|\r|\n")
# above each of these code points, a character is one unit wider
STEPS = {
    PositionEncodingKind.Utf8: [0x7F, 0x7FF, 0xFFFF],
    PositionEncodingKind.Utf16: [0xFFFF],
    PositionEncodingKind.Utf32: [],
}


class Reference:
    """A document as one string; everything is searched and counted from its start."""

    def __init__(self, source: str, encoding: PositionEncodingKind) -> None:
        self.source = source
        self.steps = STEPS[encoding]

    def offset(self, line: int, character: int) -> int:
        """The offset of a position, with LSP's rules for positions that do not exist."""
        begin = 0
        for _ in range(line):
            ending = ENDING.search(self.source, begin)
            if ending is None:
                return len(self.source)
            begin = ending.end()
        ending = ENDING.search(self.source, begin)
        stop = len(self.source) if ending is None else ending.start()
        while begin < stop:
            character -= 1 + sum(ord(self.source[begin]) > step for step in self.steps)
            if character < 0:
                break
            begin += 1
        return begin

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        begin, line = 0, 0
        for ending in ENDING.finditer(self.source):
            if ending.end() > offset:
                break
            begin, line = ending.end(), line + 1
        return line, offset - begin

    def lines(self) -> list[str]:
        """The text, split at every ending."""
        ends = [0, *(match.end() for match in ENDING.finditer(self.source)), len(self.source)]
        return [self.source[a:b] for a, b in itertools.pairwise(ends)]

    def edit(self, start: Position, end: Position, new: str) -> None:
        """Replace a range."""
        first = self.offset(start.line, start.character)
        last = self.offset(end.line, end.character)
        self.source = self.source[:first] + new + self.source[last:]


class Pair:
    """The mirror and its reference, changed together and compared."""

    def __init__(self, source: str, encoding: PositionEncodingKind) -> None:
        self.documents = Documents(encoding=encoding)
        self.reference = Reference(source, encoding)
        self.version = 0
        item = TextDocumentItem(URI, "python", 0, source)
        self.documents.open(DidOpenTextDocumentParams(item))

    def change(self, *events: TextDocumentContentChangeEvent) -> None:
        """Send one notification to both, and compare what the mirror says of the difference."""
        before = self.reference.source
        for event in events:
            if isinstance(event, TextDocumentContentChangePartial):
                self.reference.edit(event.range.start, event.range.end, event.text)
            else:
                self.reference.source = event.text
        self.version += 1
        identifier = VersionedTextDocumentIdentifier(version=self.version, uri=URI)
        change = self.documents.change(DidChangeTextDocumentParams(identifier, events))
        assert change is not None
        if change.place is None:
            assert self.reference.source == before
        else:
            cut = str(change.before.slice((0, 0), (change.place.line, change.place.column)))
            assert before.startswith(cut)
            assert self.reference.source.startswith(cut)

    def compare(self, position: Position) -> None:
        """The lines are those of the reference, and a position is the same place in both."""
        snapshot = self.documents.snapshot(URI, position)
        assert snapshot is not None
        reference = self.reference
        assert list(snapshot.text.lines(0, len(snapshot.text))) == reference.lines()
        expected = reference.place(reference.offset(position.line, position.character))
        assert (snapshot.cursor.line, snapshot.cursor.column) == expected
        assert snapshot.version == self.version


def ordered(one: Position, other: Position) -> Range:
    """A range from two positions in any order."""
    return Range(min(one, other), max(one, other))


@pytest.fixture(params=[4, 512], ids=["tiny chunks", "real chunks"])
def chunk_max(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run with chunks of a few lines, so that borders are everywhere, and with real ones."""
    largest = int(request.param)
    monkeypatch.setattr(text_module, "CHUNK_MAX", largest)
    monkeypatch.setattr(text_module, "CHUNK_TARGET", largest // 2)
    monkeypatch.setattr(text_module, "CHUNK_MIN", max(2, largest // 8))
    return largest


POSITIONS = st.builds(Position, st.integers(0, 14), st.integers(0, 12))
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
CHANGES = st.builds(
    TextDocumentContentChangePartial, st.builds(ordered, POSITIONS, POSITIONS), TEXTS
)


class MirrorMachine(RuleBasedStateMachine):
    """Hypothesis looks for the shortest story that tells mirror and reference apart."""

    pair: Pair

    @initialize(source=TEXTS, encoding=st.sampled_from(PositionEncodingKind))
    def start(self, source: str, encoding: PositionEncodingKind) -> None:
        """Open the document."""
        self.pair = Pair(source, encoding)

    @rule(change=CHANGES)
    def edit(self, change: TextDocumentContentChangePartial) -> None:
        """Replace one range."""
        self.pair.change(change)

    @rule(position=POSITIONS, new=st.sampled_from(PIECES))
    def insert(self, position: Position, new: str) -> None:
        """Type one character."""
        self.pair.change(TextDocumentContentChangePartial(Range(position, position), new))

    @rule(changes=st.lists(CHANGES, max_size=3))
    def edit_together(self, changes: list[TextDocumentContentChangePartial]) -> None:
        """Replace several ranges in one notification, or none."""
        self.pair.change(*changes)

    @rule(source=TEXTS, change=CHANGES)
    def replace_all(self, source: str, change: TextDocumentContentChangePartial) -> None:
        """Send the full text between two ranges."""
        self.pair.change(change, TextDocumentContentChangeWholeDocument(source), change)

    @rule(position=POSITIONS)
    def look(self, position: Position) -> None:
        """Ask for a snapshot somewhere."""
        self.pair.compare(position)

    @invariant()
    def the_texts_agree(self) -> None:
        """After every step both hold the same lines."""
        if hasattr(self, "pair"):
            self.pair.compare(Position(0, 0))


@pytest.mark.usefixtures("chunk_max")
def test_the_mirror_is_the_text() -> None:
    """No story of edits that hypothesis tells makes the mirror differ from a plain string."""
    hypothesis_run = settings(
        max_examples=60,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    machine = MirrorMachine.TestCase
    machine.settings = hypothesis_run
    machine().runTest()


@pytest.mark.parametrize("encoding", PositionEncodingKind)
def test_long_random_edits(encoding: PositionEncodingKind, chunk_max: int) -> None:
    """Edit after edit on one document (MIDFILL_FUZZ_EDITS over six runs) equals a plain string."""
    rng = random.Random(f"{encoding} {chunk_max}")  # noqa: S311 - test data, no secret
    pair = Pair("", encoding)

    def somewhere() -> Position:
        # the last line, one beyond it, and columns inside characters and beyond the line included
        return Position(rng.randrange(pair.reference.source.count("\n") + 3), rng.randrange(9))

    for _ in range(max(1, EDITS // 6)):
        growing = len(pair.reference.source) < 250
        new = "".join(rng.choices(PIECES, k=rng.randrange(8 if growing else 3)))
        first = somewhere()
        # mostly short ranges, or the document would stay a few lines long
        near = Position(max(0, first.line + rng.randrange(-1, 2)), rng.randrange(9))
        last = rng.choices([first, near, somewhere()], [60, 38, 2])[0]
        pair.change(TextDocumentContentChangePartial(ordered(first, last), new))
        pair.compare(somewhere())


def test_large_documents_survive_large_edits() -> None:
    """Pastes and deletions of thousands of lines keep the mirror equal to a plain string."""
    rng = random.Random(11)  # noqa: S311 - test data, no secret
    pair = Pair("line\r\n" * 3000, PositionEncodingKind.Utf16)
    for _ in range(60):
        lines = pair.reference.source.count("\n") + 1
        first = Position(rng.randrange(lines), rng.randrange(6))
        last = Position(min(lines, first.line + rng.choice([0, 1, 300, 1500])), rng.randrange(6))
        new = rng.choice(["\N{GRINNING FACE}", "\r", "\n", "x\r\ny", "p\r\n" * 900])
        pair.change(TextDocumentContentChangePartial(ordered(first, last), new))
        pair.compare(last)
