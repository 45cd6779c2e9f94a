"""The order of a stable part: every piece of it with the control token before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from context.languages import path_comment
from context.prompt import layout as layouts
from context.prompt.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.prompt.families import Family
    from context.prompt.layout import Piece
    from context.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Section:
    """A control token ("" for none) and the text after it, with a display name."""

    name: str
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The parts of the current file in a prompt, and whether the suffix reaches its end."""

    prefix: str = ""
    suffix: str = ""
    lead: str = ""
    whole_suffix: bool = False


def sections(
    snapshot: Snapshot,
    layout: Layout,
    family: Family,
    pieces: Sequence[Piece],
    texts: Texts,
    *,
    header: bool,
) -> list[Section]:
    """A complete stable part.

    Args:
        snapshot: tells path, language and repository.
        layout: where the pieces go.
        family: how the model spells prompts.
        pieces: other files, the best first.
        texts: the current file.
        header: whether its path is told where the layout leaves the choice.
    """
    told = [Section("context", one.mark, one.text) for one in layouts.arranged(layout, pieces)]

    def at(*places: Layout) -> list[Section]:
        return told if layout in places else []

    inside = [
        *at(Layout.COMMENT, Layout.PLAIN),
        Section("header", "", _header(snapshot, layout, family, wanted=header)),
        Section("prefix", "", texts.prefix),
        *at(Layout.EDGE),
    ]
    if family.opening:
        first = next(place for place, one in enumerate(inside) if one.text or place == 1)
        # ordinary text, so that its tokens may reach into what follows
        inside[first] = replace(inside[first], text=family.opening + inside[first].text)
    gap = "\n" if layout is Layout.SUFFIX else ""
    return [
        Section("", family.begin, ""),
        *(_repository(snapshot, family, told) if layout is Layout.REPO else ()),
        Section("", family.prefix, ""),
        *inside,
        Section("suffix", family.suffix, texts.suffix + gap),
        *at(Layout.SUFFIX),
        Section("", family.middle, ""),
        *at(Layout.LEAD),
        Section("lead", "", texts.lead),
    ]


def _header(snapshot: Snapshot, layout: Layout, family: Family, *, wanted: bool) -> str:
    """The header at the start of the prefix."""
    if layout is Layout.REPO:
        return layouts.one_line(snapshot.path) + "\n" if family.path_inside else ""
    return path_comment(snapshot.language, snapshot.path) + "\n" if wanted else ""


def _repository(snapshot: Snapshot, family: Family, told: list[Section]) -> list[Section]:
    """The sections before the current file: repository, other files, path."""
    name = layouts.one_line(snapshot.repo or "workspace") + family.repo_end
    path = "" if family.path_inside else layouts.one_line(snapshot.path) + "\n"
    return [
        *([Section("repository", family.repo, name)] if family.repo else ()),
        *told,
        Section("path" if path else "", family.file, path),
    ]
