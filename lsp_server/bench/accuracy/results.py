"""Results of an evaluation: in memory, and as a JSON file.

    {"kind": "eval", "format": 1, "environment": {...}, "options": {...}, "skipped": {...},
     "interrupted": false, "figures": [{"set", "lang", "n", ...}],
     "rows": [{"id", "set", "lang", "shown", "decoded", "passed", "message", "prompt_tokens"}]}

Shares are percent. `figures` is for readers; it is made anew from the rows when a file is read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lsp_server.bench.accuracy.scores import Score
from lsp_server.bench.errors import ResultFileError
from lsp_server.bench.result_files import Format
from lsp_server.bench.statistics import mcnemar, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FORMAT: Final = Format("eval", 1, "midfill eval --out")
FLAGS = ("em1", "em", "id_em", "over", "first_id")
"""Scores that are right or wrong."""


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One task: what was shown, how right it is, and whether its program passed its tests.

    Attributes:
        shown: the text a user would see, "" for nothing.
        decoded: all that the model wrote.
        score: of `shown`.
        passed: None where nothing was run.
        message: why it did not pass, or why nothing was run.
    """

    id: str
    set: str
    lang: str
    shown: str
    decoded: str
    score: Score
    passed: bool | None = None
    message: str = ""
    prompt_tokens: int = 0


@dataclass
class AccuracyResults:
    """Everything that one run found."""

    environment: dict[str, Any]
    options: dict[str, Any]
    skipped: dict[str, str] = field(default_factory=dict)
    rows: list[AccuracyRow] = field(default_factory=list)
    interrupted: bool = False

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all.

        Raises:
            ResultFileError: the file cannot be written.
        """
        FORMAT.save(path, {**asdict(self), "figures": figures(self.rows)})


def load(path: Path) -> AccuracyResults:
    """Read a result file.

    Raises:
        ResultFileError: no such file, not a result of `midfill eval`, damaged, or another format.
    """
    return FORMAT.load(
        path,
        lambda found: AccuracyResults(
            environment=found["environment"],
            options=found["options"],
            skipped=found["skipped"],
            rows=[AccuracyRow(**{**row, "score": Score(**row["score"])}) for row in found["rows"]],
            interrupted=found["interrupted"],
        ),
    )


def figures(rows: Iterable[AccuracyRow]) -> list[dict[str, Any]]:
    """One line for each set and language, and one for each set as a whole."""
    groups: dict[tuple[str, str], list[AccuracyRow]] = defaultdict(list)
    for row in rows:
        groups[row.set, "all"].append(row)
        groups[row.set, row.lang].append(row)
    single = {name for name, _ in groups if sum(key[0] == name for key in groups) == 2}  # noqa: PLR2004
    return [
        {"set": name, "lang": lang, **_figures(group)}
        for (name, lang), group in sorted(groups.items())
        if not (lang == "all" and name in single)
    ]


def _figures(rows: Sequence[AccuracyRow]) -> dict[str, Any]:
    count = len(rows)
    found: dict[str, Any] = {"n": count, "offered": _share(not row.score.empty for row in rows)}
    found |= {name: _share(getattr(row.score, name) for row in rows) for name in FLAGS}
    found["es"] = sum(row.score.es for row in rows) / count
    found["wrong"] = _share(not (row.score.em1 or row.score.empty) for row in rows)
    low, high = wilson(sum(row.score.em1 for row in rows), count)
    found["em1_95"] = [100 * low, 100 * high]
    judged = [row for row in rows if row.passed is not None]
    passed = sum(bool(row.passed) for row in judged)
    low, high = wilson(passed, len(judged))
    found["judged"] = len(judged)
    found["pass"] = 100 * passed / len(judged) if judged else None
    found["pass_95"] = [100 * low, 100 * high] if judged else None
    return found


def _share(flags: Iterable[bool]) -> float:
    seen = list(flags)
    return 100 * sum(seen) / len(seen)


@dataclass(frozen=True, slots=True)
class Paired:
    """One score of two runs over the tasks that both have, by set.

    Attributes:
        a, b: percent.
        only_a, only_b: tasks that only one of them gets right.
        p: of the exact McNemar test, two-sided.
    """

    set: str
    name: str
    n: int
    a: float
    b: float
    only_a: int
    only_b: int
    p: float


def compare(a: AccuracyResults, b: AccuracyResults) -> list[Paired]:
    """Pair two runs by task, for each set and over all.

    Raises:
        ResultFileError: they have no task in common.
    """
    other = {row.id: row for row in b.rows}
    pairs = [(row, other[row.id]) for row in a.rows if row.id in other]
    if not pairs:
        message = "the two results have no task in common; were they made from the same file?"
        raise ResultFileError(message)
    names = sorted({one.set for one, _ in pairs})
    groups = {name: [pair for pair in pairs if pair[0].set == name] for name in names}
    if len(names) > 1:
        groups["all"] = pairs
    found = []
    for name, group in groups.items():
        for flag in (*FLAGS, "pass"):
            flags = [(_flag(one, flag), _flag(two, flag)) for one, two in group]
            known = [(one, two) for one, two in flags if one is not None and two is not None]
            if known:
                found.append(_pair(name, flag, known))
    return found


def _flag(row: AccuracyRow, name: str) -> bool | None:
    return row.passed if name == "pass" else bool(getattr(row.score, name))


def _pair(group: str, name: str, flags: Sequence[tuple[bool, bool]]) -> Paired:
    only_a, only_b = flags.count((True, False)), flags.count((False, True))
    return Paired(
        set=group,
        name=name,
        n=len(flags),
        a=_share(one for one, _ in flags),
        b=_share(two for _, two in flags),
        only_a=only_a,
        only_b=only_b,
        p=mcnemar(only_a, only_b),
    )
