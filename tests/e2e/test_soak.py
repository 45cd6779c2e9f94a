"""Thousands of keystrokes over LSP: every one answered once, none from an older text, no growth.

The short run is part of every test run; the long one of the issue is

    MIDFILL_SOAK_KEYS=10000 pytest tests/e2e/test_soak.py -s --timeout=3600
"""

from __future__ import annotations

import collections
import os
import random
import sys
import textwrap

import psutil

from tests.e2e.wire import Wire

KEYS = int(os.environ.get("MIDFILL_SOAK_KEYS", "1000"))
SETTLED = 1000
"""Keys after which the resident set must not grow any more (half of a shorter run)."""
TOLERANCE = 0.2
STATE_MB = 8
LINES = 300

# An engine whose kept states take real memory: numpy-sized blocks, a new one for each stable part,
# given back when the budget is spent; and whose answer depends on the prompt, so that an answer
# for another text would be seen.
SCRIPT = textwrap.dedent("""
    import sys
    from engine import fake
    class Heavy(fake.FakeEngine):
        def __init__(self, **settings):
            super().__init__(kv_bytes_per_token=100_000, budget_bytes=200_000_000, **settings)
            self.states = {}
        def generate(self, request, on_token, cancel):
            if request.max_new_tokens:
                live = self.tokenizer.decode(request.live)
                self.rest = f"call_{sum(map(ord, live.strip())) % 97}(value, other)"
            self.history.clear()  # a test's own notes are no leak of the server's
            generation = super().generate(request, on_token, cancel)
            for stable in self._kept - self.states.keys():
                self.states[stable] = bytearray(STATE_MB << 20)
            for stable in self.states.keys() - self._kept:
                del self.states[stable]
            return generation
    fake.FakeEngine = Heavy
    from lsp_server.cli import run
    sys.exit(run(["serve", *sys.argv[1:]]))
""").replace("STATE_MB", str(STATE_MB))


class Typist:
    """A mirror of the document that types, deletes, accepts, jumps and breaks lines."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.dice = random.Random(7)  # noqa: S311 - the same keys every time
        self.lines = [f"value_{number} = {number}  # line" for number in range(LINES)]
        self.line, self.column = 5, 0
        self.asked: list[tuple[int, str]] = []
        self.ghost = ""
        wire.open("\n".join(self.lines) + "\n")

    def press(self) -> None:
        """One key, then a request for the place behind it."""
        roll = self.dice.random()
        if roll < 0.02:
            self.line, self.column = self.dice.randrange(len(self.lines)), 0
        elif roll < 0.1 and self.column:
            self.replace(self.column - 1, self.column, "")
        elif roll < 0.14 and len(self.lines) < 2 * LINES:
            self.break_line()
        elif roll < 0.2 and self.ghost:
            self.replace(self.column, self.column, self.ghost.split("\n", maxsplit=1)[0])
        elif self.ghost and roll < 0.8:
            self.replace(self.column, self.column, self.ghost[0].replace("\n", " "))
        else:
            self.replace(self.column, self.column, self.dice.choice("abc_ =.(1"))
        if self.column > 100:
            self.replace(0, self.column, "")
        number = self.wire.want(self.line, self.column)
        self.asked.append((number, self.lines[self.line][: self.column]))

    def replace(self, start: int, end: int, new: str) -> None:
        """Change a part of the cursor's line."""
        self.wire.edit((self.line, start), (self.line, end), new)
        line = self.lines[self.line]
        self.lines[self.line] = line[:start] + new + line[end:]
        self.column = start + len(new)

    def break_line(self) -> None:
        """Enter."""
        self.wire.edit((self.line, self.column), (self.line, self.column), "\n")
        line = self.lines[self.line]
        self.lines[self.line : self.line + 1] = [line[: self.column], line[self.column :]]
        self.line, self.column = self.line + 1, 0

    def check(self, number: int, before: str) -> int:
        """Whether something was offered; it must fit the text that the request was made for."""
        items = self.wire.answer(number)["items"]
        for item in items:
            assert item["insertText"].startswith(before)
            assert item["range"]["end"]["character"] == len(before)
        if (number, before) == self.asked[-1]:
            self.ghost = items[0]["insertText"][len(before) :] if items else ""
        return len(items)


def test_thousands_of_keys_leave_no_trace() -> None:
    """Every request is answered once and for its own text, and the resident set stays flat."""
    with Wire("--log-level", "error", command=(sys.executable, "-c", SCRIPT)) as wire:
        wire.initialize()
        typist = Typist(wire.ready())
        process = psutil.Process(wire.process.pid)
        sizes: list[int] = []
        offered = 0
        for key in range(KEYS):
            typist.press()
            if key % 3:  # now and then two keys come before the first answer
                offered += sum(typist.check(*asked) for asked in typist.asked[-2:])
            sizes.append(process.memory_info().rss)
        offered = sum(typist.check(*asked) for asked in typist.asked)  # the last are awaited here
        counts = collections.Counter(map(len, tuple(wire.responses.values())))
        stats = wire.stats()
        assert set(counts) == {1}
        assert all(len(wire.responses[number]) == 1 for number, _ in typist.asked)
        assert stats["faults"] == {}
        assert stats["document_faults"] == {}
        assert offered > KEYS / 5  # quiet after a deletion, and inside words
        assert stats["state_bytes"] <= stats["state_budget_bytes"]
        settled = min(SETTLED, KEYS // 2)
        base, most = max(sizes[:settled]), max(sizes[settled:])
        sys.stdout.write(
            f"\n{KEYS} keys, {offered} offered, sources {stats['sources']}, resident "
            f"{sizes[0] >> 20} MB at first, {base >> 20} MB until {settled}, then {most >> 20} MB\n"
        )
        assert most < base * (1 + TOLERANCE)
        assert wire.leave() == 0
    assert wire.stderr == b""
