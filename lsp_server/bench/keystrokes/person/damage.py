"""Whether an accept leaves a line broken, and whether a shown text is one that was just removed."""

from __future__ import annotations

from typing import Final

from context.syntax.trees import parse

_SHORTEST: Final = 3
"""Characters from which on a removed text is one that can be known again."""


def breaks_parse(language: str, before: str, after: str) -> bool:
    """Whether a text that parsed whole does not any more; False for languages without grammar."""
    return _whole(language, before) and not _whole(language, after)


def _whole(language: str, text: str) -> bool:
    syntax = parse(language, text)
    return syntax is None or not syntax.root.has_error


def brings_back(removed: str, typed_since: str, shown: str) -> bool:
    """Whether a shown text would put there again what was removed, or its first line.

    >>> brings_back("return None", "ret", "urn None")
    True
    """
    gone, back = removed.strip(), (typed_since + shown).strip()
    first = gone.split("\n")[0].rstrip()
    if len(first) < _SHORTEST or len(shown.strip()) < _SHORTEST:
        return False
    return back.startswith(gone) or back.split("\n")[0].rstrip() == first
