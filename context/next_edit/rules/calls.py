"""A parameter added to a definition or taken out of it, and the calls in sight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind
from context.next_edit.tokens import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.next_edit.due import Sheet
    from context.next_edit.log import LoggedChange

_CALLED: Final = re.compile(r"([^\W\d]\w*)\s*\(")
_MOST_PLACES: Final = 20
_SELF: Final = ("self", "cls", "&self", "&mut self", "mut self")
_KEYWORDS: Final = frozenset({"if", "for", "while", "switch", "match", "return", "catch", "elif"})
_NAME_LAST: Final = frozenset({"java", "c", "cpp", "csharp"})


@dataclass(frozen=True, slots=True)
class _Signature:
    """How a parameter list changed.

    Attributes:
        name: of the function.
        count: arguments that a call had.
        at: the argument that is new, or goes.
        added: the new parameter's name, "" when one goes.
    """

    name: str
    count: int
    at: int
    added: str


def due_arguments(change: LoggedChange, sheet: Sheet) -> Iterator[Due]:
    """Calls that lack the new argument, or still pass one that is gone."""
    signature = _signature(change, sheet)
    if signature is None:
        return
    lines = sorted(
        sheet.index.lines_with(signature.name, sheet.centre),
        key=lambda line: (abs(line - sheet.centre), line),
    )
    for line in lines[:_MOST_PLACES]:
        if not sheet.free(line, 1):
            continue
        text = sheet.index.line(line)
        fresh = _called(text, signature)
        if fresh is None or sheet.defines(line, signature.name):
            continue
        if signature.added and not sheet.sees(line, signature.added):
            continue
        verb = "got" if signature.added else "lost"
        yield Due(
            uri=sheet.uri,
            line=line,
            old=(text,),
            new=(fresh,),
            kind=EditKind.PARAMETER,
            change=change,
            what=((signature.name, f"{verb} {signature.at} {signature.added}"),),
            alike=1.0,
            beside=0,
            part=False,
            reason=f"{signature.name}() {verb} a parameter",
        )


def arguments(text: str, opening: int) -> tuple[list[str], int] | None:
    """What stands between brackets, cut at the outer commas, and the closing bracket's place.

    >>> arguments("f(a, g(b, c))", 1)
    (['a', ' g(b, c)'], 12)
    """
    depth, quote, start = 0, "", opening + 1
    found: list[str] = []
    index = opening
    while index < len(text):
        char = text[index]
        if quote:
            index += char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if not depth:
                last = text[start:index]
                return ([*found, last] if last.strip() else found), index
        elif char == "," and depth == 1:
            found.append(text[start:index])
            start = index + 1
        index += 1
    return None


def _signature(change: LoggedChange, sheet: Sheet) -> _Signature | None:
    """What a change did to the parameters of one definition."""
    if change.uri != sheet.uri or not change.old or not change.new:
        return None
    old, new = "\n".join(change.old), "\n".join(change.new)
    for match in _CALLED.finditer(new):
        name = match[1]
        before = re.search(rf"(?<!\w){re.escape(name)}\s*\(", old)
        if name in _KEYWORDS or before is None:
            continue
        ours, theirs = arguments(old, before.end() - 1), arguments(new, match.end() - 1)
        if ours is None or theirs is None:
            continue
        found = _compared(name, _clean(ours[0]), _clean(theirs[0]), sheet.language)
        if found is not None and sheet.defines(change.line, name):
            return found
    return None


def _compared(name: str, old: list[str], new: list[str], language: str) -> _Signature | None:
    longer, shorter = (new, old) if len(new) > len(old) else (old, new)
    if len(longer) != len(shorter) + 1:
        return None
    at = next((i for i, one in enumerate(shorter) if one != longer[i]), len(shorter))
    if longer[:at] + longer[at + 1 :] != shorter:
        return None
    parameter = longer[at]
    receiver = bool(old) and old[0] in _SELF
    if parameter in _SELF or not words(parameter) or parameter.startswith(("*", "&", "...")):
        return None
    if longer is old:
        return _Signature(name, len(old) - receiver, at - receiver, "")
    if "=" in parameter or "?" in parameter:
        return None  # calls go on without it
    own = words(parameter)[-1 if language in _NAME_LAST else 0]
    return _Signature(name, len(old) - receiver, at - receiver, own)


def _clean(parts: list[str]) -> list[str]:
    return [" ".join(part.split()) for part in parts]


def _called(text: str, signature: _Signature) -> str | None:
    """The line with its one call changed; None when it has none, several, or another count."""
    calls = list(re.finditer(rf"(?<!\w){re.escape(signature.name)}\(", text))
    found = arguments(text, calls[0].end() - 1) if len(calls) == 1 else None
    if found is None or len(found[0]) != signature.count:
        return None
    parts, closing = found
    if signature.added:
        parts = [*parts]
        gap = " " if parts else ""
        parts.insert(signature.at, (gap if signature.at else "") + signature.added)
        if not signature.at and len(parts) > 1:
            parts[1] = " " + parts[1].lstrip()
    else:
        parts = parts[: signature.at] + parts[signature.at + 1 :]
        if parts:
            parts[0] = parts[0].lstrip()
    return text[: calls[0].end()] + ",".join(parts) + text[closing:]
