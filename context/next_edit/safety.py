"""What is never offered: an edit that takes back what was done, or breaks code that is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from context.next_edit.weigh import What, all_whats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.next_edit.due import Due, Sheet
    from context.next_edit.log import EditLog, LoggedChange

_BRACKETS: Final = "()[]{}\"'`"


class Taboo:
    """Edits that would undo a change of the user, or redo one that the user undid."""

    def __init__(self, log: EditLog) -> None:
        """What is taboo as things stand."""
        self._swapped = {(_bare(change.new), _bare(change.old)) for change in log.changes}
        self._swapped |= {(_bare(change.old), _bare(change.new)) for change in log.undone}
        self._made = _latest(log.changes)
        self._undone = _latest(log.undone)

    def forbids(self, due: Due) -> bool:
        """Whether an edit is one of those."""
        since = due.change.time_s
        backwards = tuple((new, old) for old, new in due.what)
        if self._made.get(backwards, since) > since or self._undone.get(due.what, -1.0) >= since:
            return True
        return (_bare(due.old), _bare(due.new)) in self._swapped


def _latest(changes: Sequence[LoggedChange]) -> dict[What, float]:
    """When each thing was done last."""
    return {what: change.time_s for change in changes for what in all_whats(change)}


def fits(due: Due, sheet: Sheet) -> bool:
    """Whether tokens go from code to code, from strings to strings, from comments to comments."""
    if due.source is None:
        return True
    zones = {sheet.zone(*place) for place in (due.source, *due.spots)}
    return len(zones - {""}) <= 1


def safe(line: int, old: tuple[str, ...], new: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether whole code stays whole; where no tree tells, brackets and quotes must stay."""
    text = sheet.index.text
    if text is None or line + len(old) > len(text):
        return False
    start = sheet.index.offset(line)
    end = sheet.index.offset(line + len(old))
    ending = "\r\n" if text.line(0).endswith("\r\n") else "\n"
    broken = sheet.tree.broken_by(start, end, "".join(row + ending for row in new))
    if broken is None:
        return _marks(old) == _marks(new)
    return not broken


def _bare(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines)


def _marks(lines: tuple[str, ...]) -> tuple[int, ...]:
    """How many brackets are left open, and whether quotes are paired."""
    text = "\n".join(lines)
    balance = [text.count(one) - text.count(two) for one, two in ("()", "[]", "{}")]
    return (*balance, *(text.count(quote) % 2 for quote in _BRACKETS[6:]))
