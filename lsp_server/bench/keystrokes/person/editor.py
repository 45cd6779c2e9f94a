"""What an editor does on its own while somebody types, as VS Code and Neovim with autopairs do it.

A bracket or a quote brings its other half; typing that half goes over it; Backspace between the two
takes both; Enter keeps the indentation, adds a level behind what opens a block, and opens a pair
over three lines. No keys are counted here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
CLOSERS: Final = frozenset(PAIRS.values())
QUOTES: Final = "\"'`"
_QUOTES: Final = {
    "go": QUOTES, "javascript": QUOTES, "javascriptreact": QUOTES, "typescript": QUOTES,
    "typescriptreact": QUOTES, "rust": '"',
}  # fmt: skip
_HASH: Final = frozenset({"python", "shellscript", "ruby", "r", "elixir"})
_CLOSES_BEFORE: Final = ";:.,=}])> \n\t`"
"""Behind the cursor must stand nothing or one of these, or nothing is closed (VS Code's list)."""
_PREFIXED: Final = re.compile(r"(?<!\w)[rbfuRBFU]{1,2}$")
_LEAVES_BLOCK: Final = re.compile(r"\s*(return|pass|break|continue|raise)\b")
_SPACES: Final = re.compile(r"^( {2,})\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EditorState:
    """What an undo goes back to.

    Attributes:
        left: the text before the cursor.
        right: the text from the cursor on.
        pending: what the editor has closed and nobody has typed over, the nearest first; `right`
            begins with them. One that stands on a line of its own begins with a newline.
    """

    left: str
    right: str
    pending: tuple[str, ...] = ()


class AutoPairEditor:
    """A text with a cursor in it."""

    def __init__(self, text: str, offset: int, language: str) -> None:
        self.left, self.right = text[:offset], text[offset:]
        self.pending: list[str] = []
        self.unit = indent_unit(text, language)
        self._language = language
        self._quotes = _QUOTES.get(language, "\"'")

    @property
    def state(self) -> EditorState:
        """The text of now."""
        return EditorState(self.left, self.right, tuple(self.pending))

    def restore(self, state: EditorState) -> None:
        """Undo everything since."""
        self.left, self.right, self.pending = state.left, state.right, list(state.pending)

    def move(self, offset: int) -> None:
        """Put the cursor elsewhere; what was closed is text like any other then."""
        text = self.left + self.right
        self.left, self.right, self.pending = text[:offset], text[offset:], []

    def cut(self, length: int) -> str:
        """Delete so many characters behind the cursor, as a selection; gives what they were."""
        gone, self.right, self.pending = self.right[:length], self.right[length:], []
        return gone

    @property
    def line(self) -> str:
        """The cursor's line up to the cursor."""
        return self.left[self.left.rfind("\n") + 1 :]

    def insert(self, text: str) -> None:
        """Put text in as it is, as accepting a suggestion does."""
        self.left += text

    # Keys

    def press(self, char: str) -> None:
        """A character that is no newline: typed over, or put in, with its other half."""
        if self.pending and self.pending[0].startswith(char):
            self._over(1)
            return
        closing = self._closing(char)
        self.left += char
        if closing:
            self.right = closing + self.right
            self.pending.insert(0, closing)

    def enter(self) -> None:
        """Enter, with the indentation of the line that begins."""
        line = self.line
        if not line.strip():  # blanks that only the editor put there do not stay
            self.left = self.left[: len(self.left) - len(line)]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        code = line.rstrip()
        opener = code[-1:] if code[-1:] in PAIRS else ""
        if opener and self.pending[:1] == [PAIRS[opener]]:
            below = f"\n{indent}{PAIRS[opener]}"
            self.right = below + self.right[1:]
            self.pending[0] = below
        if opener or (self._language == "python" and code.endswith(":")):
            indent += self.unit
        elif self._language == "python" and _LEAVES_BLOCK.match(line):
            indent = indent.removesuffix(self.unit)
        self.left += "\n" + indent

    def down(self) -> str:
        """Go behind a closer that stands below; gives what the cursor went over."""
        return self._over(len(self.pending[0]))

    def backspace(self) -> str:
        """Backspace; gives what it took of the text before the cursor."""
        line = self.line
        if line and not line.strip():  # a level of indentation
            gone = self.unit if line.endswith(self.unit) else line[-1]
        else:
            gone = self.left[-1:]
            closing = PAIRS.get(gone, gone if gone in self._quotes else "")
            if closing and self.pending[:1] == [closing]:
                self.delete()
        self.left = self.left[: len(self.left) - len(gone)]
        return gone

    def delete(self) -> str:
        """Delete what the editor closed last; gives what it was."""
        gone = self.pending.pop(0)
        self.right = self.right[len(gone) :]
        return gone

    def _over(self, length: int) -> str:
        passed, self.right = self.right[:length], self.right[length:]
        self.left += passed
        self.pending[0] = self.pending[0][length:]
        if not self.pending[0]:
            del self.pending[0]
        return passed

    def _closing(self, char: str) -> str:
        """What the editor puts behind a character, "" for nothing."""
        if self.right and self.right[0] not in _CLOSES_BEFORE:
            return ""
        if char in PAIRS:
            return PAIRS[char]
        if char not in self._quotes:
            return ""
        line = self.line
        if self._language == "python" and line.endswith(2 * char) and not line.endswith(3 * char):
            return 3 * char
        before = _PREFIXED.sub("", line) if self._language == "python" else line
        in_word = before[-1:].isalnum() or before[-1:] in {"_", "\\", char}
        return "" if in_word or self._in_text(before) else char

    def _in_text(self, line: str) -> bool:
        """Whether the end of a line stands in a string or a comment, as far as the line tells."""
        comment = "#" if self._language in _HASH else "//"
        if line.lstrip().startswith(("* ", "/*")):
            return True
        quote, place = "", 0
        while place < len(line):
            char = line[place]
            if quote:
                place += char == "\\"
                quote = "" if char == quote else quote
            elif char in self._quotes:
                quote = char
            elif line.startswith(comment, place):
                return True
            place += 1
        return bool(quote)


def indent_unit(text: str, language: str) -> str:
    """One level of indentation, as most lines of a text have it; else as the language does."""
    if language == "go" or text.count("\n\t") > text.count("\n  "):
        return "\t"
    spaces = [len(found.group(1)) for found in _SPACES.finditer(text)]
    if spaces:
        return " " * (2 if sum(width % 4 == 2 for width in spaces) * 8 > len(spaces) else 4)  # noqa: PLR2004
    return "  " if language.startswith(("typescript", "javascript")) else "    "


def repeated(accepted: str, pending: tuple[str, ...] | list[str]) -> int:
    """How many of the pending closers an accepted text has brought once more.

    >>> repeated("name):", [")"]), repeated("len(name)", [")"])
    (1, 0)
    """
    stack: list[str] = []
    found = 0
    for char in accepted:
        closer = pending[found].lstrip() if found < len(pending) else ""
        inside = stack[-1] if stack else closer[:1] if closer[:1] in QUOTES else ""
        if stack and char == stack[-1]:
            stack.pop()
        elif not stack and char == closer[:1]:
            found += 1
        elif inside and inside in QUOTES:
            continue  # text of a string
        elif char in PAIRS:
            stack.append(PAIRS[char])
        elif char in QUOTES:
            stack.append(char)
    return found
