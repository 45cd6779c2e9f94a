"""What is open at a place of a text: brackets, strings and comments, read from left to right.

No grammar: the marks of a language, and one stack. It works on half-written lines of every
language, which is what stands around a cursor.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CLOSED_BY: Final = {"(": ")", "[": "]", "{": "}", "<": ">", "#{": "}", "${": "}", "$(": ")"}
_CLOSERS = frozenset(_CLOSED_BY.values())
_SCRIPTS: Final = [
    "javascript",
    "javascriptreact",
    "svelte",
    "typescript",
    "typescriptreact",
    "vue",
]
_CODE_IN_STRINGS: Final = {
    **{key: {"`${"} for key in _SCRIPTS},
    **{key: {'"#{', '"""#{'} for key in ("coffeescript", "elixir", "ruby")},
    **{key: {'"${', '"""${'} for key in ("dart", "groovy", "kotlin", "php", "scala", "terraform")},
    **{key: {'"${', '"$('} for key in ("powershell", "shellscript")},
}
"""A quote and a mark, after which a string goes on as code, with strings of its own."""
_NOT_IN_STRINGS: Final = frozenset({"<", "#{", "${", "$("})
_LONG: Final = frozenset({'"""', "'''"})
_LINE: Final = "\n"
"""Stands for a comment that ends with its line."""
_BACKTICK_LINES: Final = frozenset({"go", *_SCRIPTS})
"""Languages whose backticks hold several lines."""
_ONLY_DOUBLE: Final = frozenset(
    {"clojure", "fsharp", "haskell", "latex", "lisp", "ocaml", "rust", "scheme", "verilog"}
)
"""Languages in which `'` and the backtick are no quotes, or a character's at most."""
_TRIPLE: Final = frozenset(
    [
        "csharp",
        "dart",
        "elixir",
        "graphql",
        "groovy",
        "java",
        "julia",
        "kotlin",
        "nim",
        "python",
        "scala",
        "swift",
        "toml",
    ]
)
_MORE_MARKS: Final = {
    "clojure": (";",),
    "ini": ("#",),
    "lisp": (";",),
    "php": ("#",),
    "scheme": (";",),
    "terraform": ("//",),
}
_AFTER_BLANK: Final = frozenset({"dockerfile", "fish", "ini", "perl", "shellscript", "yaml"})
"""Languages whose comments begin a word: `$#` and `a#b` are none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that is open: its mark, and where in the text it began."""

    mark: str
    start: int


@dataclass(frozen=True, slots=True)
class Lexis:
    """How one language spells strings, comments and brackets.

    Attributes:
        marks: what begins a comment that ends with its line.
        blocks: opening and closing mark of comments of several lines.
        quotes: what begins a string.
        lasting: what goes on in the next line.
        tokens: finds all of these in a text.
        code: a quote and a mark, after which a string goes on as code.
    """

    marks: tuple[str, ...]
    blocks: dict[str, str]
    quotes: frozenset[str]
    lasting: frozenset[str]
    tokens: re.Pattern[str]
    code: frozenset[str]

    @property
    def strings(self) -> frozenset[str]:
        """What begins a string that ends with its line."""
        return self.quotes - self.lasting

    @classmethod
    @functools.lru_cache(maxsize=256)
    def of(cls, language: str, *, angles: bool = False) -> Lexis:
        """That of a language; of an unknown one, with strings and brackets alone."""
        known = LANGUAGES.get(language)
        marks = (*((known.line,) if known and known.line else ()), *_MORE_MARKS.get(language, ()))
        spelled_marks = "|".join(_spelled(mark, language) for mark in marks) or "(?!)"
        blocks = dict([known.block]) if known and known.block else {}
        quotes = {'"'} if language in _ONLY_DOUBLE else {'"', "'", "`"}
        if language in _TRIPLE:
            quotes |= _LONG
        lasting = {*blocks, *(_LONG & quotes)}
        if language in _BACKTICK_LINES:
            lasting.add("`")
        spelled = [
            r"\\[^\n]",
            r"\n",
            r"#\{|\$\{|\$\(",
            f"(?P<line>{spelled_marks})",
            *map(re.escape, (*blocks, *blocks.values())),
            *sorted(map(re.escape, quotes), key=len, reverse=True),
            *([r"'(?:\\.[^'\n]{0,8}|[^'\\\n])'"] if language == "rust" else []),
            *(["->|=>|[<>]=|[<>]"] if angles else []),
            r"[()\[\]{}]",
        ]
        return cls(
            marks,
            blocks,
            frozenset(quotes),
            frozenset(lasting),
            re.compile("|".join(spelled)),
            frozenset(_CODE_IN_STRINGS.get(language, ())),
        )

    def is_comment(self, line: str, column: int) -> bool:
        """Whether a comment of one line begins at a place in code."""
        found = self.tokens.match(line, column)
        return found is not None and found.lastgroup is not None


def _spelled(mark: str, language: str) -> str:
    """An expression for a mark of comments, without what looks like one."""
    if mark == "REM":
        return r"(?<![^\s@&])(?i:rem)\b"
    if mark == '"':  # Vim's comments at the end of a line look like strings
        return r'(?<![^\n])[ \t]*"'
    if mark == "//":
        return "(?<!:)//"
    if mark == "%":
        return r"(?<![\\%])%"
    if language in _AFTER_BLANK:
        return rf"(?<![^\s;(])(?:{re.escape(mark)})"
    return re.escape(mark)


class Nesting:
    """A stack of what is open; `take` moves it over a text."""

    def __init__(self, lexis: Lexis, opened: Iterable[Opened] = ()) -> None:
        """Begin with what is open already."""
        self.lexis = lexis
        self.opened = [*opened]

    @property
    def within(self) -> str:
        """The string or comment that the place is in, the outermost one; "" in code."""
        chain = self._chain()
        return chain[-1].mark if chain else ""

    def _chain(self) -> list[Opened]:
        """The string or comment at the place and the quotes in it, the innermost first."""
        chain: list[Opened] = []
        inner = ""
        for one in reversed(self.opened):
            if one.mark in _CLOSED_BY:
                inner = one.mark
                continue
            if one.mark + inner in self.lexis.code:
                break
            chain.append(one)
            inner = ""
        return chain

    @property
    def in_comment(self) -> bool:
        """Whether the place is in a comment."""
        within = self.within
        return within == _LINE or within in self.lexis.blocks

    def read(self, text: str) -> Nesting:
        """Move over a whole text."""
        for _ in self.take(text):
            pass
        return self

    def take(self, text: str, start: int = 0) -> Iterator[tuple[re.Match[str], bool]]:
        """Move over a text, token by token.

        Args:
            text: the text, with what stands before it on its line.
            start: where to begin.

        Yields:
            Each token after it was taken, and whether it is a closer that fits nothing.
        """
        for found in self.lexis.tokens.finditer(text, start):
            yield found, self._take(found, text)

    def _take(self, found: re.Match[str], text: str) -> bool:
        part, start = found[0], found.start()
        if part == "\n":
            self.opened = list(_lasting(self.opened, self.lexis))
            return False
        if chain := self._chain():
            self._take_within(part, start, chain, text)
            return False
        if found.lastgroup or (part == "#{" and "#" in self.lexis.marks):
            self.opened.append(Opened(_LINE, start))
        elif part in self.lexis.quotes:
            if part != "'" or not _is_apostrophe(text, start):
                self.opened.append(Opened(part, start))
        elif part in self.lexis.blocks or part in _CLOSED_BY:
            self.opened.append(Opened(part, start))
        elif part in _CLOSERS:
            return not self._close(part)
        return False

    def _take_within(self, part: str, start: int, chain: list[Opened], text: str) -> None:
        """In a string or a comment; brackets and other quotes in it are taken as they come."""
        for one in chain:
            if part == self.lexis.blocks.get(one.mark, one.mark):
                while self.opened.pop() is not one:
                    pass
                return
        opens = part in _CLOSED_BY and part not in _NOT_IN_STRINGS
        opens = opens or chain[0].mark + part in self.lexis.code
        quotes = part in self.lexis.quotes and not (part == "'" and _is_apostrophe(text, start))
        if opens or quotes:
            self.opened.append(Opened(part, start))
        elif part in _CLOSERS:
            self._close(part)  # a closer in words needs no opener

    def _close(self, closer: str) -> bool:
        if self.opened and _CLOSED_BY.get(self.opened[-1].mark) == closer:
            self.opened.pop()
            return True
        return False


def _is_apostrophe(text: str, start: int) -> bool:
    """Whether a `'` follows a word, a bracket or a number, as in `don't`, `a[0]'` and `1'000`."""
    end = start
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    word = text[start:end]
    prefix = word.isalpha() and len(word) <= 2  # noqa: PLR2004 - as in rb''
    return bool(word) and not prefix


def _lasting(opened: Iterable[Opened], lexis: Lexis) -> Iterator[Opened]:
    """What of it goes on in the next line; brackets do where no string is open."""
    held = False
    for one in opened:
        is_text = one.mark not in _CLOSED_BY
        if is_text and one.mark not in lexis.lasting and not held:
            return
        held = held or (is_text and one.mark in lexis.lasting)
        if not is_text or one.mark in lexis.lasting:
            yield one


def carried(opened: Iterable[Opened], lexis: Lexis) -> tuple[Opened, ...]:
    """The strings and comments of several lines among what is open, without brackets in code."""
    kept: list[Opened] = []
    for one in opened:
        if kept or one.mark in lexis.lasting:
            kept.append(Opened(one.mark, -1))
    return tuple(kept)
