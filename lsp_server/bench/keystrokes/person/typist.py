"""A person at an editor types a task: closed pairs, typos, second thoughts, undone accepts.

What stands in the text is the editor's; what the person wants is a text behind the place where a
change begins. A key is whatever one stroke of the hand does: a character, Enter, Tab, Backspace,
Delete, Down, undo, or a selected text deleted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lsp_server.bench.errors import BenchError
from lsp_server.bench.keystrokes.person.hands import Hands

if TYPE_CHECKING:
    from lsp_server.bench.keystrokes.user import Typing, User
    from lsp_server.bench.servers.base import Server
    from lsp_server.bench.tasks.changes import Replacement
    from lsp_server.bench.tasks.typing import TypingTask

_BLANK_LINE: Final = re.compile(r"(?<=\n)[ \t]+(?=\n)")
_MOST_KEYS: Final = 20
"""For each character: more than that, and the person runs in circles."""


class PersonRun(Hands):
    """One task being typed by a person into one server whose document is open."""

    def __init__(self, task: TypingTask, server: Server, user: User, typing: Typing) -> None:
        super().__init__(task, server, user, typing)
        self._done = 0  # characters of earlier changes
        self._standing = 0  # of this one, while another line is written
        self._known: set[tuple[str, int, int]] = set()  # thoughts that have been had

    @property
    def position(self) -> int:
        """Characters of the task that stand in the text."""
        return self._done + (self._standing or self._at)

    # From change to change

    async def _type(self) -> None:
        moved = 0  # by how much earlier changes have moved what follows
        for number, step in enumerate(self._task.steps):
            self._step, self._changing = number, step.in_lines
            self._base, self._goal, self._at = self.editor.left, "", 0
            if number:
                await self._pause_or_accept(self._person.habits.travel_ms)
                self._screen.hide("moved", "")
            self.editor.move(step.offset + moved)
            await self._change(step)
            self._at = 0
            moved += len(self._goal) - len(step.removed)
            self._done += len(step.typed)

    async def _change(self, step: Replacement) -> None:
        # an editor leaves no blanks on an empty line
        goal = _BLANK_LINE.sub("", "\n" + step.typed)[1:]
        self._base, self._goal, self._at = self.editor.left, goal, 0
        if step.removed:
            gone = self.editor.cut(len(step.removed))
            await self._stroke(lambda: None, gone=gone)
            if await self._pause_or_accept(self._person.habits.notice_ms):
                await self._after_move(ask=True)
        else:
            self._open_line()
            await self._after_move(ask=True)
        after = self.editor.right
        await self._write(goal, self._base)
        while self.editor.pending:
            await self._delete_closer()
        whole, written = self._base + goal, self.editor.left
        if written.rstrip(" \t") != whole.rstrip(" \t") or self.editor.right != after:
            message = f"{self._task.id}: the person wrote something else than the task's text"
            raise BenchError(message)
        self.editor.left = whole  # blanks on an empty line go with the cursor

    def _open_line(self) -> None:
        """On an empty line the editor has put the indentation there when it was opened."""
        editor, goal = self.editor, self._goal
        if not goal[:1].isspace() or goal[:1] == "\n":
            return
        if editor.left.endswith("\n") and editor.right[:1] in {"", "\n"}:
            editor.left = editor.left[:-1]
            editor.enter()
            self._base = editor.left[: editor.left.rfind("\n") + 1]
            self._settle()

    # Writing

    async def _write(self, goal: str, base: str, *, second_thoughts: bool = True) -> None:
        """Type a text behind `base`, from what is already there of it."""
        self._goal, self._base = goal, base
        last_key = self.counts.keys + _MOST_KEYS * (len(goal) + _MOST_KEYS)
        while self._at < len(goal):
            if self.counts.keys > last_key:
                message = f"{self._task.id}: the person never comes to the end of the text"
                raise BenchError(message)
            if self._undo_to is not None:
                await self._undo_accept(self._undo_to)
            elif self._doubled:
                self._doubled -= 1
                await self._delete_closer()
            elif second_thoughts and await self._think():
                continue
            elif await self._pause_or_accept(self._gap_ms()):
                await self._after_move(ask=True)
            else:
                await self._hit()
        while self._doubled:
            self._doubled -= 1
            await self._delete_closer()

    def _gap_ms(self) -> float:
        last = self._goal[self._at - 1] if self._at else ""
        return self._typing.gap_ms(last, self._person.draw("gap", self._place))

    def _once(self, what: str) -> bool:
        """Whether this thought comes for the first time here."""
        mark = (what, *self._place)
        new = mark not in self._known
        self._known.add(mark)
        return new

    async def _think(self) -> bool:
        """What happens before a line, or a letter, besides the key; True when something did."""
        person, place = self._person, self._place
        goal, at = self._goal, self._at
        begins = not goal[:at].rpartition("\n")[2].strip() and goal[at] not in " \t\n"
        if begins and self._level and self._once("line"):
            if away := person.away_ms(place):
                await self._go_elsewhere(away)
            if await self._pause_or_accept(person.thinks_ms(place)):
                await self._after_move(ask=True)
                return True
            line = goal[at:].split("\n")[0]
            if other := person.other_line(line, self._task.before.split("\n"), place):
                await self._write_otherwise(other)
                return True
        if self._level and self._once("typo") and (typo := person.typo(goal, at, place)):
            await self._mistype(typo.char + goal[at + 1 : at + 1 + typo.more])
            return True
        return False

    async def _go_elsewhere(self, milliseconds: float) -> None:
        """The cursor leaves and comes back; nothing is asked for there."""
        self._screen.hide("moved", self._rest)
        await self._cancel()
        text = self._before + self._after
        there = self._person.draw("where", self._place).randrange(len(text) + 1)
        self._server.moved(text, text.rfind("\n", 0, there) + 1)
        await self._pause_or_accept(milliseconds)
        await self._after_move(ask=True)

    async def _write_otherwise(self, line: str) -> None:
        """Another line comes first, is looked at, and deleted."""
        state, base, goal, at = self.editor.state, self._base, self._goal, self._at
        self._at, self._standing = 0, at
        await self._write(line, self.editor.left, second_thoughts=False)
        self._hands = ""
        await self._pause_or_accept(self._person.habits.notice_ms)
        self._screen.hide("mistyped", "")
        self._goal, self._base, self._at, self._standing = goal, base, at, 0
        self._hands = None
        await self._stroke(lambda: self.editor.restore(state), gone=line)

    async def _mistype(self, keys: str) -> None:
        """Wrong keys, noticed and taken back; nothing is accepted meanwhile."""
        editor, rest = self.editor, self._rest
        for number, char in enumerate(keys):
            self._hands = rest[number:]
            await self._pause_or_accept(self._gap_ms())
            self._hands = rest[number + 1 :]
            await self._stroke(lambda char=char: editor.press(char))  # type: ignore[misc]
        await self._pause_or_accept(self._person.habits.notice_ms)
        self._hands = ""
        for _ in keys:
            await self._stroke(editor.backspace, gone=editor.left[-1:])
            await self._pause_or_accept(self._person.habits.backspace_ms)
        self._hands = None
