"""The hands of a person at an editor: strokes, accepts, undo, and what is counted of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from lsp_server.bench.keystrokes.asking import Asking
from lsp_server.bench.keystrokes.person.damage import breaks_parse, brings_back
from lsp_server.bench.keystrokes.person.editor import QUOTES, AutoPairEditor, repeated
from lsp_server.bench.keystrokes.person.habits import Habits, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.bench.keystrokes.person.editor import EditorState
    from lsp_server.bench.keystrokes.user import Typing, User
    from lsp_server.bench.servers.base import Server
    from lsp_server.bench.tasks.typing import TypingTask

QUIET_MS: Final = 1000
"""A text shown within this time of a removal, before another key, is shown right after it."""
QUIET_DELETIONS: Final = 2
"""From the third deletion in a row on somebody clears the place, and may be helped."""


class Hands(Asking):
    """Writes a goal behind a base, stroke by stroke; subclasses decide what the goal is.

    A stroke is what a hand does at once: a character, Enter, Tab, Backspace, Delete, Down, undo, a
    selected text deleted. Each counts as one key.
    """

    def __init__(self, task: TypingTask, server: Server, user: User, typing: Typing) -> None:
        super().__init__(task, server, user, typing)
        self.editor = AutoPairEditor(task.before, task.steps[0].offset, task.language)
        self._person = Person(typing.habits or Habits(), typing.seed, task.id)
        self._step = 0
        self._changing = False  # lines that were there before
        self._base, self._goal, self._at = self.editor.left, "", 0
        self._hands: str | None = None  # what they write, where it is not the rest of the goal
        self._undo_to: EditorState | None = None  # a wrong accept has just been made
        self._undone = ""
        self._regretted: set[tuple[int, int]] = set()  # places where nobody errs twice
        self._doubled = 0  # closers to delete, since an accept brought them once more
        self._deletions = 0  # in a row
        self._removed, self._removed_from = "", ""
        self._removed_at: float | None = None  # None once a text was shown or it is too late

    @property
    def _rest(self) -> str:
        return self._goal[self._at :] if self._hands is None else self._hands

    @property
    def wanted(self) -> str:
        """What the person wants at the cursor, for servers that are made up."""
        return self._rest

    @property
    def removed_rest(self) -> str:
        """What is missing at the cursor of the text that was last removed here, "" for nothing."""
        whole, left = self._removed_from + self._removed, self.editor.left
        here = left.startswith(self._removed_from) and whole.startswith(left)
        return whole[len(left) :] if here else ""

    @property
    def _before(self) -> str:
        return self.editor.left

    @property
    def _after(self) -> str:
        return self.editor.right

    @property
    def _place(self) -> tuple[int, int]:
        """What chance is drawn for."""
        return (self._step, self._at)

    @property
    def _level(self) -> bool:
        """Whether the text is what is wanted, without blanks that the editor put there."""
        return self.editor.left == self._base + self._goal[: self._at]

    def _settle(self) -> None:
        """Find how much of the goal stands in the text; too deep an indentation counts as none."""
        left, whole = self.editor.left, self._base + self._goal
        if not whole.startswith(left):
            left = left[: len(left) - len(self.editor.line)]
        self._at = len(left) - len(self._base)

    # Strokes

    async def _hit(self) -> None:
        """The next stroke towards the goal."""
        editor, char = self.editor, self._goal[self._at]
        head = editor.pending[0] if editor.pending else ""
        if char == "\n" and head[:1] == "\n" and self._goal.startswith(head, self._at):
            await self._stroke(editor.down)
        elif char == "\n" and head and head in QUOTES:
            await self._delete_closer()  # a quote that was closed where none was wanted
        elif char == "\n":
            await self._stroke(editor.enter)
        elif not self._level:
            await self._stroke(editor.backspace)
        elif not editor.line.strip() and self._goal.startswith(editor.unit, self._at):
            await self._stroke(lambda: editor.insert(editor.unit))  # Tab
        else:
            await self._stroke(lambda: editor.press(char))

    async def _delete_closer(self) -> None:
        await self._stroke(self.editor.delete, gone=self.editor.pending[0].strip())

    async def _stroke(self, deed: Callable[[], object], *, gone: str = "") -> None:
        """One stroke; `gone` is what it deletes."""
        pressed_at, stopped_ms = time.perf_counter(), self._stopped_ms
        editor, rest = self.editor, self._rest
        left, right = editor.left, editor.right
        deed()
        self.counts.keys += 1
        self.counts.changed_keys += self._changing
        entered = editor.left[len(left) :] if editor.left.startswith(left) else ""
        if entered:
            self._screen.type(entered, rest)
            self.counts.free_chars += len(entered) - 1 if self._hands is None else 0
        else:
            self._screen.hide("mistyped", rest)
        if self._hands is None:
            self._settle()
        self._note("key", self.position)
        self._remember(gone)
        closed = not right.endswith(editor.right)  # the editor put something behind the cursor
        ask = not self._screen.text or closed or self._typing.ask == "always"
        await self._after_move(ask=ask)
        took = (time.perf_counter() - pressed_at) * 1000
        self.counts.ack_ms.append(took - (self._stopped_ms - stopped_ms) / self._typing.speed)

    # Accepts

    def _wants(self) -> int:
        busy = self._hands is not None or self._doubled
        if busy or not (self._level or self._rest.startswith("\n")):
            return 0
        if taken := super()._wants():
            return taken
        shown = self._screen.text
        if self._place in self._regretted:
            return 0
        wrong = self._person.misjudges(shown, self._rest, self._place)
        return len(shown.rstrip()) if wrong else 0

    def _accept(self, taken: int) -> None:
        editor, shown, rest, before = self.editor, self._screen.text, self._rest, self.editor.state
        text = shown[:taken]
        self._screen.hide("accepted", rest)
        self._note("accept", taken)
        if not self._level:
            editor.left = editor.left[: len(editor.left) - len(editor.line)]
        editor.insert(text)
        self.counts.accepts += 1
        self.counts.changed_accepts += self._changing
        doubled = repeated(text, editor.pending)
        if rest.startswith(text):
            if text.strip():
                self.counts.accepted_chars += taken
                self.counts.changed_accepted_chars += taken * self._changing
            self._settle()
            self._doubled = doubled
            self.counts.broken += doubled > 0
        else:
            self._regretted.add(self._place)
            self._undo_to, self._undone, self._hands = before, text, ""
            texts = before.left + before.right, editor.left + editor.right
            broken = doubled > 0 or breaks_parse(self._task.language, *texts)
            self.counts.broken += broken
        self._deletions, self._removed_at = 0, None
        self._server.accepted(whole=taken >= len(shown.rstrip()))

    async def _undo_accept(self, state: EditorState) -> None:
        """A wrong accept is noticed, and undone."""
        await self._pause_or_accept(self._person.habits.notice_ms)
        self.counts.undone += 1
        self._screen.hide("mistyped", "")
        self._undo_to = self._hands = None
        await self._stroke(lambda: self.editor.restore(state), gone=self._undone)

    # Removals

    def _remember(self, gone: str) -> None:
        """Note what a stroke removed; any other stroke ends the quiet after a removal."""
        if not gone.strip():
            self._deletions, self._removed_at = 0, None
            return
        self._deletions += 1
        if self._deletions == 1:
            self.counts.removals += 1
            self._removed_at = self._now()
        elif self._removed_at is not None:
            quiet = self._deletions <= QUIET_DELETIONS
            self._removed_at = self._now() if quiet else None
        left = self.editor.left
        together = self._deletions > 1 and self._removed_from == left + gone
        self._removed = gone + self._removed if together else gone
        self._removed_from = left

    def _note(self, what: str, number: float = 0) -> None:
        super()._note(what, number)
        if what == "show":
            self._judge_shown()

    def _judge_shown(self) -> None:
        at, left = self._removed_at, self.editor.left
        if at is not None and self._now() - at <= QUIET_MS:
            self.counts.shown_after_removal += 1
            self._removed_at = None
        if self._removed and left.startswith(self._removed_from):
            typed = left[len(self._removed_from) :]
            if brings_back(self._removed, typed, self._screen.text):
                self.counts.removed_shown += 1
                self._removed = ""
