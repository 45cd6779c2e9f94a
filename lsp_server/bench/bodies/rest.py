"""Somebody who has opened a body and waits: what is shown by the end of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.bench.keystrokes.asking import Asking

if TYPE_CHECKING:
    from lsp_server.bench.bodies.tasks import BodyTask
    from lsp_server.bench.keystrokes.user import Typing, User
    from lsp_server.bench.servers.base import Server

MOST_ACCEPTS: Final = 15


@dataclass(frozen=True, slots=True)
class BodyRow:
    """What became of one function.

    Attributes:
        id: the task's.
        lang: as its set spells it.
        shown: the text at the end of the first rest, "" for none.
        taken: all that comes to stand there when each text is taken at the end of a rest, until
            nothing is shown any more.
        accepts: how many texts that took.
        first_ms: from Enter to the first text; nan for none.
        whole_ms: from Enter to the last change of the first text; nan for none.
        similarity: of `shown` and the real body, in percent of characters (Levenshtein).
        taken_similarity: of `taken`.
        passed: whether the program with `shown` passes its tests; None when it has none.
        taken_passed: the same with `taken`.
        message: why `taken` does not pass.
    """

    id: str
    lang: str
    shown: str
    taken: str
    accepts: int
    first_ms: float
    whole_ms: float
    similarity: float
    taken_similarity: float
    passed: bool | None = None
    taken_passed: bool | None = None
    message: str = ""

    @property
    def lines(self) -> int:
        """Lines with text that were shown at first."""
        return sum(1 for line in self.shown.split("\n") if line.strip())


class Rest(Asking):
    """One body being waited for."""

    def __init__(
        self, task: BodyTask, server: Server, user: User, typing: Typing, rest_ms: float
    ) -> None:
        super().__init__(task.typing(), server, user, typing)
        self.shown, self.taken, self.accepts = "", "", 0
        self.first_ms = self.whole_ms = float("nan")
        self._rest_ms = rest_ms
        self._started_text, self._behind = task.started, task.after
        self._indent = len(self._line(self._started_text))

    @property
    def position(self) -> int:
        """Characters that were taken."""
        return len(self.taken)

    @property
    def _rest(self) -> str:
        return ""

    @property
    def _before(self) -> str:
        return self._started_text + self.taken

    @property
    def _after(self) -> str:
        return self._behind

    def _wants(self) -> int:
        return 0  # it waits to the end

    def _accept(self, taken: int) -> None:
        text = self._inside(self._screen.text[:taken])
        self._screen.hide("accepted", "")
        self.taken += text
        self.accepts += 1
        self._server.accepted(whole=True)

    async def _type(self) -> None:
        await self._after_move(ask=True)
        await self._pause_or_accept(self._rest_ms)
        self.shown = self._screen.text.rstrip()
        if self.shown:
            self.first_ms, self.whole_ms = self.counts.ghost_ms[0], self._screen.changed_at
        while self._inside(self._screen.text).strip() and self.accepts < MOST_ACCEPTS:
            self._accept(len(self._screen.text.rstrip()))
            await self._after_move(ask=True)
            await self._pause_or_accept(self._rest_ms)

    def _inside(self, text: str) -> str:
        """As much of a text as belongs to the body: no line that is indented less."""
        lines = text.split("\n")
        for number, line in enumerate(lines[1:], 1):
            if line.strip() and len(line) - len(line.lstrip()) < self._indent:
                return "\n".join(lines[:number])
        return text

    @staticmethod
    def _line(text: str) -> str:
        return text[text.rfind("\n") + 1 :]
