"""What llama.vim sends from a buffer, and what it shows of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from context.words import indent_of

Key = tuple[str, str]
"""Text before the cursor within the window, text after it: what a cached text belongs to."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The plugin's settings, with its documented defaults.

    Attributes:
        prefix_lines: lines before the cursor's that are sent.
        suffix_lines: lines after it.
        max_line_suffix: no request with more characters than this right of the cursor.
        n_predict: most tokens of one answer.
        t_max_prompt_ms: time limit of reading (the server has none yet).
        t_max_predict_ms: time limit of decoding, looked at by the server only at a newline.
        t_max_first_ms: the same for a request whose answer is to be shown at once.
        cached: most cached texts, least recently used goes first.
        look_back: most typed characters by which a cached text may be older.
        trims: cached also as if this many of the first lines had scrolled out of the window.
        retry_ms: wait before trying again while a request is in flight.
    """

    prefix_lines: int = 256
    suffix_lines: int = 64
    max_line_suffix: int = 8
    n_predict: int = 128
    t_max_prompt_ms: int = 500
    t_max_predict_ms: int = 1000
    t_max_first_ms: int = 250
    cached: int = 250
    look_back: int = 128
    trims: int = 3
    retry_ms: float = 100


@dataclass(frozen=True, slots=True)
class BufferWindow:
    """What one request is about: text before the line, on the line, after the cursor."""

    prefix: str
    middle: str
    suffix: str
    indent: int

    @property
    def key(self) -> Key:
        """What the cache knows it by."""
        return self.prefix + self.middle, self.suffix

    def keys(self, trims: int) -> list[Key]:
        """The key, and those that it will have when its first lines have scrolled out."""
        keys = [self.key]
        prefix = self.prefix
        for _ in range(trims):
            prefix = prefix.partition("\n")[2]
            if not prefix:
                break
            keys.append((prefix + self.middle, self.suffix))
        return keys


class Buffer:
    """A text and a cursor, seen by lines as in an editor."""

    def __init__(self, text: str, offset: int) -> None:
        self.lines = text.split("\n")
        self.row = text.count("\n", 0, offset)
        self.column = offset - (text.rfind("\n", 0, offset) + 1)

    @property
    def line(self) -> str:
        """The cursor's line."""
        return self.lines[self.row]

    @property
    def before(self) -> str:
        """The cursor's line up to the cursor."""
        return self.line[: self.column]

    @property
    def after(self) -> str:
        """The cursor's line from the cursor."""
        return self.line[self.column :]

    def window(self, policy: Policy) -> BufferWindow:
        """What is sent for the cursor's place; a blank line counts as an empty one."""
        blank = not self.line.strip()
        first = max(0, self.row - policy.prefix_lines)
        return BufferWindow(
            prefix="\n".join(self.lines[first : self.row]) + "\n",
            middle="" if blank else self.before,
            suffix=self._suffix("" if blank else self.after, policy),
            indent=0 if blank else indent_of(self.line),
        )

    def window_after(self, shown: list[str], indent: int, policy: Policy) -> BufferWindow:
        """What is sent ahead of time, as if the shown lines were in the text already."""
        first = max(0, self.row - policy.prefix_lines + len(shown) - 1)
        above = self.lines[first : self.row]
        if len(shown) > 1:
            above = [*above, self.before + shown[0], *shown[1:-1]]
            middle = shown[-1]
        else:
            middle = self.before + shown[0]
        prefix = "\n".join(above) + "\n"
        return BufferWindow(prefix, middle, self._suffix("", policy), indent)

    def _suffix(self, rest_of_line: str, policy: Policy) -> str:
        below = self.lines[self.row + 1 : self.row + 1 + policy.suffix_lines]
        return f"{rest_of_line}\n" + "\n".join(below) + "\n"

    def fit(self, content: str) -> list[str]:
        """Lines to show of an answer: without trailing blank ones and what the text has already."""
        shown = content.split("\n")
        while shown and shown[-1] == "":
            shown.pop()
        if not shown:
            return []
        before = self.before
        if not self.line.strip():
            lead = min(indent_of(shown[0]), len(self.line))
            before, shown[0] = shown[0][:lead], shown[0][lead:]
        return [] if self._is_there(before, shown) else shown

    def _is_there(self, before: str, shown: list[str]) -> bool:
        """Whether the shown lines only repeat the rest of the line or the lines below."""
        below = self.lines[self.row + 1 :]
        if len(shown) > 1 and shown[0] == "" and shown[1:] == below[: len(shown) - 1]:
            return True
        if len(shown) == 1 and shown[0] in {"", self.after}:
            return True
        while len(below) > 1 and not below[0].strip():
            below.pop(0)
        if not below or before + shown[0] != below[0]:
            return False
        rest, after = shown[1:], below[1:]
        if len(rest) == 1:
            return bool(after) and after[0].startswith(rest[0])
        return rest == after[: len(rest)]
