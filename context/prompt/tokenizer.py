"""The tokenizer interface that prompts need, so that context imports no model library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Tokenizer(Protocol):
    """Turns text into token ids. Ordinary text never becomes a control token."""

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text; `<|fim_middle|>` inside it is plain characters."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; incomplete UTF-8 at either end becomes U+FFFD."""
        ...

    def control(self, token: str) -> int:
        """Id of a control token such as `<|fim_prefix|>`.

        Raises:
            KeyError: the vocabulary has no such control token.
        """
        ...
