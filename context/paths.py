"""Walking among locations (`context.locations`): down with `join`, up with `ancestors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.locations import folder_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 40


def stem_of(location: str) -> str:
    """The last part of a location up to its last dot: `a/b.test.ts` gives `b.test`."""
    name = name_of(location)
    return name.rpartition(".")[0] or name


def join(folder: str, *parts: str) -> str:
    """A location below `folder`, unless `parts` are absolute; `.` and `..` are followed.

    >>> join("/a/b", "../c", "./d.ts")
    '/a/c/d.ts'
    """
    if parts and parts[0].startswith("/"):
        folder = ""
    elif parts and parts[0][1:3] == ":/":
        folder, parts = parts[0][:2], (parts[0][3:], *parts[1:])
    found = folder.rstrip("/").split("/")
    for part in "/".join(parts).split("/"):
        if part == "..":
            if len(found) > 1:
                found.pop()
        elif part not in {"", "."}:
            found.append(part)
    joined = "/".join(found)
    return f"{joined}/" if joined == "" or joined.endswith(":") else joined


def ancestors(location: str, top: str | None) -> Iterator[str]:
    """Folders that hold a location, from the nearest to `top`; only the nearest without `top`."""
    folder = folder_of(location)
    yield folder
    top = top.rstrip("/") if top else None
    if top is None or not f"{folder}/".startswith(f"{top}/"):
        return
    for _ in range(_DEEPEST):
        if folder.rstrip("/") == top:
            return
        folder = folder_of(folder)
        yield folder
