"""When to be quiet: just after a deletion or an undo, and about the text that was just removed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lsp_server import clock

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from lsp_server.documents.mirror import Change, SingleEdit

QUIET_S: Final = 1.0
"""Quiet after a deletion or an undo; typing on ends it."""
_FORGET_S: Final = 60.0
"""Removed text may be offered again after this."""
_DELETING: Final = 3
"""So many deletions in a row are a wish for another text, not a correction."""
_EDITS: Final = 24
_LEAST: Final = 2
"""Characters of removed text from which on offering it again is noise."""


@dataclass(slots=True)
class _Past:
    """What was done in one document lately.

    Attributes:
        edits: the newest last, each with the moment it was made.
        deletions: how many deletions came last, one after the other.
        quiet_until: no suggestion before this moment unless somebody asks.
    """

    edits: deque[tuple[SingleEdit, float]] = field(default_factory=lambda: deque(maxlen=_EDITS))
    deletions: int = 0
    quiet_until: float = 0.0


class Manners:
    """Follows the edits of all documents; holds only a few of them, and no text beyond a minute."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pasts: dict[str, _Past] = {}

    def edited(self, change: Change) -> None:
        """Follow a change. One that is not a single edit (a format, a reload) says nothing."""
        uri, edit, now = change.document.uri, change.edit, clock.now()
        past = self._pasts.setdefault(uri, _Past())
        if edit is None:
            self._pasts[uri] = _Past()
            return
        undoes = len(edit.removed) + len(edit.inserted) > 1 and any(
            (old.start, old.removed, old.inserted) == (edit.start, edit.inserted, edit.removed)
            and len(old.inserted) > 1
            for old, _ in past.edits
        )
        deletes = bool(edit.removed) and not edit.inserted
        past.deletions = past.deletions + 1 if deletes else 0
        quiet = undoes or (deletes and past.deletions < _DELETING)
        past.quiet_until = now + QUIET_S if quiet else 0.0
        last = past.edits[-1] if past.edits else None
        if deletes and last is not None and past.deletions > 1 and edit.end == last[0].start:
            # backspace after backspace removes one text
            past.edits[-1] = edit.joined(last[0]), now
        else:
            past.edits.append((edit, now))

    def quiet(self, uri: str) -> bool:
        """Whether the user has just deleted or undone something."""
        past = self._pasts.get(uri)
        return past is not None and clock.now() < past.quiet_until

    def removed_here(self, snapshot: Snapshot, text: str) -> bool:
        """Whether `text` at the cursor is what was just removed there, or begins with it."""
        past, now = self._pasts.get(snapshot.uri), clock.now()
        place, bare = (snapshot.cursor.line, snapshot.cursor.column), text.strip()
        for edit, when in past.edits if past is not None else ():
            gone = edit.removed.strip()
            if edit.start != place or len(gone) < _LEAST or now - when > _FORGET_S:
                continue
            if bare.startswith(gone) or (gone.startswith(bare) and len(bare) >= _LEAST):
                return True
        return False

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._pasts.pop(uri, None)
