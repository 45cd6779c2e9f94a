"""Values of assignments to names such as `password` or `api_key`, where they look like secrets.

The name is what is looked for, since it is rare; then what follows must be an assignment of some
language, and the value must not be one of those that code is full of: words, placeholders, names.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRONG: Final = ("pass", "pwd", "secret")
"""Parts of names whose values are secrets even when they are words."""

_WEAK: Final = ("token", "key", "credential", "_auth")
"""Parts of names whose values are secrets when they look random."""

_PASS = re.compile(r"pass(?:w|phrase)|(?<=[_.-])pass(?![a-z])|(?<=[bdr])pass\b")
_KEY_OF = re.compile(
    r"(?:api|access|private|signing|encryption|account|auth|secret|master|licen[cs]e|app|service)"
    r"[_-]?\Z"
)
_LONGEST_KEY_OF = 11

_PLAIN_ENDS = re.compile(
    r"(?:types?|ur[li]s?|path|file(?:name)?|name|field|label|ids?|kind|header|param(?:eter)?|prefix"
    r"|suffix|regexp?|pattern|expir(?:y|es|ation)(?:_?in|_?at)?|len(?:gth)?|count|min|max|hint|text"
    r"|placeholder|errors?|messages?|msg|class|input|title|description|desc|env(?:var)?|var|arn|ref"
    r"|policy|strength|store|provider|manager|service|endpoint|hash(?:er)?|algorithm|version|usage"
    r"|index|position|start|end|at|mode|format|string|list|set|map|size|limit|budget|s|vocab)\Z",
    re.IGNORECASE,
)
"""Ends of names that say something about a secret, instead of being one."""

_QUOTED = re.compile(
    r"(?P<rest>[\w.-]{0,40})(?P<close>[\"'`]?\]?)\)?\s{0,8}"
    r"(?::\s{0,4}(?:typing\.)?[A-Za-z][\w.|?]{0,30}(?:\[[\w, ]{1,30}\])?\s{0,4}(?==))?"
    r"(?P<sign>=>|:=|\?\?=|\|\|=|={1,3}|!={1,2}|:|,)\s{0,8}(?:[bfruL@]{1,2}|\\)?"
    r"(?P<quote>[\"'`])(?P<value>(?:(?!(?P=quote))[^\s\\]|\\[^\n]){4,300}?)\\?(?P=quote)"
)
_BARE = re.compile(
    r"(?P<rest>[\w.-]{0,40})(?P<sign>=|:[ \t]{1,8}|[ \t]{1,8}=[ \t]{1,8})"
    r"(?P<value>[^\s\"'`,;(){}\[\]<>|\\]{6,300})(?P<after>[^\n]?)"
)
_LINE_START = re.compile(
    r"[ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+|-[ \t]+|#[ \t]*)?[\w.-]*"
)
_WORDS = re.compile(r"[A-Za-z]+(?:[-_./:@+ ][A-Za-z]+)*[-_./:]?\d{0,4}")
_NAME_LIKE = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)*[!?*]?")
_PATH = re.compile(r"^[.~]{0,2}/|\.\w{1,5}$")
_BORDER = re.compile(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d")
_NO_SECRETS: Final = frozenset(
    {
        *("string", "number", "boolean", "required", "optional", "hidden", "undefined", "unknown"),
        *("default", "false", "invalid", "disabled", "enabled", "bearer", "basic", "none", "null"),
        *("text", "value", "empty", "missing", "forgot", "change", "reset", "confirm", "current"),
    }
)
_MIN_WORD = 5
_MIN_RANDOM = 10
_MIN_DISTINCT = 6
_MIN_BORDERS = 4
_NAME_LETTERS = string.ascii_letters + string.digits + "_.-"


def assigned(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every value that looks like a secret."""
    lower = text.lower()
    if len(lower) != len(text):  # some capital letters have longer small ones
        lower = "".join(char.lower() if char.isascii() else char for char in text)
    for marks, strong in ((_STRONG, True), (_WEAK, False)):
        for mark in marks:
            place = lower.find(mark)
            while place >= 0:
                end = place + len(mark)
                if not _is_name(lower, place, mark):
                    pass
                elif quoted := _QUOTED.match(text, end):
                    if _is_quoted_secret(quoted, strong=strong):
                        yield quoted.span("value")
                elif (bare := _BARE.match(text, end)) and _is_bare_secret(
                    bare, text, place, strong=strong
                ):
                    yield bare.span("value")
                place = lower.find(mark, end)


def _is_name(lower: str, place: int, mark: str) -> bool:
    """Whether a name suggests a secret: `api_key` does, `sort_key` and `passes` do not."""
    if mark == "key":
        return _KEY_OF.search(lower, max(0, place - _LONGEST_KEY_OF), place) is not None
    return mark != "pass" or _PASS.match(lower, place) is not None


def is_placeholder(value: str) -> bool:
    """Whether a value is a placeholder: `${PASSWORD}`, `<password>`, `%s`, `*****`."""
    return (
        not value.strip("*xX.-_")
        or value.startswith(("${", "{", "<", "%", "[", "$(", "#{", "@{"))
        or (value.startswith("$") and value[1:].isidentifier())
        or "${" in value
        or "{{" in value
    )


def looks_random(value: str) -> bool:
    """Whether letters and digits mix as in keys, not as in words and names."""
    return (
        len(value) >= _MIN_RANDOM
        and len(set(value)) >= _MIN_DISTINCT
        and any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and not _WORDS.fullmatch(value)
    )


def _is_quoted_secret(found: re.Match[str], *, strong: bool) -> bool:
    value = found["value"]
    if is_placeholder(value) or "://" in value or _PLAIN_ENDS.search(found["rest"]):
        return False
    sure = found["sign"] in {"=", ":", ":=", "=>"}
    if looks_random(value):
        return sure or not _PATH.search(value)
    return strong and sure and _is_password(value)


def _is_bare_secret(found: re.Match[str], text: str, place: int, *, strong: bool) -> bool:
    """The same without quotes, where most values are code: settings files, shells, URLs."""
    value = found["value"]
    if is_placeholder(value) or _PLAIN_ENDS.search(found["rest"]):
        return False
    start = text.rfind("\n", 0, place) + 1
    head = text[start:place]
    if head.endswith(";") and found["sign"] == "=" and found["after"] in {";", '"', "'"}:
        return strong or looks_random(value)  # a connection string
    alone = found["after"] in {"", "\r"} and _LINE_START.fullmatch(head) is not None
    name = text[start + len(head.rstrip(_NAME_LETTERS)) : found.start("sign")]
    if alone and found["sign"] == "=" and name == name.upper():  # as in the environment
        return looks_random(value) or (strong and _is_password(value))
    if looks_random(value):
        scattered = len(_BORDER.findall(value)) >= _MIN_BORDERS
        return "://" not in value and (scattered or not _NAME_LIKE.fullmatch(value))
    odd = any(char in "!@#%^+=?~&" or char.isdigit() for char in value)
    return strong and alone and odd and not _NAME_LIKE.fullmatch(value)


def _is_password(value: str) -> bool:
    """Whether this could be a password; names and labels are not."""
    lower = value.lower()
    if len(value) < _MIN_WORD or lower in _NO_SECRETS:
        return False
    if not any(char.isalnum() for char in value):
        return False
    about = any(word in lower for word in ("pass", "pwd", "secret", "token", "key"))
    return not (about and _WORDS.fullmatch(value))
