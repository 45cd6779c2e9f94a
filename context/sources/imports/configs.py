"""Project files: JSON with comments and trailing commas, and what may stand in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from context.access.files import BROKEN_CONFIG
from context.memo import Memo

if TYPE_CHECKING:
    from context.access.files import Files

_STRING = r'"(?:\\.|[^"\\\n])*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")
_MAX_CHARS = 1_000_000

_parsed: Memo[dict[str, Any]] = Memo(256)


def project_file(location: str, files: Files) -> str:
    """The text of a project file, "" when it is not there: most are looked for in vain."""
    return (files.read_config(location) or "") if files.is_file(location) else ""


def read_object(location: str, files: Files) -> dict[str, Any]:
    """The object in a JSON file; an empty one when the file is missing or broken."""
    text = project_file(location, files)
    if not text:
        return {}

    def make() -> dict[str, Any]:
        found = parse_object(text) if len(text) <= _MAX_CHARS else None
        if found is None:
            files.skip(BROKEN_CONFIG)
        return found or {}

    return _parsed.get((location, hash(text), len(text)), make)


def parse_object(text: str) -> dict[str, Any] | None:
    r"""The object in a text; None when there is none.

    >>> parse_object('{"a": [1, 2,], // no\n "b": "//",}')
    {'a': [1, 2], 'b': '//'}
    """
    plain = text
    for pattern in (_COMMENT, _LAST_COMMA):
        plain = pattern.sub(lambda match: match[0] if match[0][0] == '"' else " ", plain)
    try:
        found = json.loads(plain.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def strings(value: Any) -> list[str]:
    """The strings in a value that may be a string, a list, or anything else."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def objects(value: Any) -> dict[str, Any]:
    """A value that should be an object, an empty one when it is not."""
    return value if isinstance(value, dict) else {}
