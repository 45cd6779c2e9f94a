"""Convert a suggestion to LSP items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.completion.presentation.constraints import replaced_by
from lsp_server.documents.positions import to_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol.types import PositionEncodingKind

    from context.snapshot import Snapshot

ACCEPTED = "midfill.accepted"
"""The command that editors run after a full accept."""


_NEARBY_LINES = 1000
"""Lines that are asked for the document's line endings."""


def item_id(answer_id: str, place: int) -> str:
    """What an editor says of the text at `place` of an answer: the first has the answer's own."""
    return f"{answer_id}.{place}" if place else answer_id


def inline_items(
    snapshot: Snapshot,
    texts: Sequence[str],
    encoding: PositionEncodingKind,
    answer_id: str,
    *,
    shown_in: Snapshot | None = None,
) -> types.InlineCompletionList:
    """An item for each text, from the line's start to the cursor; the list is never null.

    An item repeats what is typed already: that shape is what every client tried handles well. It
    reaches behind the cursor where the text closes what stands open there itself.

    Args:
        snapshot: what the texts are for.
        texts: what to insert at its cursor.
        encoding: of positions.
        answer_id: what the editor gives back when one is accepted.
        shown_in: the document as the client has it, its cursor where `snapshot` goes on alike.
    """
    there = shown_in or snapshot
    line = _position(snapshot, 0, encoding).line
    return types.InlineCompletionList(
        items=[
            types.InlineCompletionItem(
                insert_text=snapshot.line_before + _like_document(snapshot, text),
                range=types.Range(
                    start=types.Position(line, 0), end=_end(there, replaced, encoding)
                ),
                command=types.Command(
                    title="accepted",
                    command=ACCEPTED,
                    # a client whose range is older than what was typed since needs the number
                    arguments=[item_id(answer_id, place), *([replaced] if replaced else [])],
                ),
            )
            for place, text in enumerate(texts)
            for replaced in (replaced_by(snapshot, text),)
        ]
    )


def completion_items(
    snapshot: Snapshot, text: str, encoding: PositionEncodingKind, answer_id: str
) -> types.CompletionList:
    """The same for clients without inline completion: one entry of the menu, sorted last."""
    if not text:
        return types.CompletionList(is_incomplete=True, items=[])
    word = _word_before(snapshot.line_before)
    start = snapshot.cursor.column - len(word)
    begin = _position(snapshot, start, encoding)
    first, *more = text.strip("\n").split("\n")
    item = types.CompletionItem(
        label=(word + first).strip() + (" …" if more else ""),
        kind=types.CompletionItemKind.Text,
        detail="midfill",
        documentation=text if more else None,
        sort_text="\uffff",
        filter_text=word or None,
        text_edit=types.TextEdit(
            range=types.Range(
                start=begin, end=_end(snapshot, replaced_by(snapshot, text), encoding)
            ),
            new_text=word + _like_document(snapshot, text),
        ),
        command=types.Command(title="accepted", command=ACCEPTED, arguments=[answer_id]),
    )
    return types.CompletionList(is_incomplete=True, items=[item])


def _end(snapshot: Snapshot, replaced: int, encoding: PositionEncodingKind) -> types.Position:
    """Where the text behind the cursor goes on once a text stands there."""
    return _position(snapshot, snapshot.cursor.column + replaced, encoding)


def _position(snapshot: Snapshot, column: int, encoding: PositionEncodingKind) -> types.Position:
    """A column of the cursor's line as a position in the editor's document."""
    found = to_position(snapshot.text, (snapshot.cursor.line, column), encoding)
    return types.Position(found.line - snapshot.first_line, found.character)


def _like_document(snapshot: Snapshot, text: str) -> str:
    """`text` with the line endings of the document; of a cell, with those of its own lines."""
    line = snapshot.cursor.line
    nearest = range(max(snapshot.first_line, line - _NEARBY_LINES), line)
    # the first line of a cell says nothing of itself: cells are joined with line feeds
    lines = [snapshot.text.line(one) for one in nearest] or [*snapshot.text.lines(0, _NEARBY_LINES)]
    windows = sum(one.endswith("\r\n") for one in lines)
    mostly = windows * 2 > len(lines) if nearest else windows > 0
    return text.replace("\n", "\r\n") if mostly else text


def _word_before(line: str) -> str:
    end = len(line)
    while end and (line[end - 1].isalnum() or line[end - 1] == "_"):
        end -= 1
    return line[end:]
