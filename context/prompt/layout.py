"""Layouts: where pieces of other files stand in a prompt, and how they are written.

Which layout pays, if any, depends on the model; docs/design/context.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from context.languages import path_comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.prompt.families import Family
    from context.snapshot import Snapshot


class Layout(StrEnum):
    """Where the pieces stand."""

    OFF = "off"  # nowhere
    REPO = "repo"  # behind repository tokens, before the current file, as in training
    COMMENT = "comment"  # comment lines at the start of the prefix
    PLAIN = "plain"  # code at the start of the prefix, each piece under a comment with its path
    SUFFIX = "suffix"  # comment lines behind the text after the cursor
    EDGE = "edge"  # comment lines at the end of the prefix, right above the hole
    LEAD = "lead"  # comment lines at the start of the middle, right above the lead


DEFAULTS: Final = {
    "qwen2.5-coder-0.5b": Layout.REPO,
    "qwen2.5-coder-1.5b": Layout.REPO,
}
"""What `auto` means for a model, by its name in the store; `off` for all others."""

LEAST_TOKENS: Final = 384
"""In shorter prompts `auto` leaves all room to the current file: gains were measured at 512."""


def layout_of(setting: str, model: str, family: Family, max_tokens: int) -> Layout:
    """The layout for a setting, a model and a prompt length.

    A family without repository tokens gets comments instead of them, one that does not read the
    text after the cursor has nothing behind it.
    """
    measured = DEFAULTS.get(model, Layout.OFF) if max_tokens >= LEAST_TOKENS else Layout.OFF
    layout = measured if setting == "auto" else Layout(setting)
    if layout is Layout.REPO and not family.file:
        return Layout.COMMENT
    if layout is Layout.SUFFIX and not family.fills_in:
        return Layout.COMMENT
    return layout


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of another file, as written in a prompt.

    Attributes:
        mark: control token before it, "" for none.
        text: complete lines.
    """

    mark: str
    text: str


def spell(layout: Layout, path: str, text: str, snapshot: Snapshot, family: Family) -> Piece:
    """Lines of another file as one piece."""
    text = text if text.endswith("\n") else text + "\n"
    if layout is Layout.REPO:
        return Piece(family.file, f"{one_line(path)}\n{text}")
    head = path_comment(snapshot.language, path)
    if layout is Layout.PLAIN:
        return Piece("", f"{head}\n{text}")
    return Piece("", "".join(f"{line}\n" for line in [head, *_commented(snapshot.language, text)]))


def arranged(layout: Layout, pieces: Sequence[Piece]) -> list[Piece]:
    """Order pieces, given best first, so that the best is nearest to the current file."""
    return list(pieces) if layout is Layout.SUFFIX else list(reversed(pieces))


def _commented(language: str, text: str) -> list[str]:
    """Lines of a text as comments of a language."""
    opener, _, closer = path_comment(language, "PATH").partition("Path: PATH")
    mark, end = opener.strip(), closer.strip()
    rows = text.rstrip("\n").split("\n")
    if end:
        return [f"{mark} {row.replace(end, '?')} {end}" for row in rows]
    return [f"{mark} {row}".rstrip() for row in rows]


def one_line(name: str) -> str:
    """A name that stays on one line."""
    return "".join(char if char.isprintable() else "?" for char in name)
