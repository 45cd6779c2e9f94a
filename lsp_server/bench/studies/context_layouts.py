"""Text of other files in a fill-in-the-middle prompt, as token ids.

The layouts are those of `context.prompt.layout`, each to be tried by hand; `none` is nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.prompt.layout import Layout, one_line, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.prompt.families import Family
    from context.prompt.maker import Prompt
    from context.prompt.tokenizer import Tokenizer
    from context.snapshot import Snapshot

LAYOUTS: Final = ("none", *(layout.value for layout in Layout if layout is not Layout.OFF))


@dataclass(frozen=True, slots=True)
class LayoutPiece:
    """Text of another file: where it is from, and complete lines."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt with context in it: ids before the live part, the live part, how many are new."""

    stable: tuple[int, ...]
    live: tuple[int, ...]
    added: int


def lay(
    layout: str,
    pieces: Sequence[LayoutPiece],
    prompt: Prompt,
    snapshot: Snapshot,
    family: Family,
    tokenizer: Tokenizer,
) -> Laid:
    """`prompt` with `pieces`, the last of them nearest to the current file's text."""
    encode, control = tokenizer.encode, tokenizer.control
    texts = {part.name: part.text for part in prompt.stable.parts}
    plain = (*prompt.stable.ids, *prompt.live)
    if layout == "none" or not pieces:
        return Laid(prompt.stable.ids, prompt.live, 0)
    how = Layout(layout)
    # an empty line ends a piece of code: comments have their own end
    end = "\n" if how in {Layout.REPO, Layout.PLAIN} else ""
    spelled = [spell(how, piece.path, piece.text + end, snapshot, family) for piece in pieces]
    told = "".join(piece.text for piece in spelled)
    before: list[int] = []
    prefix = [texts["header"], texts["prefix"]]
    suffix, lead = [texts["suffix"]], [texts["lead"]]
    match how:
        case Layout.REPO:
            before = [control(family.repo), *encode((snapshot.repo or "workspace") + "\n")]
            for piece in spelled:
                before += [control(piece.mark), *encode(piece.text)]
            before += [control(family.file), *encode(one_line(snapshot.path) + "\n")]
            prefix = [texts["prefix"]]  # the path is told already
        case Layout.COMMENT | Layout.PLAIN:
            prefix = [told, *prefix]
        case Layout.SUFFIX:
            suffix = [*suffix, "\n" + told]
        case Layout.EDGE:
            prefix = [*prefix, told]
        case Layout.LEAD:
            lead = [told, *lead]
    ids = [*before, control(family.prefix)]
    ids += [index for text in prefix for index in encode(text)]
    ids += [control(family.suffix), *(index for text in suffix for index in encode(text))]
    ids += [control(family.middle), *(index for text in lead for index in encode(text))]
    stable, last = tuple(ids[:-1]), ids[-1]
    live = (last, *prompt.live[1:])
    return Laid(stable, live, len(stable) + len(live) - len(plain))
