"""No suggestions in private and ignored files: the gate's verdicts on open documents.

Looking at ignore files may wait for a disk, so `look` belongs on a worker thread; `rule` gives what
was seen last. Names are judged at once, so a `.env` never gets as far as a prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.access.gate import GateReason as Kept
from context.access.private_names import is_private
from context.locations import location_of
from lsp_server.session.document_status import Silence, StatusReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.access.gate import GateVerdict
    from lsp_server.documents.mirror import Document

_PRIVATE = "files of this name hold keys or passwords; midfill leaves them alone"
_IGNORED = (
    "ignored by .midfillignore, .gitignore or git's excludes; a line `!NAME` in a .midfillignore "
    "brings suggestions back"
)


class Exclusions:
    """What the gate said of the open documents."""

    def __init__(self, verdict: Callable[[str], GateVerdict]) -> None:
        """Args: verdict of a location, `Gate.verdict`."""
        self._verdict = verdict
        self._silences: dict[str, Silence] = {}

    def look(self, uri: str) -> None:
        """Ask the gate about a document. May wait for a disk; then judge the document again."""
        location = location_of(uri)
        reason = self._verdict(location).reason if location is not None else None
        if reason is None:
            self._silences.pop(uri, None)
        else:
            message = _PRIVATE if reason is Kept.PRIVATE else _IGNORED
            self._silences[uri] = Silence(StatusReason.IGNORED, message)

    def rule(self, document: Document) -> Silence | None:
        """For `Silences`: what is known of a document now."""
        location = location_of(document.uri)
        if location is not None and is_private(location):
            return Silence(StatusReason.IGNORED, _PRIVATE)
        return self._silences.get(document.uri)

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._silences.pop(uri, None)
