"""Changes of lines that are there, as somebody makes them: words selected and written anew."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lsp_server.bench.tasks.files import TaskRow


@dataclass(frozen=True, slots=True)
class Replacement:
    """One change of a file.

    Attributes:
        offset: where it begins in the file before all changes, in code points.
        removed: what stands there and goes.
        typed: what comes in its place.
        in_lines: whether lines that were there are changed.
    """

    offset: int
    removed: str
    typed: str
    in_lines: bool = False


def changes_of(row: TaskRow, before: str) -> tuple[Replacement, ...]:
    """The hunks of a row (`line`, `old`, `new`), from the top down.

    Raises:
        TaskFileError: a hunk is none of this file, or there is nothing to do.
    """
    found: list[Replacement] = []
    for number, hunk in enumerate(row.value("hunks", list)):
        if not _is_hunk(hunk):
            raise row.wrong(f"hunk {number} needs 'line', 'old' and 'new'")
        lines = before.split("\n")
        there = lines[hunk["line"] : hunk["line"] + len(hunk["old"])]
        if there != hunk["old"] or hunk["line"] > len(lines):
            raise row.wrong(f"the old lines of hunk {number} do not stand at line {hunk['line']}")
        found += _replacements(before, lines, hunk)
    if not found:
        raise row.wrong("there is nothing to change")
    if any(a.offset + len(a.removed) > b.offset for a, b in itertools.pairwise(found)):
        raise row.wrong("its hunks overlap or are not in the order of the file")
    return tuple(found)


def _is_hunk(hunk: object) -> bool:
    return (
        isinstance(hunk, dict)
        and isinstance(hunk.get("line"), int)
        and all(
            isinstance(lines, list) and all(isinstance(line, str) for line in lines)
            for lines in (hunk.get("old"), hunk.get("new"))
        )
    )


def _replacements(
    before: str, lines: Sequence[str], hunk: Mapping[str, Any]
) -> Iterator[Replacement]:
    first, old, new = hunk["line"], hunk["old"], hunk["new"]
    start = min(len(before), sum(len(line) + 1 for line in lines[:first]))
    if not old:
        text = "\n".join(new)
        # somebody goes to the end of the line above, and presses Enter
        yield Replacement(start - 1, "", f"\n{text}") if first else Replacement(0, "", f"{text}\n")
    elif not new:
        end = start + sum(len(line) + 1 for line in old)
        yield Replacement(start, before[start:end], "", in_lines=True)
    elif len(old) == len(new):
        for line, other in zip(old, new, strict=True):
            if line != other:
                yield narrowed(start, line, other)
            start += len(line) + 1
    else:
        yield narrowed(start, "\n".join(old), "\n".join(new))


def narrowed(offset: int, old: str, new: str) -> Replacement:
    """What differs between two texts, in whole words.

    >>> narrowed(0, "fetch_user(name)", "find_user(name, 1)")
    Replacement(offset=0, removed='fetch_user(name', typed='find_user(name, 1', in_lines=True)
    """
    short = min(len(old), len(new))
    start = next((i for i in range(short) if old[i] != new[i]), short)
    while start and _in_word(old, start):
        start -= 1
    left = short - start
    end = next((i for i in range(left) if old[-1 - i] != new[-1 - i]), left)
    while end and (_in_word(old, len(old) - end) or _in_word(new, len(new) - end)):
        end -= 1
    removed, typed = old[start : len(old) - end], new[start : len(new) - end]
    return Replacement(offset + start, removed, typed, in_lines=True)


def _in_word(text: str, place: int) -> bool:
    around = text[place - 1 : place + 1]
    return len(around) > 1 and all(char.isalnum() or char == "_" for char in around)
