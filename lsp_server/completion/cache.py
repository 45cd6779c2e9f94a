"""The completion cache: no text is generated twice.

A generation is remembered under the line it began on: the few lines above (so that edits elsewhere
do not spoil it), and all text known from that line's start, typed and generated. A later cursor
finds it when everything from some line start to the cursor is a beginning of such a known text and
the text behind the cursor is the one it was made for. So typing through, accepting words or lines,
and going back with backspace are all the same look-up.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from context.prompt.anchor import after_closers, text_after, unix

if TYPE_CHECKING:
    from context.snapshot import Snapshot
    from context.text import Text
    from lsp_server.completion.inflight import Decoded

_HEAD_LINES = 3
_WALK_LINES = 12
"""How many lines below its beginning a multi-line generation is still found."""
_SUFFIX_CHARS = 160
_PER_HEAD = 8
_LONGEST_LINE = 4000
"""Characters of a line from which on nothing is remembered for it; code has no such lines."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    """One generation: text from the line's start to its end, and where the generated part began."""

    text: str
    began: int
    suffix: str
    decoded: Decoded


class CompletionCache:
    """A bounded trie of two levels: lines above, then known texts from the line's start."""

    def __init__(self, max_heads: int = 512) -> None:
        """Prepare for at most `max_heads` places with 8 texts each."""
        self._max_heads = max_heads
        self._heads: OrderedDict[Key, list[_Known]] = OrderedDict()

    def __len__(self) -> int:
        """Number of remembered generations."""
        return sum(len(known) for known in self._heads.values())

    def remember(self, snapshot: Snapshot, decoded: Decoded) -> None:
        """Store what was decoded at the snapshot's cursor."""
        typed = snapshot.line_before
        if not decoded.text or len(typed) > _LONGEST_LINE:
            return
        entry = _Known(typed + decoded.text, len(typed), _suffix(snapshot), decoded)
        key = _key(snapshot.uri, snapshot.text, snapshot.cursor.line)
        entries = self._heads.setdefault(key, [])
        entries[:] = [
            old
            for old in entries
            if not (old.suffix == entry.suffix and entry.text.startswith(old.text))
            or old.decoded.complete > decoded.complete
        ]
        entries.insert(0, entry)
        del entries[_PER_HEAD:]
        self._heads.move_to_end(key)
        while len(self._heads) > self._max_heads:
            self._heads.popitem(last=False)

    def look_up(self, snapshot: Snapshot) -> Decoded | None:
        """The known text beyond the cursor, or None.

        Prefers a text that was not cut short, then the longest, so that a shown text stays.
        """
        suffix = _suffix(snapshot)
        typed = snapshot.line_before
        line = snapshot.cursor.line
        best: Decoded | None = None
        for number in range(line, max(-1, line - _WALK_LINES), -1):
            if number < line:
                typed = unix(snapshot.text.line(number)) + typed
            if len(typed) > _LONGEST_LINE:
                break
            key = _key(snapshot.uri, snapshot.text, number)
            for entry in self._heads.get(key, ()):
                if entry.suffix == suffix and entry.text.startswith(typed):
                    rest = entry.decoded.after(len(typed) - entry.began)
                    if len(typed) < entry.began:  # gone back behind where the generation began
                        rest = replace(rest, text=entry.text[len(typed) :])
                    if rest.text and (best is None or _worth(rest) > _worth(best)):
                        best = rest
                        self._heads.move_to_end(key)
        return best

    def forget(self, uri: str) -> None:
        """Drop everything about a document."""
        for key in [key for key in self._heads if key[0] == uri]:
            del self._heads[key]


def _worth(decoded: Decoded) -> tuple[bool, int]:
    return decoded.complete, len(decoded.text)


def _key(uri: str, text: Text, line: int) -> Key:
    head = unix("".join(text.lines(max(0, line - _HEAD_LINES), line)))
    if len(head) > _LONGEST_LINE:  # a key must not hold a file of one line
        head = hashlib.blake2b(head.encode("utf-8", "surrogatepass")).hexdigest()
    return uri, head


def _suffix(snapshot: Snapshot) -> str:
    return text_after(snapshot.text, after_closers(snapshot), _SUFFIX_CHARS)[0].rstrip()
