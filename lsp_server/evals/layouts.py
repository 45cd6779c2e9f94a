"""Where text of other files can stand in a fill-in-the-middle prompt, as token ids.

repo     repository tokens before the prompt, as the family was trained
comment  comment lines at the start of the prefix
plain    code at the start of the prefix, under a comment with its path
suffix   comment lines after the text behind the cursor
edge     comment lines at the end of the prefix, right before the hole
lead     comment lines at the start of the middle, right above the lead
none     nowhere
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.languages import path_comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.documents import Snapshot
    from context.prompt import Prompt
    from context.template import Family
    from context.tokens import Tokenizer

LAYOUTS = ("none", "repo", "comment", "plain", "suffix", "edge", "lead")


@dataclass(frozen=True, slots=True)
class Piece:
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
    pieces: Sequence[Piece],
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
    comments = "".join(_comment(piece, snapshot.language) for piece in pieces)
    before: list[int] = []
    prefix = [texts["header"], texts["prefix"]]
    suffix, lead = [texts["suffix"]], [texts["lead"]]
    match layout:
        case "repo":
            before = [control(family.repo), *encode((snapshot.repo or "workspace") + "\n")]
            for piece in pieces:
                before += [control(family.file), *encode(f"{piece.path}\n{piece.text}\n")]
            before += [control(family.file), *encode(snapshot.path + "\n")]
            prefix = [texts["prefix"]]  # the path is told already
        case "comment":
            prefix = [comments, *prefix]
        case "plain":
            code = "".join(
                f"{path_comment(snapshot.language, piece.path)}\n{piece.text}\n" for piece in pieces
            )
            prefix = [code, *prefix]
        case "suffix":
            suffix = [*suffix, "\n" + comments]
        case "edge":
            prefix = [*prefix, comments]
        case "lead":
            lead = [comments, *lead]
        case _:
            raise ValueError(layout)
    ids = [*before, control(family.prefix)]
    ids += [index for text in prefix for index in encode(text)]
    ids += [control(family.suffix), *(index for text in suffix for index in encode(text))]
    ids += [control(family.middle), *(index for text in lead for index in encode(text))]
    stable, last = tuple(ids[:-1]), ids[-1]
    live = (last, *prompt.live[1:])
    return Laid(stable, live, len(stable) + len(live) - len(plain))


def _comment(piece: Piece, language: str) -> str:
    """The piece as comment lines, its path first."""
    head = path_comment(language, piece.path)
    mark = head.split(" ", 1)[0]
    return "".join(f"{line}\n" for line in [head, *_marked(piece.text, mark)])


def _marked(text: str, mark: str) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in text.rstrip("\n").split("\n")]
