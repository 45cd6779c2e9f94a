"""Recent edits: what changed last in the workspace, before and after."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from context.candidate import Candidate, CandidateKind
from context.prompt.anchor import unix

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.text import Text

MOST_EDITS: Final = 8
MOST_LINES: Final = 8
"""Lines of each side of an edit that are told; a longer edit is no short piece."""
_NEAR: Final = 6
"""Changes so many lines apart are one edit."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A run of changes at one place of one document.

    Attributes:
        location: absolute path of the file.
        path: what the model is told.
        language: LSP language identifier.
        before: the text before the first change.
        after: the text after the last one.
        line: 0-based line of the last change.
    """

    location: str
    path: str
    language: str
    before: Text
    after: Text
    line: int

    def hunk(self) -> tuple[list[str], list[str]]:
        """Lines that were there before and lines that are there now, without line endings."""
        old, new = self.before, self.after
        place = old.first_difference(new)
        if place is None:
            return [], []
        first = place[0]
        height = min(len(old), len(new)) - first
        shared = 0
        while shared < height and (
            old.line(len(old) - 1 - shared) == new.line(len(new) - 1 - shared)
        ):
            shared += 1
        return _lines(old, first, shared), _lines(new, first, shared)


class RecentEdits:
    """The last few edits; noting one keeps two texts, which share nearly all of their lines."""

    def __init__(self) -> None:
        self._edits: deque[Edit] = deque(maxlen=MOST_EDITS)

    def copy(self) -> RecentEdits:
        """The edits as they are now."""
        copied = RecentEdits()
        copied._edits.extend(self._edits)
        return copied

    def note(self, edit: Edit) -> None:
        """A change happened; one near the last of the same file continues it."""
        last = self._edits[-1] if self._edits else None
        joins = (
            last is not None
            and last.location == edit.location
            and last.after is edit.before
            and abs(last.line - edit.line) <= _NEAR
        )
        if last is not None and joins:
            self._edits[-1] = replace(edit, before=last.before)
        else:
            self._edits.append(edit)

    def forget(self, location: str) -> None:
        """Drop a file's edits (the file was closed, or may not be told any longer)."""
        kept = [edit for edit in self._edits if edit.location != location]
        self._edits = deque(kept, maxlen=MOST_EDITS)

    def gather(self, location: str, line: int, mask: Callable[[str], str]) -> list[Candidate]:
        """The edits as candidates, the newest first; the one at the cursor is left out.

        Args:
            location: the file being edited.
            line: 0-based line of the cursor.
            mask: hides secrets.
        """
        found: list[Candidate] = []
        for age, edit in enumerate(reversed(self._edits)):
            if edit.location == location and abs(edit.line - line) <= _NEAR:
                continue
            before, after = edit.hunk()
            if max(len(before), len(after)) > MOST_LINES:
                continue
            removed = "".join(f"- {text}\n" for text in before if text.strip())
            added = "".join(f"+ {text}\n" for text in after if text.strip())
            if removed + added:
                found.append(
                    Candidate(
                        kind=CandidateKind.EDIT,
                        location=edit.location,
                        path=edit.path,
                        language=edit.language,
                        text=mask(removed + added),
                        score=round(0.6 * 0.8**age, 3),
                        reason=f"edit {age + 1} of the last {len(self._edits)}",
                    )
                )
        return found


def _lines(text: Text, first: int, shared: int) -> list[str]:
    rows = text.lines(first, min(len(text) - shared, first + MOST_LINES + 1))
    return [unix(row).rstrip("\n") for row in rows]
