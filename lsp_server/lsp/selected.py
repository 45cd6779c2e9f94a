"""The entry that is selected in the editor's menu: texts go on from it, or are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lsprotocol import types

from context.snapshot import Cursor
from lsp_server.documents.positions import to_place

if TYPE_CHECKING:
    from lsprotocol.types import PositionEncodingKind

    from context.snapshot import Snapshot


def with_selected(
    snapshot: Snapshot, selected: types.SelectedCompletionInfo, encoding: PositionEncodingKind
) -> tuple[Snapshot, Snapshot] | None:
    """The document as it would be with the entry taken, and as it is.

    Args:
        snapshot: the document as it is.
        selected: what the client says of the entry.
        encoding: of positions.

    Returns:
        Both with the cursor behind the entry's place; None where an entry cannot go on there: it
        reaches beyond the cursor's line, or not to the cursor.
    """
    line, column = snapshot.cursor.line, snapshot.cursor.column
    places = [
        to_place(
            snapshot.text,
            types.Position(place.line + snapshot.first_line, place.character),
            encoding,
        )
        for place in (selected.range.start, selected.range.end)
    ]
    (first, start), (last, end) = places
    if snapshot.text.slice((first, start), (last, end)) == selected.text:
        return snapshot, snapshot  # it stands there already
    if (first, last) != (line, line) or not start <= column <= end or _breaks(selected.text):
        return None
    taken = replace(
        snapshot,
        text=snapshot.text.replace((line, start), (line, end), selected.text),
        cursor=Cursor(line, start + len(selected.text)),
    )
    return taken, snapshot.at(Cursor(line, end))


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text
