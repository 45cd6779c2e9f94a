"""What a person does besides pressing the right keys, with the rate of each.

All is drawn from the seed, the task and the place in the text alone, so that every server meets the
same person at the same place, whatever was accepted before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORTEST_LINE: Final = 12
"""Characters of a line that somebody may write otherwise at first."""
_SAME_START: Final = 3
"""Characters that must agree before somebody takes a text for the right one."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Rates are shares of the chances; times are milliseconds.

    The rates are guesses of a plausible size, not measurements; figures of two servers are compared
    under the same ones.

    Attributes:
        typo: of letters: a neighbour's key is hit, and noticed up to `notice_keys` keys later.
        notice_keys: most keys that are typed behind a typo before it is noticed.
        notice_ms: until the hand goes to Backspace, and until a wrong accept is undone.
        backspace_ms: between two strokes of Backspace.
        pause: of lines: a pause to think before their first character.
        pause_ms: its median (log-normal, sigma 0.6).
        rewrite: of lines of 12 characters and more: another line is written first, and deleted.
        away: of lines: the cursor goes elsewhere before them, and comes back.
        away_ms: its median.
        misjudge: of shown texts that begin right and go on wrong: taken, and undone.
        travel_ms: from one change of a file to the next.
    """

    typo: float = 0.015
    notice_keys: int = 3
    notice_ms: float = 500
    backspace_ms: float = 130
    pause: float = 0.35
    pause_ms: float = 1200
    rewrite: float = 0.05
    away: float = 0.04
    away_ms: float = 2500
    misjudge: float = 0.08
    travel_ms: float = 1500


@dataclass(frozen=True, slots=True)
class Typo:
    """A wrong key, and how many right ones follow before it is noticed."""

    char: str
    more: int


class Person:
    """One person at one task."""

    def __init__(self, habits: Habits, seed: int, task_id: str) -> None:
        self.habits = habits
        self._seed = f"{seed}:{task_id}"

    def draw(self, what: str, place: object) -> Random:
        """Chance for one thing at one place."""
        return Random(f"{self._seed}:{what}:{place}")  # noqa: S311 -- a typist, not a key

    def typo(self, goal: str, at: int, place: object) -> Typo | None:
        """The typo that happens at a character, None mostly; only inside of words."""
        char = goal[at]
        random = self.draw("typo", place)
        row = next((row for row in _ROWS if char.lower() in row), "")
        if not row or random.random() >= self.habits.typo:
            return None
        more = random.randint(0, self.habits.notice_keys)
        run = goal[at + 1 : at + 1 + more]
        if len(run) < more or not all(one.isalnum() or one in "_ " for one in run):
            more = 0
        beside = row.index(char.lower())
        wrong = row[beside + 1] if beside + 1 < len(row) else row[beside - 1]
        return Typo(wrong, more)

    def thinks_ms(self, place: object) -> float:
        """How long the person thinks before a line, 0 for mostly."""
        random = self.draw("pause", place)
        if random.random() >= self.habits.pause:
            return 0
        return self.habits.pause_ms * math.exp(random.gauss(0, 0.6))

    def away_ms(self, place: object) -> float:
        """How long the cursor is elsewhere before a line, 0 for mostly."""
        random = self.draw("away", place)
        if random.random() >= self.habits.away:
            return 0
        return self.habits.away_ms * math.exp(random.gauss(0, 0.4))

    def other_line(self, line: str, lines: Sequence[str], place: object) -> str:
        """What is written first where `line` comes in the end, "" mostly.

        It begins like the line and goes on like one of the file's other `lines`.
        """
        random = self.draw("rewrite", place)
        if len(line) < _SHORTEST_LINE or random.random() >= self.habits.rewrite:
            return ""
        others = [one.strip() for one in lines if len(one.strip()) >= _SHORTEST_LINE]
        others = [one for one in others if one != line.strip() and one[0].isalnum()]
        if not others:
            return ""
        other = random.choice(others)
        kept = random.randint(0, len(line) // 2)
        while 0 < kept < len(line) and line[kept - 1].isalnum() and line[kept].isalnum():
            kept -= 1
        gone = other.find(" ") + 1 if kept else 0
        first = line[:kept] + other[gone:]
        return first if first.rstrip() != line.rstrip() else ""

    def misjudges(self, shown: str, rest: str, place: object) -> bool:
        """Whether a text that begins right and goes on wrong is taken all the same."""
        shown, rest = shown.lstrip(), rest.lstrip()
        begins_right = shown[:_SAME_START] == rest[:_SAME_START]
        if not begins_right or len(shown) <= _SAME_START or rest.startswith(shown.rstrip()):
            return False
        return self.draw("misjudge", place).random() < self.habits.misjudge
