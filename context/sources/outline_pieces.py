"""From chosen definitions to candidates: grouped by file, best first, bounded in size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from context.candidate import Candidate, CandidateKind
from context.sources.usage import where

if TYPE_CHECKING:
    from collections.abc import Iterable

    from context.access.files import SourceFile
    from context.sources.usage import Usage
    from context.syntax.outline import Definition, Interest

MAX_LINES: Final = 24
MAX_CHARS: Final = 1200
MAX_CANDIDATES: Final = 24
MAX_DEFINITION_LINES: Final = 14

_TIERS = (0.9, 0.75, 0.6, 0.45, 0.0)
"""Definitions of one file whose scores lie between the same two of these share a candidate."""

ALONE: Final = 0.9
"""From this score on a definition stands alone, its members without documentation."""

_NAMES = 3


@dataclass(frozen=True, slots=True)
class Pick:
    """A definition that the code at the cursor may need.

    Attributes:
        file: where it is defined.
        definition: what.
        score: from 0 to 1.
        distance: line of its nearest use, relative to the cursor's; None when it has none.
        note: why, when not for its use: `base of Store`.
    """

    file: SourceFile
    definition: Definition
    score: float
    distance: int | None = None
    note: str = ""

    def weighed(self, share: float) -> Pick:
        """The same with a part of its score."""
        return replace(self, score=self.score * share)


def candidates(kind: CandidateKind, picks: Iterable[Pick], usage: Usage) -> list[Candidate]:
    """The best candidates first, at most `MAX_CANDIDATES`."""
    best: dict[tuple[str, int, str], Pick] = {}
    for pick in picks:
        key = (pick.file.location, pick.definition.row, pick.definition.name)
        if key not in best or best[key].score < pick.score:
            best[key] = pick
    groups: dict[tuple[str, int, str], list[Pick]] = {}
    for pick in best.values():
        tier = next(index for index, least in enumerate(_TIERS) if pick.score >= least)
        alone = pick.definition.name if pick.score >= ALONE else ""
        groups.setdefault((pick.file.location, tier, alone), []).append(pick)
    interest = usage.interest()
    made = [_candidate(kind, group, interest) for group in groups.values()]
    made.sort(key=lambda candidate: (-candidate.score, candidate.location, candidate.text))
    return made[:MAX_CANDIDATES]


def _candidate(kind: CandidateKind, group: list[Pick], interest: Interest) -> Candidate:
    group.sort(
        key=lambda pick: (
            -pick.score,
            interest.rank(pick.definition.name),
            pick.definition.row,
            pick.definition.name,
        )
    )
    chosen: list[tuple[int, Pick, list[str]]] = []
    lines = chars = 0
    texts: set[tuple[str, ...]] = set()
    for pick in group:
        limit = MAX_DEFINITION_LINES if chosen or len(group) > 1 else MAX_LINES
        shown = pick.definition.plain() if pick.score >= ALONE else pick.definition
        text = shown.render(limit, interest)
        size = sum(len(line) + 1 for line in text)
        if tuple(text) in texts or (
            chosen and (lines + len(text) > MAX_LINES or chars + size > MAX_CHARS)
        ):
            continue
        texts.add(tuple(text))
        chosen.append((pick.definition.row, pick, text))
        lines, chars = lines + len(text), chars + size
    picks = [pick for _, pick, _ in chosen]
    chosen.sort(key=lambda entry: entry[0])
    body = "".join(f"{line}\n" for _, _, text in chosen for line in text)
    file = picks[0].file
    return Candidate(
        kind=kind,
        location=file.location,
        path=file.path,
        language=file.language,
        text=_bounded(body),
        score=picks[0].score,
        reason=_reason(picks),
    )


def _bounded(text: str) -> str:
    """The text, cut after the last line that ends within `2 * MAX_CHARS`."""
    limit = 2 * MAX_CHARS
    return text if len(text) <= limit else text[: text.rfind("\n", 0, limit) + 1]


def _reason(picks: list[Pick]) -> str:
    names = list(dict.fromkeys(pick.definition.name for pick in picks))
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    first = picks[0]
    return f"defines {', '.join(names[:_NAMES])}{more}, {first.note or where(first.distance)}"
