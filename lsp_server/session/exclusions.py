"""No suggestions in private and ignored files: the gate's verdicts on open documents.

The rules hold for every document that shows a path, whatever the scheme of its URI: an unsaved, a
remote or an older file is what its name says. A cell is judged as its notebook is, too.

Looking at ignore files may wait for a disk, so `look` belongs on a worker thread; `rule` gives what
was seen last. Names are judged at once, so a `.env` never gets as far as a prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.access.gate import GateReason as Kept
from context.access.private_names import is_private
from context.locations import is_absolute, location_of, name_of, names_of, root_of
from lsp_server.session.document_status import Silence, StatusReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from context.access.gate import GateVerdict
    from lsp_server.documents.mirror import Document

_PRIVATE = "files of this name hold keys or passwords; midfill leaves them alone"
_IGNORED = (
    "ignored by .midfillignore, .gitignore or git's excludes; a line `!NAME` in a .midfillignore "
    "brings suggestions back"
)


class Exclusions:
    """What the gate said of the open documents."""

    def __init__(
        self,
        verdict: Callable[[str], GateVerdict],
        roots: Callable[[], Sequence[str]] = tuple,
        notebook_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """Prepare.

        Args:
            verdict: of a location, `Gate.verdict`.
            roots: locations of the workspace folders.
            notebook_of: the URI of the notebook that has a cell.
        """
        self._verdict = verdict
        self._roots = roots
        self._notebook_of = notebook_of
        self._silences: dict[str, Silence] = {}

    def look(self, uri: str) -> None:
        """Ask the gate about a document. May wait for a disk; then judge the document again."""
        verdicts = (self._verdict(location).reason for location in self._locations(uri))
        reason = next((each for each in verdicts if each is not None), None)
        if reason is None:
            self._silences.pop(uri, None)
        else:
            message = _PRIVATE if reason is Kept.PRIVATE else _IGNORED
            self._silences[uri] = Silence(StatusReason.IGNORED, message)

    def rule(self, document: Document) -> Silence | None:
        """For `Silences`: what is known of a document now."""
        if self._is_private(document.uri):
            return Silence(StatusReason.IGNORED, _PRIVATE)
        return self._silences.get(document.uri)

    def is_source(self, uri: str) -> bool:
        """Whether a document may be told to the model as a file while others are completed.

        Some editors name cells and older versions by a `file:` URI with a fragment, which the
        rules for files on a disk would take for another, harmless file.
        """
        return self._notebook_of(uri) is None and not self._is_private(uri)

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._silences.pop(uri, None)

    def _is_private(self, uri: str) -> bool:
        return any(is_private(name) for each in self._uris(uri) for name in names_of(each))

    def _uris(self, uri: str) -> tuple[str, ...]:
        notebook = self._notebook_of(uri)
        return (uri,) if notebook is None else (uri, notebook)

    def _locations(self, uri: str) -> Iterator[str]:
        """Where a document is; of one that is not in the workspace, where its name would be."""
        for each in self._uris(uri):
            is_file = location_of(each) is not None
            for name in names_of(each):
                if is_absolute(name):
                    yield name
                if not is_file and root_of(name, self._roots()) is None:
                    inside = name_of(name) if is_absolute(name) else name
                    yield from (f"{root.rstrip('/')}/{inside}" for root in self._roots())
