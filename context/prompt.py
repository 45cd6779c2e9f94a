"""Prompts: a stable part whose state can be kept, and a live part read at every keystroke.

    stable: header, prefix up to the hole, suffix, middle token, lead (lines from hole to anchor)
    live:   the text from the anchor to the cursor

A family that reads from left to right has no hole: no suffix, and the lead goes on from the prefix.

The hole begins some lines above the anchor, since small models fill in better when the middle has
begun well before the cursor; the lead is part of the kept state, so that costs a keystroke nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.anchor import Window, after_closers, text_after, unix
from context.languages import path_comment

if TYPE_CHECKING:
    from context.documents import Snapshot
    from context.settings import PromptSettings
    from context.template import Family
    from context.text import Place
    from context.tokens import Tokenizer

_CHARS_PER_TOKEN = 8
"""More than code ever has on average: bounds how much text is tokenized to fill a budget."""

_LIVE_CHARS = 600
"""A line longer than this before the cursor gets its anchor inside the line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a prompt, for people: what it is, its text, and its size in tokens."""

    name: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Stable:
    """The part of a prompt that stays while the user types.

    Attributes:
        window: the text it was made from.
        ids: everything up to the anchor but the last token, (n,).
        last: that last token; it is read with the live part, which must not be empty.
        parts: the same for people.
    """

    window: Window
    ids: tuple[int, ...]
    last: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole prompt: `stable.ids` then `live`.

    Attributes:
        stable: what can be kept.
        live: the last token of the stable text, then the text from the anchor to the cursor.
        live_text: that text.
    """

    stable: Stable
    live: tuple[int, ...]
    live_text: str


class PromptMaker:
    """Cuts prompts for one model within one budget."""

    def __init__(
        self, tokenizer: Tokenizer, family: Family, settings: PromptSettings, max_tokens: int
    ) -> None:
        """Prepare for a model.

        Args:
            tokenizer: the model's tokenizer.
            family: the model's way to spell prompts.
            settings: shares and limits.
            max_tokens: most tokens of a stable part.
        """
        self._tokenizer = tokenizer
        self._family = family
        self._settings = settings
        self._max_tokens = max_tokens

    def extend(self, stable: Stable, snapshot: Snapshot) -> Prompt | None:
        """A prompt on a stable part in use, None when it no longer fits or got too long."""
        live_text = stable.window.live_text(snapshot)
        if live_text is None or len(live_text) > self._settings.live_tokens * _CHARS_PER_TOKEN:
            return None
        prompt = self._with_live(stable, live_text)
        return prompt if len(prompt.live) <= self._settings.live_tokens else None

    def is_long(self, prompt: Prompt, share: float) -> bool:
        """Whether the live part takes more than a share of its limit."""
        return len(prompt.live) > self._settings.live_tokens * share

    def make(self, snapshot: Snapshot) -> Prompt:
        """A prompt with a new anchor at the start of the cursor's line."""
        anchor = self._choose_anchor(snapshot)
        stable = self._make_stable(snapshot, anchor)
        cursor = (snapshot.cursor.line, snapshot.cursor.column)
        return self._with_live(stable, unix(snapshot.text.slice(anchor, cursor)))

    def _with_live(self, stable: Stable, live_text: str) -> Prompt:
        return Prompt(stable, (stable.last, *self._tokenizer.encode(live_text)), live_text)

    def _choose_anchor(self, snapshot: Snapshot) -> Place:
        """The start of the cursor's line, or a place inside a line that is too long."""
        line, column = snapshot.cursor.line, snapshot.cursor.column
        if not self._settings.anchored:
            return line, column
        if column > _LIVE_CHARS:
            return line, _word_border(snapshot.line_before, column - _LIVE_CHARS // 4)
        return line, 0

    def _make_stable(self, snapshot: Snapshot, anchor: Place) -> Stable:
        family, encode = self._family, self._tokenizer.encode
        header = (
            path_comment(snapshot.language, snapshot.path) + "\n" if self._settings.header else ""
        )
        # ordinary text, so that its tokens may reach into what follows
        opened, begun = (family.opening, "") if header else ("", family.opening)
        header_ids = encode(opened + header)
        control = self._control
        begin, start = control(family.begin), control(family.prefix)
        turn, fill = control(family.suffix), control(family.middle)
        controls = len(begin) + len(start) + len(turn) + len(fill)
        room = max(0, self._max_tokens - len(header_ids) - len(begun) - controls)
        suffix_room = int(room * self._settings.suffix_share) if family.fills_in else 0
        before = self._lines_before(snapshot, anchor, room)
        # what one side does not need goes to the other
        spare = max(0, room - suffix_room - sum(count for _, count in before))
        suffix, whole, suffix_count = "", False, 0
        if family.fills_in:
            suffix, whole, suffix_count = self._cut_suffix(snapshot, suffix_room + spare)
        kept = self._take(before, room - suffix_count)
        led = self._settings.lead_lines if self._settings.anchored else 0
        lead, prefix = "".join(reversed(kept[:led])), "".join(reversed(kept[led:]))
        prefix_ids = encode(begun + unix(prefix))
        suffix_ids, lead_ids = encode(unix(suffix)), encode(unix(lead))
        ids = (*begin, *start, *header_ids, *prefix_ids, *turn, *suffix_ids, *fill, *lead_ids)
        parts = (
            Part("header", header, len(header_ids)),
            Part("prefix", prefix, len(prefix_ids)),
            Part("suffix", suffix, len(suffix_ids)),
            Part("lead", lead, len(lead_ids)),
        )
        window = Window(snapshot.uri, anchor, prefix + lead, suffix, whole)
        return Stable(window, ids[:-1], ids[-1], parts)

    def _control(self, token: str) -> list[int]:
        return [self._tokenizer.control(token)] if token else []

    def _count_line(self, line: str) -> int:
        return len(self._tokenizer.encode(line[: self._max_tokens * _CHARS_PER_TOKEN]))

    def _lines_before(self, snapshot: Snapshot, anchor: Place, room: int) -> list[tuple[str, int]]:
        """Lines before the anchor, nearest first, with their counts, at most `room` tokens."""
        line, column = anchor
        found: list[tuple[str, int]] = []
        left = room
        if column:
            head = self._end_of(snapshot.text.line(line)[:column], room // 2)
            found.append((head, self._count_line(head)))
            left -= found[0][1]
        for index in range(line - 1, -1, -1):
            text = snapshot.text.line(index)
            if len(text) > left * _CHARS_PER_TOKEN:
                break
            count = self._count_line(text)
            if count > left:
                break
            found.append((text, count))
            left -= count
        return found

    def _end_of(self, text: str, room: int) -> str:
        """The end of a long text that takes at most `room` tokens."""
        text = text[-room * _CHARS_PER_TOKEN :] if room > 0 else ""
        while (count := self._count_line(text)) > room:
            text = text[max(1, len(text) * (count - room) // count) :]
        return text

    @staticmethod
    def _take(before: list[tuple[str, int]], room: int) -> list[str]:
        """As many of the nearest lines as fit, nearest first."""
        taken: list[str] = []
        for text, count in before:
            if count > room:
                break
            room -= count
            taken.append(text)
        return taken

    def _cut_suffix(self, snapshot: Snapshot, room: int) -> tuple[str, bool, int]:
        """Text after the cursor of at most `room` tokens, whole lines where possible."""
        start = after_closers(snapshot)
        text, whole = text_after(snapshot.text, start, room * _CHARS_PER_TOKEN)
        taken: list[str] = []
        used = 0
        for line in text.splitlines(keepends=True):
            count = self._count_line(line)
            if used + count > room:
                if not taken:  # one long line: cut inside it
                    taken.append(self._tokenizer.decode(self._tokenizer.encode(line)[:room]))
                    taken[0] = taken[0].rstrip("\ufffd")
                    used = room
                break
            taken.append(line)
            used += count
        suffix = "".join(taken)
        return suffix, whole and len(suffix) == len(text), used


def _word_border(text: str, near: int) -> int:
    """The first place from `near` on that is not inside a word; `near` itself if there is none."""
    for place in range(max(1, near), len(text)):
        if not (_in_word(text[place - 1]) and _in_word(text[place])):
            return place
    return near


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"
