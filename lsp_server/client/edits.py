"""Text as LSP sees it: UTF-16 positions, changes as ranges, items as insertions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from context.words import common_prefix, utf16_units

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = dict[str, int]


def place(text: str, offset: int) -> Place:
    """An offset in code points as line and UTF-16 character."""
    start = text.rfind("\n", 0, offset) + 1
    return {"line": text.count("\n", 0, offset), "character": utf16_units(text[start:offset])}


def change(old: str, new: str) -> dict[str, Any]:
    """The one change that makes `new` of `old`."""
    short = min(len(old), len(new))
    start = common_prefix(old, new)
    rest = short - start
    end = common_prefix(old[len(old) - rest :][::-1], new[len(new) - rest :][::-1])
    where = {"start": place(old, start), "end": place(old, len(old) - end)}
    return {"range": where, "text": new[start : len(new) - end]}


def insertion(item: Mapping[str, Any], text: str, offset: int) -> str:
    """What an item adds at the cursor; "" when it would change the text around it."""
    inserted = item.get("insertText", "")
    inserted = inserted if isinstance(inserted, str) else str(inserted.get("value", ""))
    if "range" not in item:
        return inserted
    cursor = place(text, offset)
    start, end = item["range"]["start"], item["range"]["end"]
    if start["line"] != cursor["line"] or end["line"] != cursor["line"]:
        return ""
    line_start = text.rfind("\n", 0, offset) + 1
    before = _from_units(text[line_start:offset], start["character"])
    line_end = text.find("\n", offset)
    after = text[offset : line_end if line_end >= 0 else len(text)]
    replaced = _until_units(after, end["character"] - cursor["character"])
    if not inserted.startswith(before) or not inserted.endswith(replaced):
        return ""
    return inserted[len(before) : len(inserted) - len(replaced)]


def _from_units(text: str, units: int) -> str:
    return text.encode("utf-16-le")[2 * units :].decode("utf-16-le", errors="replace")


def _until_units(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * max(0, units)].decode("utf-16-le", errors="replace")
