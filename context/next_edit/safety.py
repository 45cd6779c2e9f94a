"""What is never offered: an edit that takes back what was done, or breaks code that is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from context.next_edit.weigh import all_whats

if TYPE_CHECKING:
    from context.next_edit.due import Due, Sheet
    from context.next_edit.log import EditLog

_BRACKETS: Final = "()[]{}\"'`"


def reverts(due: Due, log: EditLog) -> bool:
    """Whether an edit would undo a change of the user, or redo one that the user undid."""
    backwards = tuple((new, old) for old, new in due.what)
    for change in log.changes:
        if _bare(due.old) == _bare(change.new) and _bare(due.new) == _bare(change.old):
            return True
        newer = change.time_s > due.change.time_s
        if newer and backwards in all_whats(change):
            return True
    return any(
        (_bare(due.old) == _bare(change.old) and _bare(due.new) == _bare(change.new))
        or (change.time_s >= due.change.time_s and due.what in all_whats(change))
        for change in log.undone
    )


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
