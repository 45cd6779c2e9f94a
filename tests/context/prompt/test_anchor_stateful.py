"""Anchors against a plain string, under random edits: a prompt that fits must be the true one.

The reference is one text and an offset; it knows nothing of lines, windows or budgets.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from context.prompt.anchor import CLOSERS, unix
from context.prompt.maker import PromptMaker, Stable
from context.settings import PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.fake import FakeEngine

PIECES = ["a", "b(", ")", "\n", "\r\n", "    ", "x = 1\n", "é", "🙂", "\u2028", '"']
START = "".join(f"def f{number}():\n    return {number}\n\n" for number in range(6))
MAX_LIVE = 40
URI = "file:///space/a.py"


class Typing(RuleBasedStateMachine):
    """One document, one cursor, and every stable part that was ever made for it."""

    @initialize(crlf=st.booleans(), budget=st.sampled_from([30, 200, 2000]))
    def begin(self, crlf: bool, budget: int) -> None:
        """A document, its endings, and a budget that does or does not cut it."""
        engine = FakeEngine()
        chosen = PromptSettings(live_tokens=MAX_LIVE, max_tokens=max(64, budget))
        self.maker = PromptMaker(engine.tokenizer, engine.family, chosen, budget)
        self.text = START.replace("\n", "\r\n") if crlf else START
        self.offset = len(self.text) // 2
        self.stables: list[tuple[Stable, str, str]] = []

    @rule(piece=st.sampled_from(PIECES))
    def type(self, piece: str) -> None:
        """Keys at the cursor."""
        self.text = self.text[: self.offset] + piece + self.text[self.offset :]
        self.offset += len(piece)

    @rule(count=st.integers(1, 6))
    def delete(self, count: int) -> None:
        """Backspace."""
        begin = max(0, self.offset - count)
        self.text = self.text[:begin] + self.text[self.offset :]
        self.offset = begin

    @rule(place=st.floats(0, 1), piece=st.sampled_from(PIECES))
    def edit_elsewhere(self, place: float, piece: str) -> None:
        """Another program's edit; the cursor stays with its text."""
        at = int(place * len(self.text))
        self.text = self.text[:at] + piece + self.text[at:]
        self.offset += len(piece) if at <= self.offset else 0

    @rule(place=st.floats(0, 1))
    def jump(self, place: float) -> None:
        """The cursor goes elsewhere."""
        self.offset = int(place * len(self.text))

    @rule()
    def make(self) -> None:
        """A new anchor at the cursor."""
        prompt = self.maker.make(self.snapshot())
        self.stables.append((prompt.stable, self.text[: self.offset], self.text[self.offset :]))

    @invariant()
    def what_fits_is_true(self) -> None:
        """Prefix and live text are what stands before the cursor, the suffix what stands behind."""
        snapshot = self.snapshot()
        before = unix(str(snapshot.text.slice((0, 0), self.place())))
        rest = snapshot.line_after
        closers = len(rest) if rest and CLOSERS.issuperset(rest) else 0
        line, column = self.place()
        end = (len(snapshot.text) - 1, len(snapshot.text.line(len(snapshot.text) - 1)))
        after = unix(str(snapshot.text.slice((line, column + closers), end)))
        for stable, head, tail in self.stables:
            prompt = self.maker.extend(stable, snapshot)
            typed = self.text[len(head) :][: self.offset - len(head)]
            if prompt is None:
                forward = self.text.startswith(head) and self.text == head + typed + tail
                assert not (forward and typed.isalpha() and len(typed) < 8)
                continue
            window = stable.window
            assert before.endswith(unix(window.prefix) + prompt.live_text)
            assert after.startswith(unix(window.suffix))
            assert not window.whole_suffix or after == unix(window.suffix)
            assert prompt.stable is stable
            assert len(prompt.live) <= MAX_LIVE

    def place(self) -> tuple[int, int]:
        """Line and column of the cursor, which is never inside a line ending."""
        if self.text[self.offset - 1 : self.offset + 1] == "\r\n" and self.offset:
            self.offset += 1
        head = Text.of(self.text[: self.offset])
        return len(head) - 1, len(head.line(len(head) - 1))

    def snapshot(self) -> Snapshot:
        """As the server would see it."""
        cursor = Cursor(*self.place())
        return Snapshot(URI, "a.py", "python", 1, Text.of(self.text), cursor)


TestAnchors = Typing.TestCase
TestAnchors.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
