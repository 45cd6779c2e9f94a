r"""Lines as tokens, and a change of a line as operations on them.

>>> [str(op) for op in operations(split("f(a, x)"), split("f(a, x, ctx)"))]
["6:6 '' -> ', ctx'"]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"\s+|[^\W\d]\w*|\d\w*|.", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d]\w*")
_SHARED_LEAST: Final = 0.3
"""Lines that share less than this are two lines, not one that changed."""

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """Tokens `start` to `end` of a line become `new`.

    Attributes:
        start: first old token.
        end: behind the last old token; equal to `start` for an insertion.
        old: the old tokens.
        new: the new tokens.
        into: where they stand in the new line.
    """

    start: int
    end: int
    old: Tokens
    new: Tokens
    into: int

    @property
    def signature(self) -> tuple[str, str]:
        """What is replaced by what, wherever it stands."""
        return "".join(self.old), "".join(self.new)

    @property
    def renames(self) -> bool:
        """Whether one word becomes another word."""
        return len(self.old) == len(self.new) == 1 and is_word(self.old[0]) and is_word(self.new[0])

    def __str__(self) -> str:
        return f"{self.start}:{self.end} {''.join(self.old)!r} -> {''.join(self.new)!r}"


@lru_cache(maxsize=4096)
def split(text: str) -> Tokens:
    """Words, numbers, runs of white space, and every other character by itself.

    What stands in a string is split too: most changes inside strings are of single words.
    """
    return tuple(_TOKEN.findall(text))


def is_word(token: str) -> bool:
    """Whether a token is a name or a keyword."""
    return _WORD.fullmatch(token) is not None


def words(text: str) -> list[str]:
    """The names and keywords of a text, in order."""
    return _WORD.findall(text)


@lru_cache(maxsize=1024)
def operations(old: Tokens, new: Tokens) -> tuple[Operation, ...]:
    """What makes `new` of `old`, from left to right; () when they are the same or share little."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    solid = sum(not token.isspace() for b in blocks for token in old[b.a : b.a + b.size])
    longer = max(sum(not t.isspace() for t in side) for side in (old, new))
    if solid < _SHARED_LEAST * longer:
        return ()
    found = [
        Operation(i, j, old[i:j], new[k:m], k)
        for tag, i, j, k, m in matcher.get_opcodes()
        if tag != "equal"
    ]
    return tuple(found)
