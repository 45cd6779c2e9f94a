"""A task's workspace on disk, and the context its other files give.

The folder holds the files that the rows of its repository hold whole, and in place of the task's
own file the one with the hole, so that the answer is nowhere.
"""

from __future__ import annotations

import dataclasses
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from context.access.files import SourceFile
from context.access.reader import Reader
from context.candidate import Candidate, CandidateKind
from context.settings import ContextSettings
from context.sources import imports, siblings
from context.sources.windows import WindowIndex
from lsp_server.bench.accuracy import definitions
from lsp_server.bench.accuracy.oracle import oracle
from lsp_server.workspace.context_provider import ContextProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from context.snapshot import Snapshot
    from lsp_server.bench.tasks.holes import HoleTask

OPEN_FILES: Final = 20
CHUNK_LINES: Final = 32
SELECTIONS: Final = ("oracle", "selected", "imports", "windows", "siblings", "heads", "chunks")
"""Ways to choose candidates: the definition by hand, the server's own, its parts, and two that
look at nothing: heads of open files, and random chunks of them."""


class Workspace:
    """The folder of one task. Use it as a context manager."""

    def __init__(
        self, task: HoleTask, files: Mapping[str, Mapping[str, str]], tokens: int = 180
    ) -> None:
        """Prepare.

        Args:
            task: the hole.
            files: whole files by repository and path.
            tokens: room for all pieces together; the server makes windows to fit.
        """
        self.tokens = tokens
        self._task = task
        self._files = files
        self._folder = tempfile.TemporaryDirectory()
        # one server, one task: nothing that was indexed for another hole is known here
        self.reader = Reader()
        self.root = Path(self._folder.name, task.repo.rpartition("/")[2] or "workspace")
        self.location = (self.root / task.file).as_posix()

    def __enter__(self) -> Self:
        """Write all files."""
        others = {**self._files.get(self._task.repo, {}), self._task.file: ""}
        for name, text in others.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        whole = self._task.before + self._task.after
        (self.root / self._task.file).write_text(whole, encoding="utf-8")
        if self._task.language == "go" and not (self.root / "go.mod").exists():
            # every Go repository has one; the rows hold source files alone
            module = f"module github.com/{self._task.repo}\n"
            (self.root / "go.mod").write_text(module, encoding="utf-8")
        self.reader.set_roots([self.root.as_posix()])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def open_files(self) -> list[str]:
        """Locations of the files that a user could have open: the nearest of the same kind."""
        extension = self._task.file.rpartition(".")[2]
        here = Path(self._task.file).parts

        def distance(name: str) -> tuple[int, str]:
            there = Path(name).parts
            shared = next(
                (i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0
            )
            return (len(here) + len(there) - 2 * shared, name)

        names = [
            name
            for name in self._files.get(self._task.repo, {})
            if name.endswith(f".{extension}") and name != self._task.file
        ]
        nearest = sorted(names, key=distance)[:OPEN_FILES]
        return [(self.root / name).as_posix() for name in nearest]

    def candidates(self, way: str) -> list[Candidate]:
        """What one of `SELECTIONS` would tell."""
        make: dict[str, Callable[[], list[Candidate]]] = {
            "oracle": self._oracle,
            "selected": self._selected,
            "imports": lambda: self._outlines(imports.gather),
            "siblings": lambda: self._outlines(siblings.gather),
            "windows": self._windows,
            "heads": lambda: self._blind(head=True),
            "chunks": lambda: self._blind(head=False),
        }
        return make[way]()

    def _selected(self) -> list[Candidate]:
        context_provider = ContextProvider(ContextSettings, watches=False)
        self.tell(context_provider)
        return list(context_provider.gather(self.snapshot(), self.tokens))

    def snapshot(self) -> Snapshot:
        """The task's document where it lies here."""
        return dataclasses.replace(self._task.snapshot(), uri=Path(self.location).as_uri())

    def tell(self, context_provider: ContextProvider) -> None:
        """What an editor would: the folder, and the files that were open, the nearest last."""
        # the folders themselves would bring what was recent in them, which is the user's
        context_provider.reader.set_roots([self.root.as_posix()])
        for location in reversed(self.open_files()):
            context_provider.viewed(Path(location).as_uri(), self._task.language)

    def _outlines(self, gather: Callable[..., list[Candidate]]) -> list[Candidate]:
        cursor = self._task.snapshot().cursor
        return gather(self._current(), cursor.line, self.reader, column=cursor.column)

    def _windows(self) -> list[Candidate]:
        index = WindowIndex()
        for file in self._opened():
            index.update(file)
        return index.similar(self._current(), self._line)

    @property
    def _line(self) -> int:
        return self._task.snapshot().cursor.line

    def _current(self) -> SourceFile:
        text = self._task.before + self._task.after
        return SourceFile(self.location, self._task.file, self._task.language, text, (0, 0))

    def _opened(self) -> list[SourceFile]:
        found = (self.reader.read(location) for location in self.open_files())
        return [file for file in found if file is not None]

    def _oracle(self) -> list[Candidate]:
        found = oracle(self._task, self._files)
        if found is None:
            return []
        path, definition = found
        return [
            Candidate(
                kind=CandidateKind.IMPORT,
                location=(self.root / path).as_posix(),
                path=path,
                language=self._task.language,
                text=definitions.outline(definition),
                score=1.0,
                reason="by hand",
            )
        ]

    def _blind(self, *, head: bool) -> list[Candidate]:
        """The first or any 32 lines of the open files, in an order drawn for the task."""
        draw = random.Random(self._task.id)  # noqa: S311 -- the same every time
        files = self._opened()
        draw.shuffle(files)
        found = []
        for rank, file in enumerate(files):
            lines = file.text.split("\n")
            first = 0 if head else draw.randrange(max(1, len(lines) - CHUNK_LINES))
            text = "\n".join(lines[first : first + CHUNK_LINES]) + "\n"
            score = 1.0 - rank / (2 * OPEN_FILES)
            found.append(
                Candidate(
                    CandidateKind.WINDOW,
                    file.location,
                    file.path,
                    file.language,
                    text,
                    score,
                    "blind",
                )
            )
        return found
