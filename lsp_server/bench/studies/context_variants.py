"""Cells: the prompt variants that `midfill bench context` compares, and their spelling."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from lsp_server.bench.accuracy.workspace import SELECTIONS
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.studies.context_layouts import LAYOUTS

FORMS: Final = ("signature", "outline", "full", "far", "near", "given", "wrong")
_WITHIN: Final = "="


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to make a prompt, spelled `layout/form@tokens`, with `!` for the hole at the cursor.

    With `=` the context is within the tokens, as the server has it, and not on top of them; the
    form is then a way to select (`lsp_server.bench.accuracy.workspace.SELECTIONS`).

    Attributes:
        layout: see `lsp_server.bench.studies.context_layouts`.
        form: signature, outline or full text of the definition; `far` and `near`: the outline
            before or after two chunks of other files; `wrong`: those chunks alone; `given`: the
            two best pieces that the task brings along.
        tokens: most tokens of the prompt without context.
        anchored: whether the hole begins above the cursor.
    """

    layout: str
    form: str
    tokens: int
    anchored: bool
    within: bool = False

    @classmethod
    def parse(cls, spelled: str, tokens: int) -> Variant:
        """Read `layout[/form][@tokens][=][!]`.

        Raises:
            TaskFileError: it is none.
        """
        body, anchored = spelled.removesuffix("!"), not spelled.endswith("!")
        body, within = body.removesuffix(_WITHIN), body.endswith(_WITHIN)
        body, _, count = body.partition("@")
        layout, _, form = body.partition("/")
        forms = SELECTIONS if within else FORMS
        if layout not in LAYOUTS or (form and form not in forms) or (count and not count.isdigit()):
            message = (
                f"{spelled!r} is no cell; expected LAYOUT/FORM@TOKENS with one of "
                f"{', '.join(LAYOUTS)} and one of {', '.join(forms)}"
            )
            raise TaskFileError(message)
        return cls(layout, form, int(count) if count else tokens, anchored, within)

    @property
    def base(self) -> Variant:
        """The same prompt without context."""
        return dataclasses.replace(self, layout="none", form="", within=False)

    def __str__(self) -> str:
        form = f"/{self.form}" if self.form else ""
        ends = f"{_WITHIN if self.within else ''}{'' if self.anchored else '!'}"
        return f"{self.layout}{form}@{self.tokens}{ends}"
