"""An import for a name just typed, when exactly one is known that brings it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from context.next_edit.due import Due, EditKind
from context.next_edit.tokens import is_word, split, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from context.next_edit.due import Sheet
    from context.next_edit.log import LoggedChange

    Lookup = Callable[[str], Sequence[str]]

_HEAD: Final = 400
"""Lines at the top of a file among which imports are."""
_IMPORT: Final = {
    "python": re.compile(r"(?:from|import)\s"),
    "java": re.compile(r"import\s"),
    "go": re.compile(r"\t(?:\w+ )?\""),
    "rust": re.compile(r"(?:pub )?use\s"),
    "typescript": re.compile(r"import\s"),
    "c": re.compile(r"#\s*include\s"),
}
_SAME: Final = {
    "javascript": "typescript",
    "javascriptreact": "typescript",
    "typescriptreact": "typescript",
    "cpp": "c",
}
_LISTED: Final = {
    "python": re.compile(r"(from\s+\S+\s+import\s+)([\w, ]+)()$"),
    "typescript": re.compile(r"(import\s+\{\s*)([\w, ]+?)(\s*\}\s+from\s+\S+)$"),
}
"""One import of several names in a line: what stands before them, they, and what follows."""


def due_imports(change: LoggedChange, sheet: Sheet, lookup: Lookup) -> Iterator[Due]:
    """The import of each name that the change brought into the file.

    Args:
        change: what was typed.
        sheet: its document.
        lookup: the import lines that would bring a name, as they are written in this file.
    """
    form = _SAME.get(sheet.language, sheet.language)
    start = _IMPORT.get(form)
    if start is None or change.uri != sheet.uri or not change.new:
        return
    imports = [line for line in range(_HEAD) if start.match(sheet.index.line(line))]
    for name in _fresh(change, sheet):
        found = lookup(name)
        if len(found) != 1 or not start.match(found[0]):
            continue
        yield from _due(change, sheet, imports, name, found[0], form)


def _fresh(change: LoggedChange, sheet: Sheet) -> list[str]:
    """Names in code that stand nowhere in the file but in the change."""
    before = set(words("\n".join(change.old)))
    found: list[str] = []
    for row, text in enumerate(change.new):
        column = 0
        tokens = split(text)
        for number, token in enumerate(tokens):
            attribute = (
                number > 0
                and tokens[number - 1] in {".", ":"}
                and tokens[number - 2 : number] != (":", " ")
            )
            fresh = is_word(token) and token not in before and token not in found
            if fresh and not attribute and sheet.zone(change.line + row, column) in {"code", ""}:
                lines = sheet.index.lines_with(token, sheet.centre)
                if all(
                    change.line <= line < change.end or token not in words(sheet.index.line(line))
                    for line in lines
                ):
                    found.append(token)
            column += len(token)
    return found


def _due(
    change: LoggedChange, sheet: Sheet, imports: list[int], name: str, wanted: str, form: str
) -> Iterator[Due]:
    line, old, new = _joined(sheet, imports, wanted, form) or _placed(sheet, imports, wanted)
    if not sheet.free(line, len(old)):
        return
    yield Due(
        uri=sheet.uri,
        line=line,
        old=old,
        new=new,
        kind=EditKind.IMPORT,
        change=change,
        what=((name, wanted),),
        alike=1.0,
        beside=0,
        part=False,
        reason=f"{name!r} is not imported yet",
    )


def _joined(
    sheet: Sheet, imports: list[int], wanted: str, form: str
) -> tuple[int, tuple[str, ...], tuple[str, ...]] | None:
    """An import of the same module with the name added, in order if its names are in order."""
    listed = _LISTED.get(form)
    match = listed.match(wanted.strip()) if listed else None
    if listed is None or match is None:
        return None
    for line in imports:
        text = sheet.index.line(line)
        there = listed.match(text)
        if there and (there[1].split(), there[3].split()) == (match[1].split(), match[3].split()):
            names = [one.strip() for one in there[2].split(",")]
            fresh = [*names, match[2].strip()]
            if names == sorted(names):
                fresh.sort()
            return line, (text,), (there[1] + ", ".join(fresh) + there[3],)
    return None


def _placed(
    sheet: Sheet, imports: list[int], wanted: str
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """A line of its own: before the first import that sorts behind it, else below the last."""
    keyword = wanted.split(maxsplit=1)[0]
    kin = [line for line in imports if sheet.index.line(line).startswith(keyword)]
    behind = next((line for line in kin if sheet.index.line(line) > wanted), None)
    if behind is not None:
        return behind, (), (wanted,)
    block = kin or imports
    return (block[-1] + 1 if block else 0), (), (wanted,)
