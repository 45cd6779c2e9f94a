"""Terms: identifiers and their parts, by which pieces of code are compared."""

from __future__ import annotations

import re
from typing import Final

_NAME = re.compile(r"[^\W\d]\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_LEAST_PART: Final = 3
_MOST_LINE: Final = 2000
"""Characters of a line that are looked at; what comes later in such a line is data."""


def terms(lines: list[str]) -> frozenset[str]:
    """Identifiers of some lines, and the words they are made of as `~word`.

    >>> sorted(terms(["getUser(HTTP_PORT)"]))
    ['HTTP_PORT', 'getUser', '~get', '~http', '~port', '~user']
    """
    text = "\n".join([line[:_MOST_LINE] for line in lines])
    names = set(_NAME.findall(text))
    found = set(names)
    for name in names:
        found.update(_parts(name))
    return frozenset(found)


def _parts(name: str) -> list[str]:
    if name.islower() and "_" not in name:
        return ["~" + name] if len(name) >= _LEAST_PART else []
    return ["~" + part.lower() for part in _PART.findall(name) if len(part) >= _LEAST_PART]
