"""Words and lengths, in scripts with blanks between words and in those without."""

from __future__ import annotations

import re
import unicodedata

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: a word may end behind each of them."""


def in_word(char: str) -> bool:
    """Whether a character is part of a word that the next one may go on; "" is not."""
    return (char.isalnum() or char == "_") and not _UNSPACED.match(char)


def to_word_border(text: str) -> str:
    """`text` without a last word that the next token could make longer."""
    end = len(text)
    while end and in_word(text[end - 1]):
        end -= 1
    return text[:end].rstrip(" \t")


def keys(text: str) -> int:
    """About how many keys a text takes: a Chinese, Japanese or Korean character takes several."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + (_KEYS_OF_WIDE - 1) * wide


_KEYS_OF_WIDE = 3
