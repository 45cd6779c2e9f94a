"""Gather candidates: ask every source in turn, for one position in one file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.sources.environments import NOWHERE, Places
from context.sources.windows import WINDOW_LINES, WindowIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from context.access.files import Files, SourceFile
    from context.candidate import Candidate
    from context.sources.edits import RecentEdits

_TOKENS_PER_LINE: Final = 10
_LEAST_LINES: Final = 8
MOST_WINDOWS: Final = 6


@dataclass(frozen=True, slots=True)
class GatherRequest:
    """What is looked for.

    Attributes:
        current: the file being edited, with the text of its buffer.
        line: 0-based line of the cursor.
        column: of the cursor, in code points.
        recent: locations of recently accessed files of its language, the newest first.
        tokens: room that all pieces together will have; windows are made to fit.
        libraries: whether installed libraries are looked into.
        edits: the last edits, None when they are not wanted.
        places: where libraries are installed that do not lie beside the code.
    """

    current: SourceFile
    line: int
    column: int = 0
    recent: Sequence[str] = ()
    tokens: int = 0
    libraries: bool = True
    edits: RecentEdits | None = None
    places: Places = NOWHERE


class Gatherer:
    """Asks the sources, and keeps what makes the next time quick.

    Attributes:
        faults: exceptions by source and type; a source that raises gives nothing that time.
        late: how often time ran out, by the source that was not asked any more.
    """

    def __init__(self, files: Files, mask: Callable[[str], str]) -> None:
        """Prepare.

        Args:
            files: the one way to other files.
            mask: hides secrets in texts that do not come from `files`.
        """
        self.faults: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self._files = files
        self._mask = mask
        self._index = WindowIndex()

    def gather(
        self, wish: GatherRequest, *, late: Callable[[], bool] = lambda: False
    ) -> list[Candidate]:
        """All candidates for a place. Equal files and wishes give equal lists.

        Args:
            wish: what is looked for.
            late: whether time has run out; asked between sources, and between files.
        """
        # tree-sitter is loaded when it is needed first
        from context.sources import imports, libraries, siblings

        found: list[Candidate] = []
        files, current, line = self._files, wish.current, wish.line
        column = wish.column

        def installed() -> list[Candidate]:
            if not wish.libraries:
                return []
            return libraries.gather(current, line, files, wish.places, column=column)

        def edited() -> list[Candidate]:
            if wish.edits is None:
                return []
            return wish.edits.gather(current.location, line, self._mask)

        sources: dict[str, Callable[[], list[Candidate]]] = {
            "imports": lambda: imports.gather(current, line, files, column=column),
            "siblings": lambda: siblings.gather(current, line, files, column=column),
            "libraries": installed,
            "windows": lambda: self._windows(wish, late),
            "edits": edited,
        }
        for name, source in sources.items():
            if late():
                self.late[name] += 1
                continue
            try:
                found += source()
            except Exception as error:  # noqa: BLE001 - a fault in one source costs its pieces
                self.faults[f"{name}:{type(error).__name__}"] += 1
        return found

    def _windows(self, wish: GatherRequest, late: Callable[[], bool]) -> list[Candidate]:
        wanted = dict.fromkeys((wish.current.location, *wish.recent))
        self._index.keep(wanted)
        for location in wanted:
            if late():
                self.late["windows"] += 1
                break
            file = self._files.read(location)
            if file is None:
                self._index.forget(location)
            else:
                self._index.update(file)
        lines = max(_LEAST_LINES, min(WINDOW_LINES, wish.tokens // _TOKENS_PER_LINE))
        return self._index.similar(wish.current, wish.line, most=MOST_WINDOWS, lines=lines)
