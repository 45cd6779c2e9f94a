"""Small questions about characters and lines that several parts ask."""

from __future__ import annotations

import re

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def in_word(char: str) -> bool:
    """Whether a character is part of a word; "" is not."""
    return char.isalnum() or char == "_"


def indent_of(line: str) -> int:
    """Blanks and tabs that a line begins with, each counted as one."""
    return len(line) - len(line.lstrip(" \t"))


def utf16_units(text: str) -> int:
    """Length in 16-bit units, as LSP counts columns; a lone surrogate is one."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def well_formed(text: str) -> str:
    r"""`text` without lone surrogates, which JSON can carry (`"\ud83d"`) but no tokenizer takes.

    U+FFFD is as wide as a lone surrogate in every encoding, so positions stay right.

    >>> well_formed("\ud83d\udc4d") == "\N{THUMBS UP SIGN}", well_formed("\ud83d") == "\ufffd"
    (True, True)
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", joined)


def common_prefix(one: str, other: str) -> int:
    """How many characters two strings share at their start.

    Bisection over slices: every step compares in C, and all steps together look at each character
    about once, so a line of 1 MB costs well below a millisecond.
    """
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
