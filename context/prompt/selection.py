"""Selection: which candidates go into a prompt, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from context.candidate import CandidateKind
from context.prompt.novelty import names_in, without_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from context.candidate import Candidate

MOST_PIECES: Final = 12
LEAST_SCORE: Final = 0.1

_ALIKE = 0.6
"""A piece so much of which stands elsewhere says nothing new."""
_TELLING = 4
"""Characters from which on a line tells anything: not `}`, not `)`."""
_VERBATIM = frozenset({CandidateKind.WINDOW, CandidateKind.EDIT})
_LEAST_TOKENS = 16
"""Less room than this is not worth a cut piece; a whole one may be shorter."""


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A candidate and the verdict on it.

    Attributes:
        candidate: with the text that went into the prompt, which may be cut.
        chosen: whether it did.
        tokens: what it takes there, or would take.
        why: the verdict, for people.
    """

    candidate: Candidate
    chosen: bool
    tokens: int
    why: str


def ordered(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first; ties in an order that does not depend on how candidates were found.

    Outlines come before windows: they tell a name in half the tokens (docs/lab/context-study.md).
    """

    def key(one: Candidate) -> tuple[bool, float, str, str, str]:
        return one.kind is CandidateKind.WINDOW, -one.score, one.kind, one.location, one.text

    return sorted(candidates, key=key)


def choose(
    candidates: Iterable[Candidate], room: int, count: Callable[[Candidate], int], shown: str
) -> list[RankedCandidate]:
    """Choose candidates, best first, until the budget is used.

    Args:
        candidates: in any order.
        room: tokens there are for all of them.
        count: tokens that a candidate takes, its path included.
        shown: text of the current file that may stand in the prompt.
    """
    judged: list[RankedCandidate] = []
    told, names = _telling(shown), names_in(shown)
    left, pieces = room, 0
    for whole in ordered(candidates):
        candidate = whole if whole.kind in _VERBATIM else without_known(whole, names)
        tokens = count(candidate)
        lines = _telling(candidate.text)
        reason = ""
        if candidate.score < LEAST_SCORE:
            reason = "scores too little"
        elif not lines:
            reason = "says nothing new"
        elif len(lines & told) >= _ALIKE * len(lines):
            reason = "stands in the prompt already"
        elif pieces >= MOST_PIECES:
            reason = f"more than {MOST_PIECES} pieces"
        elif left < min(tokens, _LEAST_TOKENS):
            reason = "no room left"
        if reason:
            judged.append(RankedCandidate(candidate, False, tokens, reason))
            continue
        fitting = candidate if tokens <= left else _cut(candidate, left, count)
        if fitting is None:
            judged.append(RankedCandidate(candidate, False, tokens, f"no room: {left} tokens left"))
            continue
        lines_in = fitting.text.count("\n")
        why = "fits" if fitting is candidate else f"its first {lines_in} lines fit"
        tokens = count(fitting)
        judged.append(RankedCandidate(fitting, True, tokens, why))
        told |= _telling(fitting.text)
        left -= tokens
        pieces += 1
    return judged


def _cut(candidate: Candidate, room: int, count: Callable[[Candidate], int]) -> Candidate | None:
    """The candidate cut to the first lines that fit, or None."""
    lines = candidate.text.splitlines(keepends=True)
    low, high = 0, len(lines) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if count(replace(candidate, text="".join(lines[:middle]))) <= room:
            low = middle
        else:
            high = middle - 1
    while low and not lines[low - 1].strip():
        low -= 1
    cut = replace(candidate, text="".join(lines[:low]))
    return cut if low and count(cut) <= room and _telling(cut.text) else None


def _telling(text: str) -> set[str]:
    rows = (row.strip() for row in text.splitlines())
    return {row for row in rows if len(row) >= _TELLING}
