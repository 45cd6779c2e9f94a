"""Replace lone surrogates in a client's text, which no tokenizer accepts."""

from __future__ import annotations

import re

_SURROGATE = re.compile(r"[\ud800-\udfff]")


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
