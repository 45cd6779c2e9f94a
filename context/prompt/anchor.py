"""Where the hole of a fill-in-the-middle prompt begins, and whether a kept one still fits.

The hole starts at an *anchor*, a place at or above the line of the cursor, and what stands between
anchor and cursor is given to the model as the forced beginning of the middle. While the user types
forward, nothing before the anchor and nothing after the cursor changes, so the state of the model
after everything before the live text can be kept, and a keystroke reads only the live text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from context.text import Place, Text

CLOSERS = frozenset(")]}>\"'`;, \t")
"""What editors insert behind the cursor by themselves; a rest of line made of these is no text."""


@dataclass(frozen=True, slots=True)
class Window:
    """The text around one anchor that the stable part of a prompt was made from.

    Attributes:
        uri: the document.
        anchor: (line, column) of the hole's beginning when the window was cut.
        prefix: text before the anchor, as far as the budget reached.
        suffix: text after the cursor without auto-inserted closers, as far as the budget reached.
        whole_suffix: whether `suffix` reaches the end of the document.
    """

    uri: str
    anchor: Place
    prefix: str
    suffix: str
    whole_suffix: bool

    def live_text(self, snapshot: Snapshot) -> str | None:
        """Text from the anchor to the cursor with LF endings, None when the window no longer fits.

        Edits above the window only move it: the anchor is looked for at its own line and, when
        lines came or went above, by the distance that the prefix's text tells.
        """
        if snapshot.uri != self.uri or not self._suffix_fits(snapshot):
            return None
        anchor = self._find_anchor(snapshot)
        if anchor is None:
            return None
        return unix(snapshot.text.slice(anchor, (snapshot.cursor.line, snapshot.cursor.column)))

    def _suffix_fits(self, snapshot: Snapshot) -> bool:
        start = after_closers(snapshot)
        found, whole = text_after(snapshot.text, start, len(self.suffix))
        return found == self.suffix and (whole or not self.whole_suffix)

    def _find_anchor(self, snapshot: Snapshot) -> Place | None:
        line, column = self.anchor
        cursor = (snapshot.cursor.line, snapshot.cursor.column)
        height = self.prefix.count("\n")
        last = self.prefix[self.prefix.rfind("\n", 0, -1) + 1 :]
        # what stands between anchor and cursor is short, so an anchor that moved with lines
        # inserted or removed above it is found a few lines above the cursor
        nearby = range(cursor[0], max(-1, cursor[0] - _SEARCH_LINES), -1)
        moved = nearby if column == 0 and height > _DISTINCT_LINES else ()
        for candidate in (line, *moved):
            place = (candidate, column)
            if place > cursor or candidate < height:
                continue
            if column == 0 and candidate and not snapshot.text.line(candidate - 1).endswith(last):
                continue  # the cheap half of the next test
            if text_before(snapshot.text, place, len(self.prefix)) == self.prefix:
                return place
        return None


_SEARCH_LINES = 64
_DISTINCT_LINES = 2
"""A prefix of fewer lines says too little to be found again elsewhere."""


def after_closers(snapshot: Snapshot) -> Place:
    """Where the text after the cursor begins for the model: behind a rest made only of closers.

    Editors insert `)` when `(` is typed. Were it part of the suffix, each such key would spoil the
    kept state; so the model is not told, and post-processing drops what stands there already.
    """
    line, column = snapshot.cursor.line, snapshot.cursor.column
    rest = snapshot.line_after
    if rest and CLOSERS.issuperset(rest):
        return line, column + len(rest)
    return line, column


def text_after(text: Text, start: Place, limit: int) -> tuple[str, bool]:
    """At most `limit` characters from `start` on, and whether that reaches the end."""
    line, column = start
    parts: list[str] = []
    size = 0
    while line < len(text) and size <= limit:
        part = text.line(line)[column:]
        parts.append(part)
        size += len(part)
        line, column = line + 1, 0
    joined = "".join(parts)
    return joined[:limit], line >= len(text) and len(joined) <= limit


def text_before(text: Text, end: Place, limit: int) -> str:
    """At most `limit` characters up to `end`."""
    line, column = end
    parts = [text.line(line)[:column]]
    size = len(parts[0])
    while line > 0 and size < limit:
        line -= 1
        part = text.line(line)
        parts.append(part)
        size += len(part)
    joined = "".join(reversed(parts))
    return joined[len(joined) - limit :] if len(joined) > limit else joined


def unix(text: str) -> str:
    """`text` with LF line endings, which is what models write; documents keep their own."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
