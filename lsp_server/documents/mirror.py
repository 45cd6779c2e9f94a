"""The text mirror: the editor's open documents, version by version.

A completion for the wrong text is worse than none. So when a change cannot be trusted (its version
is older, its range is malformed) the document is *out of sync*: it stays known, but no
snapshot is given of it until the whole text comes again: with a full-text change, a save that
includes the text, or by opening it anew. Nothing here raises for what an editor sends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from lsprotocol.types import PositionEncodingKind, TextDocumentContentChangePartial

from context.languages import language_of
from context.snapshot import Cursor, Snapshot
from context.text import Text
from context.words import well_formed
from lsp_server.documents.folders import Folders
from lsp_server.documents.notebooks import Notebooks
from lsp_server.documents.positions import to_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lsprotocol.types import (
        DidChangeTextDocumentParams,
        DidOpenTextDocumentParams,
        DidSaveTextDocumentParams,
        Position,
        Range,
        TextDocumentContentChangeEvent,
        WorkspaceFolder,
        WorkspaceFoldersChangeEvent,
    )

MOST_LINES = 64
"""Lines replaced at once by somebody who types; more come from a tool."""


class Fault(StrEnum):
    """Why the mirror rejected a message; `Documents.faults` counts these names."""

    NOT_OPEN = "not-open"
    ALREADY_OPEN = "already-open"
    STALE_VERSION = "stale-version"
    MALFORMED_RANGE = "malformed-range"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Document:
    """One version of an open document.

    Attributes:
        uri: exactly as the client spells it.
        path: what the model is told, see `Snapshot.path`.
        repo: name of the workspace folder that holds the file, or "".
        language: LSP language identifier.
        version: the client's version number.
        text: the whole text; the last trusted one while `out_of_sync`.
        out_of_sync: the editor's text is not known at the moment.
    """

    uri: str
    path: str
    repo: str
    language: str
    version: int
    text: Text
    out_of_sync: bool = False


@dataclass(frozen=True, slots=True)
class SingleEdit:
    """One replacement in a text.

    Attributes:
        start, end: (line, column) in the text before it.
        removed: what stood between them.
        inserted: what stands there now.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    removed: str
    inserted: str

    def joined(self, later: SingleEdit) -> SingleEdit:
        """A deletion that ended where `later`, an earlier one, began: both as one."""
        return SingleEdit(self.start, later.end, self.removed + later.removed, "")


@dataclass(frozen=True, slots=True)
class Change:
    """What one `didChange` did.

    Attributes:
        before: the last trusted text before it.
        document: the document after it, in sync.
        place: the latest place up to which both texts agree, valid in both; None when they are
            equal. What was generated for a cursor at or before it is not touched by the change.
        edit: the change, where it is one replacement of a few lines; None else.
    """

    before: Text
    document: Document
    place: Cursor | None
    edit: SingleEdit | None = None


class Documents:
    """The open documents by URI, in the order they were opened.

    Attributes:
        encoding: unit of all positions, as negotiated at `initialize`.
        faults: how often each `Fault` happened; names only, never text or paths.
    """

    def __init__(self, *, encoding: PositionEncodingKind = PositionEncodingKind.Utf16) -> None:
        self.encoding = encoding
        self.faults: Counter[str] = Counter()
        self._open: dict[str, Document] = {}
        self._folders = Folders()
        self.notebooks = Notebooks()

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, uri: object) -> bool:
        return uri in self._open

    @property
    def roots(self) -> list[str]:
        """Locations of the workspace folders."""
        return self._folders.locations

    def get(self, uri: str) -> Document | None:
        """The current document, or None if it is not open."""
        return self._open.get(uri)

    def text_of(self, uri: str) -> Text | None:
        """The text of a document, or None if it is not open or out of sync."""
        document = self._open.get(uri)
        return None if document is None or document.out_of_sync else document.text

    def open(self, params: DidOpenTextDocumentParams) -> Document:
        """Start mirroring a document, or start over if it is open already."""
        item = params.text_document
        if item.uri in self._open:
            self.faults[Fault.ALREADY_OPEN] += 1
        text = Text.of(well_formed(item.text))
        path, repo = self._folders.name(item.uri)
        # the generated enumeration's `str()` is its member name, its value the identifier
        language_id = str(getattr(item.language_id, "value", item.language_id))
        language = language_of(path, language_id, text.line(0))
        document = Document(item.uri, path, repo, language, item.version, text)
        self._open[item.uri] = document
        return document

    def change(self, params: DidChangeTextDocumentParams) -> Change | None:
        """Apply a change, in whatever mixture of ranges and full texts.

        Returns:
            What changed, or None when the document is not open or now out of sync; whatever is
            being made for it is then of no use.
        """
        uri, version = params.text_document.uri, params.text_document.version
        known = self._open.get(uri)
        if known is None:
            self.faults[Fault.NOT_OPEN] += 1
            return None
        if version < known.version:  # some clients never count
            self.distrust(uri, Fault.STALE_VERSION)
            return None
        text = None if known.out_of_sync else known.text
        edit = self._single_edit(text, params.content_changes)
        for event in params.content_changes:
            if not isinstance(event, TextDocumentContentChangePartial):
                text = Text.of(well_formed(event.text))
            elif text is not None:
                text = self._edited(text, event.range, event.text)
        if text is None:
            self._open[uri] = replace(known, version=version, out_of_sync=True)
            return None
        document = replace(known, version=version, text=text, out_of_sync=False)
        self._open[uri] = document
        place = known.text.first_difference(text)
        return Change(known.text, document, None if place is None else Cursor(*place), edit)

    def save(self, params: DidSaveTextDocumentParams) -> Document | None:
        """Use the text in a save if the document is out of sync; otherwise change nothing."""
        document = self._open.get(params.text_document.uri)
        if document is not None and document.out_of_sync and params.text is not None:
            text = Text.of(well_formed(params.text))
            document = replace(document, text=text, out_of_sync=False)
            self._open[document.uri] = document
        return document

    def close(self, uri: str) -> None:
        """Forget a document."""
        if self._open.pop(uri, None) is None:
            self.faults[Fault.NOT_OPEN] += 1

    def distrust(self, uri: str | None, fault: Fault = Fault.UNREADABLE) -> None:
        """Count `fault` and hold a document out of sync until its whole text comes.

        Args:
            uri: the document, or None for all open ones: when a message could not be read, any
                of them may have been meant. (lsprotocol rejects negative numbers while it
                decodes, so such a change never becomes an argument of `change`.)
            fault: what to count.
        """
        self.faults[fault] += 1
        for known in [uri] if uri is not None else list(self._open):
            if known in self._open:
                self._open[known] = replace(self._open[known], out_of_sync=True)

    def snapshot(self, uri: str, position: Position) -> Snapshot | None:
        """Freeze a document with the cursor at `position`, clamped into the text.

        Returns:
            None when the document is not open or out of sync.
        """
        document = self._open.get(uri)
        if document is None or document.out_of_sync:
            return None
        line, column = to_place(document.text, position, self.encoding)
        path, repo, text, above = document.path, document.repo, document.text, 0
        if (notebook := self.notebooks.holder(uri)) is not None:
            path, repo = self._folders.name(notebook)
            before, after = self.notebooks.around(uri, document.language, self._cell_text)
            text = Text.join([*before, text, *after])
            above = sum(len(one) for one in before)
        return Snapshot(
            uri=uri,
            path=path,
            language=document.language,
            version=document.version,
            text=text,
            cursor=Cursor(line + above, column),
            repo=repo,
            first_line=above,
        )

    def _cell_text(self, uri: str, language: str) -> Text | None:
        """The text of another cell, or None if unknown or in another language."""
        document = self._open.get(uri)
        if document is None or document.out_of_sync or language not in {"", document.language}:
            return None
        return document.text

    def set_folders(self, folders: Iterable[WorkspaceFolder] | None) -> None:
        """Set the workspace folders; open documents get their new paths at once."""
        self._folders = Folders()
        self._add_folders(folders or ())

    def change_folders(self, event: WorkspaceFoldersChangeEvent) -> None:
        """Apply `workspace/didChangeWorkspaceFolders`."""
        for folder in event.removed:
            self._folders.remove(folder.uri)
        self._add_folders(event.added)

    def _add_folders(self, folders: Iterable[WorkspaceFolder]) -> None:
        for folder in folders:
            self._folders.add(folder.uri, folder.name)
        for uri, document in self._open.items():
            path, repo = self._folders.name(uri)
            self._open[uri] = replace(document, path=path, repo=repo)

    def _single_edit(
        self, text: Text | None, events: Sequence[TextDocumentContentChangeEvent]
    ) -> SingleEdit | None:
        """The only event as an edit, None where there are several, or many lines are replaced."""
        event = events[0] if len(events) == 1 else None
        if text is None or not isinstance(event, TextDocumentContentChangePartial):
            return None
        start, end = event.range.start, event.range.end
        if not 0 <= end.line - start.line <= MOST_LINES or min(start.line, start.character) < 0:
            return None
        first, last = (to_place(text, place, self.encoding) for place in (start, end))
        removed = str(text.slice(first, last)) if first < last else ""
        return SingleEdit(first, last, removed, well_formed(event.text))

    def _edited(self, text: Text, span: Range, new: str) -> Text | None:
        """`text` with a range replaced, None (and a fault) when the range is malformed."""
        start, end = span.start, span.end
        negative = min(start.line, start.character, end.line, end.character) < 0
        if negative or (end.line, end.character) < (start.line, start.character):
            self.faults[Fault.MALFORMED_RANGE] += 1
            return None
        first = to_place(text, start, self.encoding)
        last = first if start == end else to_place(text, end, self.encoding)
        return text.replace(first, last, well_formed(new))
