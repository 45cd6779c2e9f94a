"""Text scores: pure functions of a completion and the expected answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one completion.

    Attributes:
        em1: the first line equals the answer, blanks at the ends aside; for an answer of k lines,
            the first k lines with text have its words.
        em: the whole completion equals the answer, blanks at the ends aside.
        es: 100 * (1 - Levenshtein / length of the longer) over as many lines as the answer has.
        id_em: the identifiers of these lines are the answer's, in order.
        over: the completion is the answer and goes on.
        first_id: its first identifier is the answer's first; True when the answer has none.
        empty: nothing was offered.
    """

    em1: bool
    em: bool
    es: float
    id_em: bool
    over: bool
    first_id: bool
    empty: bool


def score(completion: str, answer: str) -> Score:
    """Compare a completion with the answer."""
    cut = cut_to_answer(completion, answer)
    text, want = completion.strip(), answer.strip()
    several = "\n" in want
    got_ids, want_ids = identifiers(cut), identifiers(answer)
    return Score(
        em1=cut.split() == answer.split() if several else first_line(completion).strip() == want,
        em=text == want,
        es=edit_similarity(cut, answer),
        id_em=got_ids == want_ids,
        over=len(text) > len(want) and text.startswith(want),
        first_id=got_ids[:1] == want_ids[:1] if want_ids else True,
        empty=not text,
    )


def levenshtein(a: str, b: str) -> int:
    """Least number of one-character insertions, deletions and substitutions from `a` to `b`."""
    if len(a) < len(b):
        a, b = b, a
    previous = list(range(len(b) + 1))
    for row, char_a in enumerate(a, 1):
        current = [row]
        for column, char_b in enumerate(b, 1):
            substituted = previous[column - 1] + (char_a != char_b)
            current.append(min(previous[column] + 1, current[-1] + 1, substituted))
        previous = current
    return previous[-1]


def edit_similarity(got: str, want: str) -> float:
    """100 * (1 - Levenshtein / length of the longer), both stripped; 100 for two empty texts."""
    got, want = got.strip(), want.strip()
    longer = max(len(got), len(want))
    return 100.0 * (1 - levenshtein(got, want) / longer) if longer else 100.0


def first_line(completion: str) -> str:
    r"""The line that is judged: the second one where the text opens with "\n" or " \n"."""
    lines = completion.split("\n")
    return lines[1] if completion.startswith(("\n", " \n")) else lines[0]


def cut_to_answer(completion: str, answer: str) -> str:
    """As many lines with text of the completion as the answer has."""
    count = sum(1 for line in answer.split("\n") if line.strip())
    return "\n".join([line for line in completion.split("\n") if line.strip()][:count])


def identifiers(text: str) -> list[str]:
    """Identifiers and keywords in order of appearance."""
    return _IDENTIFIER.findall(text)
