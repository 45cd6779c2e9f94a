"""The simulated user: how fast they type and what they accept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from context.words import in_word

if TYPE_CHECKING:
    from random import Random

    from lsp_server.bench.keystrokes.person.habits import Habits

GAP_SIGMA = 0.35
NEWLINE_PAUSE_MS = 350
SIGN_PAUSE_MS = 120
SIGNS = ".(,="

Mode = Literal["full", "line", "word"]


@dataclass(frozen=True, slots=True)
class User:
    """Who decides on a shown text; takes only what is exactly right.

    Attributes:
        reaction_ms: how long a text must stand unchanged before it can be taken; 0 is the upper
            bound of what a server can save, 500 stands for a person.
        mode: what can be taken of a text that is right only at its start: "full" nothing, "line"
            its right lines, "word" its right words.
    """

    reaction_ms: float = 500
    mode: Mode = "line"

    def takes(self, shown: str, rest: str) -> int:
        """How many characters of `shown` to accept when `rest` is what is still to be typed."""
        right = 0
        while right < min(len(shown), len(rest)) and shown[right] == rest[right]:
            right += 1
        whole = len(shown.rstrip())
        if right >= whole:
            return whole
        if self.mode == "full":
            return 0
        end = shown[:right].rfind("\n") if self.mode == "line" else _word_end(shown, right)
        return end if end > 0 and shown[:end].strip() else 0


def _word_end(text: str, end: int) -> int:
    """The last place up to `end` that is not inside a word."""
    while 0 < end < len(text) and in_word(text[end - 1]) and in_word(text[end]):
        end -= 1
    return end


@dataclass(frozen=True, slots=True)
class Typing:
    """How the typing goes.

    Attributes:
        base_ms: median gap before a key.
        debounce_ms: how long a request waits before it goes out.
        min_show_ms: how long a text must be visible to count as seen.
        seed: seed of the typist.
        speed: simulated milliseconds that pass in one real millisecond.
        ask: when a request goes out after a key: "unshown" when its text is not already shown,
            "always" at every key, as some editors do.
        zero_latency: the clock of the typist stops while a request is pending.
        habits: those of a person at an editor; None for a typist who makes no mistakes in a text
            without an editor.
    """

    base_ms: float = 200
    debounce_ms: float = 0
    min_show_ms: float = 250
    seed: int = 0
    speed: float = 1.0
    ask: Literal["unshown", "always"] = "unshown"
    zero_latency: bool = False
    habits: Habits | None = None

    def gap_ms(self, last: str, random: Random) -> float:
        """Time until the next key, after the character `last` ("" at the start).

        Log-normal around `base_ms`, longer after a newline and after one of `.` `(` `,` `=`.
        """
        gap = self.base_ms * math.exp(random.gauss(0, GAP_SIGMA))
        if last == "\n":
            gap += NEWLINE_PAUSE_MS
        elif last and last in SIGNS:
            gap += SIGN_PAUSE_MS
        return gap
