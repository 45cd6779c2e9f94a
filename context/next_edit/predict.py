"""The next edit: the rules' findings, weighed, joined, and checked before one is offered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind, Sheet
from context.next_edit.index import LineIndex
from context.next_edit.log import EditLog
from context.next_edit.offers import PastOffers
from context.next_edit.rules.blocks import due_blocks
from context.next_edit.rules.calls import due_arguments
from context.next_edit.rules.missing import due_imports
from context.next_edit.rules.parallel import due_rows
from context.next_edit.rules.places import due_places
from context.next_edit.safety import Taboo, fits, safe
from context.next_edit.scorecard import Scorecard, shipped
from context.next_edit.trees import TreeMirror
from context.next_edit.weigh import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from context.next_edit.log import LoggedChange
    from context.next_edit.rules.missing import Lookup
    from context.text import Text

MOST_CARRIED: Final = 8
"""Changes that are carried on, the newest first; older ones only support them."""
MOST_FILES: Final = 8
"""Other files that are looked at."""
RULES: Final = (due_places, due_blocks, due_rows, due_arguments)
_MOST_CHECKED: Final = 5
_JOINED: Final = 0.35
"""Confidence of an edit that is joined to a neighbour."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file in which an edit may be due.

    Attributes:
        uri: the document.
        language: LSP language identifier.
        text: its text now.
    """

    uri: str
    language: str
    text: Text


@dataclass(frozen=True, slots=True)
class Prediction:
    """An edit that is due.

    Attributes:
        uri: the document.
        line: 0-based first line that is replaced.
        old: the lines replaced, without endings; () to insert whole lines before `line`.
        new: what they become, without endings; () to take them out.
        kind: the rule that found it, or the least sure of several.
        reason: for people.
        confidence: how often such predictions are right, 0 to 1.
        traits: what the confidence was made of, see `weigh`.
        parts: the findings it was joined of.
    """

    uri: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    kind: EditKind
    reason: str
    confidence: float
    traits: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)
    parts: tuple[Due, ...] = field(default=(), compare=False, repr=False)

    @property
    def end(self) -> int:
        """The line behind the replaced ones."""
        return self.line + len(self.old)

    def applied(self, text: Text) -> Text:
        """A text after the edit; new lines take the ending of the text."""
        return text.replace(*self.change(text))

    def change(self, text: Text) -> tuple[tuple[int, int], tuple[int, int], str]:
        """The edit as (start, end, new text), places being line and column in code points."""
        ending = _ending(text)
        start, end = (self.line, 0), (self.end, 0)
        new = "".join(line + ending for line in self.new)
        if self.end < len(text):
            return start, end, new
        new = new.removesuffix(ending)  # the last line has no ending to replace
        end = text.end
        if not self.old:
            return end, end, ending + new
        if not self.new and self.line > 0:
            above = text.line(self.line - 1)
            start = (self.line - 1, len(above.rstrip("\r\n")))
        return start, end, new


class NextEdits:
    """The predictor: notes what the user changes, and says what is due next."""

    def __init__(self, scorecard: Scorecard | None = None) -> None:
        self.log = EditLog()
        self._scorecard = scorecard or shipped()
        self._sheets: dict[str, tuple[LineIndex, TreeMirror]] = {}
        self._offers = PastOffers()

    def note(self, uri: str, language: str, before: Text, after: Text, time_s: float) -> None:
        """A document changed; see `EditLog.note`."""
        self.log.note(uri, language, before, after, time_s)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self.log.forget(uri)
        self._sheets.pop(uri, None)

    def dismiss(self, prediction: Prediction, text: Text) -> None:
        """The user does not want this one; it does not come back."""
        self._offers.dismiss(prediction.parts, len(text))

    def predict(
        self,
        current: OpenFile,
        cursor: int | None = None,
        others: Sequence[OpenFile] = (),
        lookup: Lookup | None = None,
    ) -> Prediction | None:
        """What is due next, None when nothing is sure enough.

        Args:
            current: the file that was edited.
            cursor: 0-based line of the cursor, which stays as it is.
            others: further files; those of the same language are looked at.
            lookup: the import lines that would bring a name into `current`; () for none known.
        """
        files = {file.uri: file for file in (*others, current)}
        least = self._scorecard.threshold
        for one in self.ranked(current, cursor, others, lookup, least=least):
            self.shown(one, files[one.uri].text)
            return one
        return None

    def shown(self, prediction: Prediction, text: Text) -> None:
        """Remember an offer: when the user goes on with something else, it is not repeated."""
        self._offers.shown(prediction.parts, len(text), self.log.newest)

    def ranked(
        self,
        current: OpenFile,
        cursor: int | None = None,
        others: Sequence[OpenFile] = (),
        lookup: Lookup | None = None,
        *,
        least: float = 0.0,
    ) -> Iterator[Prediction]:
        """Everything that may be due and harms nothing, the surest first; see `predict`.

        Args:
            current: the file that was edited.
            cursor: 0-based line of the cursor.
            others: further files.
            lookup: the import lines that would bring a name.
            least: the least confidence of interest.
        """
        files = {current.uri: current} | {
            file.uri: file for file in others if file.language == current.language
        }
        changes = [change for change in self.log.changes if change.language == current.language]
        if not changes:
            return
        sheets = {
            file.uri: self._sheet(file, cursor if file is current else None)
            for file in islice(files.values(), MOST_FILES + 1)
        }
        taboo = Taboo(self.log)
        dues = [
            due
            for change in changes[: -MOST_CARRIED - 1 : -1]
            for sheet in sheets.values()
            for rule in RULES
            for due in rule(change, sheet)
            if not taboo.forbids(due)
        ]
        if lookup is not None:
            newest, sheet = changes[-1], sheets[current.uri]
            dues += (due for due in due_imports(newest, sheet, lookup) if not taboo.forbids(due))
        evidence = Evidence(changes, dues)
        weighed = [
            _Weighed.of(due, evidence.traits(due), self._scorecard)
            for due in dues
            if not evidence.passed(due)
            and not self._offers.unwanted(due, len(files[due.uri].text), self.log.newest)
        ]
        found = _joined(_chosen(weighed), _JOINED)
        ordered = sorted(found, key=lambda one: _rank(one, changes[-1], self._scorecard.threshold))
        for one in ordered[:_MOST_CHECKED]:
            if one.confidence < least:
                return
            sheet = sheets[one.uri]
            suited = all(fits(due, sheet) for due in one.parts)
            if not suited or not safe(one.line, one.old, one.new, sheet):
                continue
            if not self.log.was_left(one.uri, one.applied(files[one.uri].text)):
                yield one

    def _sheet(self, file: OpenFile, cursor: int | None) -> Sheet:
        index, tree = self._sheets.setdefault(file.uri, (LineIndex(), TreeMirror(file.language)))
        if index.text is not file.text:
            index.update(file.text)
            tree.update(file.text, index.bytes)  # parsed when somebody asks
        own = [change for change in self.log.changes if change.uri == file.uri]
        closed = {line for change in own for line in range(change.line, change.end)}
        closed |= {cursor} if cursor is not None else set()
        centre = own[-1].line if own else 0
        return Sheet(file.uri, file.language, index, tree, centre, frozenset(closed))


@dataclass(frozen=True, slots=True)
class _Weighed:
    due: Due
    traits: Mapping[str, float]
    confidence: float

    @classmethod
    def of(cls, due: Due, traits: Mapping[str, float], scorecard: Scorecard) -> _Weighed:
        return cls(due, traits, scorecard.confidence(traits))


def _chosen(weighed: Iterable[_Weighed]) -> list[_Weighed]:
    """The surest edit of every place, in the order of the text."""
    chosen: list[_Weighed] = []
    taken: set[tuple[str, int]] = set()
    for one in sorted(weighed, key=lambda one: -one.confidence):
        due = one.due
        rows = {(due.uri, line) for line in range(due.line, due.end)} or {(due.uri, -1 - due.line)}
        if not rows & taken:
            taken |= rows
            chosen.append(one)
    return sorted(chosen, key=lambda one: (one.due.uri, one.due.line, one.due.end))


def _joined(chosen: Iterable[_Weighed], least: float) -> list[Prediction]:
    """Edits of neighbouring lines as one."""
    found: list[Prediction] = []
    for each in chosen:
        due = each.due
        one = Prediction(
            due.uri,
            due.line,
            due.old,
            due.new,
            due.kind,
            due.reason,
            each.confidence,
            each.traits,
            (due,),
        )
        last = found[-1] if found else None
        near = last is not None and last.uri == one.uri and last.end == one.line
        if last is None or not near or min(last.confidence, one.confidence) < least:
            found.append(one)
            continue
        weaker = min(last, one, key=lambda one: one.confidence)
        found[-1] = replace(
            weaker,
            line=last.line,
            old=last.old + one.old,
            new=last.new + one.new,
            parts=last.parts + one.parts,
        )
    return found


def _rank(
    one: Prediction, newest: LoggedChange, threshold: float
) -> tuple[float, bool, bool, int, int]:
    """Of the sure ones the nearest first, downwards before upwards; the others by confidence."""
    away = one.line - newest.line
    unsure = 0.0 if one.confidence >= threshold else 1 - one.confidence
    return unsure, one.uri != newest.uri, away < 0, abs(away), one.line


def _ending(text: Text) -> str:
    first = text.line(0)
    return first[len(first.rstrip("\r\n")) :] or "\n"
