"""Build prompts: a stable part with a kept state, and a live part read at every key.

    stable: header, prefix up to the hole, suffix, middle token, lead (lines from hole to anchor)
    live:   the text from the anchor to the cursor

Pieces of other files are in the stable part too, where the layout puts them. A family that reads
from left to right has no hole: no suffix, and the lead goes on from the prefix.

The hole begins some lines above the anchor, since small models fill in better when the middle has
begun well before the cursor; the lead is part of the kept state, so that costs a keystroke nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from context.prompt import layout as layouts
from context.prompt.anchor import Window, after_closers, text_after, text_before, unix
from context.prompt.budget import allot
from context.prompt.excerpt import CHARS_PER_TOKEN, Cutter, from_border, take, to_border
from context.prompt.layout import Layout
from context.prompt.sections import Section, Texts, sections
from context.prompt.selection import RankedCandidate, choose, ordered
from context.secrets.mask import without_masks
from context.text import content_length
from context.words import in_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from context.candidate import Candidate
    from context.prompt.families import Family
    from context.prompt.layout import Piece
    from context.prompt.tokenizer import Tokenizer
    from context.settings import PromptSettings
    from context.snapshot import Snapshot
    from context.text import Place, Text

LIVE_CHARS: Final = 600
"""A line longer than this before the cursor gets its anchor inside the line."""

_LEAST_PREFIX = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a prompt for display: its name, text, and size in tokens."""

    name: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Stable:
    """The part of a prompt that stays the same while the user types.

    Attributes:
        window: the text it was made from.
        ids: everything up to the anchor but the last token, (n,).
        last: that last token; it is read with the live part, which must not be empty.
        parts: the same for people.
        judged: pieces of other files, the best first, and what became of them.
    """

    window: Window
    ids: tuple[int, ...]
    last: int
    parts: tuple[Part, ...]
    judged: tuple[RankedCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A complete prompt: `stable.ids`, then `live`.

    Attributes:
        stable: what can be kept.
        live: the last token of the stable text, then the text from the anchor to the cursor.
        live_text: that text.
    """

    stable: Stable
    live: tuple[int, ...]
    live_text: str


class PromptMaker:
    """Builds prompts for one model within one budget."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        family: Family,
        settings: PromptSettings,
        max_tokens: int,
        *,
        model: str = "",
        mask: Callable[[Text], Text] = lambda text: text,
    ) -> None:
        """Prepare for a model.

        Args:
            tokenizer: the model's tokenizer.
            family: the model's way to spell prompts.
            settings: shares and limits.
            max_tokens: most tokens of a stable part.
            model: its name in the store, which decides what the context setting `auto` means.
            mask: hides secrets in the current file, whole, without changing any place in it.
        """
        self._tokenizer = tokenizer
        self._family = family
        self._settings = settings
        self._max_tokens = max_tokens
        self._mask = mask
        self._cutter = Cutter(tokenizer, max_tokens)
        self.layout = layouts.layout_of(settings.context, model, family, max_tokens)

    @property
    def context_tokens(self) -> int:
        """Tokens reserved for pieces of other files; 0 if the layout has none."""
        return 0 if self.layout is Layout.OFF else self.room_for_context

    @property
    def room_for_context(self) -> int:
        """Tokens that pieces of other files could use."""
        return int(self._max_tokens * self._context_share())

    def extend(self, stable: Stable, snapshot: Snapshot) -> Prompt | None:
        """A prompt on a stable part in use, or None if it no longer fits or is too long."""
        live_text = stable.window.live_text(snapshot)
        if live_text is None or len(live_text) > self._settings.live_tokens * CHARS_PER_TOKEN:
            return None
        prompt = self._with_live(stable, snapshot, live_text)
        return prompt if len(prompt.live) <= self._settings.live_tokens else None

    def is_long(self, prompt: Prompt, share: float) -> bool:
        """Whether the live part uses more than a share of its limit."""
        return len(prompt.live) > self._settings.live_tokens * share

    def make(self, snapshot: Snapshot, context: Sequence[Candidate] = ()) -> Prompt:
        """A prompt with a new anchor at the start of the cursor's line.

        Args:
            snapshot: the text and the cursor.
            context: pieces of other files that could be told, in any order.
        """
        anchor = self._choose_anchor(snapshot)
        if self.layout is Layout.OFF:
            context = ()
        stable = self._make_stable(snapshot, anchor, context)
        cursor = (snapshot.cursor.line, snapshot.cursor.column)
        return self._with_live(stable, snapshot, unix(snapshot.text.slice(anchor, cursor)))

    def set_aside(self, context: Sequence[Candidate]) -> tuple[RankedCandidate, ...]:
        """Verdicts for candidates if the layout has no room for other files."""
        count = self._tokenizer.encode
        why = "prompt.context is off"
        return tuple(
            RankedCandidate(one, False, len(count(one.text)), why) for one in ordered(context)
        )

    def _with_live(self, stable: Stable, snapshot: Snapshot, live_text: str) -> Prompt:
        line, column = snapshot.cursor.line, snapshot.cursor.column
        first, *below = live_text.split("\n")
        top = line - len(below)
        start = content_length(snapshot.text.line(top)) if below else column
        begin, end = (top, start - len(first)), (line, column)
        covered = self._mask(snapshot.text).slice(begin, end)
        told = unix(without_masks(snapshot.text.slice(begin, end), covered))
        return Prompt(stable, (stable.last, *self._tokenizer.encode(told)), live_text)

    def _choose_anchor(self, snapshot: Snapshot) -> Place:
        """The start of the cursor's line, or a place inside a line that is too long."""
        line, column = snapshot.cursor.line, snapshot.cursor.column
        if not self._settings.anchored:
            return line, column
        if column > LIVE_CHARS:
            return line, _word_border(snapshot.line_before, column - LIVE_CHARS // 4)
        return line, 0

    def _make_stable(
        self, snapshot: Snapshot, anchor: Place, context: Sequence[Candidate]
    ) -> Stable:
        layout = self.layout if context else Layout.OFF
        around = self._ids(self._sections(snapshot, layout, [], Texts()))
        room = max(0, self._max_tokens - len(around))
        before = self._cutter.before(snapshot, anchor, room)
        after, whole = self._cutter.after(snapshot, room) if self._family.fills_in else ([], False)
        wants = {
            "prefix": sum(count for _, count in before),
            "suffix": sum(count for _, count in after),
            "context": sum(self._count(layout, one, snapshot) for one in context),
        }
        judged = choose(
            context,
            self._allot(room, wants)["context"],
            lambda one: self._count(layout, one, snapshot),
            "".join(text for text, _ in (*before, *after)),
        )
        chosen = [one for one in judged if one.chosen]
        if context and not chosen:
            return replace(self._make_stable(snapshot, anchor, ()), judged=tuple(judged))
        given = self._allot(room, wants | {"context": sum(one.tokens for one in chosen)})
        taken = take(after, given["suffix"])
        if after and not taken:  # the rest of the cursor's line is longer than that
            taken, whole = self._cutter.after(snapshot, given["suffix"])
        if len(taken) < len(after):
            taken, whole = to_border(taken), False
        spare = given["suffix"] - sum(count for _, count in taken)
        kept = take(before, given["prefix"] + spare)
        if len(kept) < anchor[0]:
            kept = from_border(kept)
        led = self._settings.lead_lines if self._settings.anchored else 0
        texts = Texts(
            prefix="".join(text for text, _ in reversed(kept[led:])),
            suffix="".join(text for text, _ in taken),
            lead="".join(text for text, _ in reversed(kept[:led])),
            whole_suffix=whole,
        )
        pieces = [self._spell(layout, one.candidate, snapshot) for one in chosen]
        return self._stable(snapshot, anchor, layout, pieces, texts, judged)

    def _stable(
        self,
        snapshot: Snapshot,
        anchor: Place,
        layout: Layout,
        pieces: list[Piece],
        texts: Texts,
        judged: list[RankedCandidate],
    ) -> Stable:
        masked = self._mask(snapshot.text)
        before = text_before(masked, anchor, len(texts.prefix + texts.lead))
        after, _ = text_after(masked, after_closers(snapshot), len(texts.suffix))
        told = Texts(
            prefix=unix(without_masks(texts.prefix, before[: len(texts.prefix)])),
            suffix=unix(without_masks(texts.suffix, after)),
            lead=unix(without_masks(texts.lead, before[len(texts.prefix) :])),
        )
        made = self._sections(snapshot, layout, pieces, told)
        ids = self._ids(made)
        parts = tuple(
            Part(one.name, one.text, len(self._tokenizer.encode(one.text)))
            for one in made
            if one.name
        )
        window = Window(
            snapshot.uri, anchor, texts.prefix + texts.lead, texts.suffix, texts.whole_suffix
        )
        return Stable(window, tuple(ids[:-1]), ids[-1], parts, tuple(judged))

    def _sections(
        self, snapshot: Snapshot, layout: Layout, pieces: list[Piece], texts: Texts
    ) -> list[Section]:
        header = self._settings.header
        return sections(snapshot, layout, self._family, pieces, texts, header=header)

    def _ids(self, made: list[Section]) -> list[int]:
        ids: list[int] = []
        for section in made:
            if section.mark:
                ids.append(self._tokenizer.control(section.mark))
            ids += self._tokenizer.encode(section.text)
        return ids

    def _spell(self, layout: Layout, candidate: Candidate, snapshot: Snapshot) -> Piece:
        return layouts.spell(layout, candidate.path, candidate.text, snapshot, self._family)

    def _count(self, layout: Layout, candidate: Candidate, snapshot: Snapshot) -> int:
        piece = self._spell(layout, candidate, snapshot)
        text = piece.text[: self._max_tokens * CHARS_PER_TOKEN]
        return len(self._tokenizer.encode(text)) + bool(piece.mark)

    def _context_share(self) -> float:
        most = 1 - _LEAST_PREFIX - self._settings.suffix_share
        return max(0.0, min(self._settings.context_share, most))

    def _allot(self, room: int, wants: dict[str, int]) -> dict[str, int]:
        suffix = self._settings.suffix_share if self._family.fills_in else 0.0
        context = self._context_share() if wants["context"] else 0.0
        shares = {"prefix": max(0.0, 1 - suffix - context), "suffix": suffix, "context": context}
        return allot(room, wants, shares)


def _word_border(text: str, near: int) -> int:
    """The first place from `near` on that is not inside a word; `near` itself if there is none."""
    for place in range(max(1, near), len(text)):
        if not (in_word(text[place - 1]) and in_word(text[place])):
            return place
    return near
