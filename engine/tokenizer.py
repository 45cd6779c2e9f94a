"""A model's own tokenizer, read from its `tokenizer.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tokenizers
from tokenizers.decoders import DecodeStream

from engine.errors import EngineLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ModelTokenizer:
    """Implements `context.prompt.tokenizer.Tokenizer`; may be used from any thread.

    Args:
        path: a `tokenizer.json`.

    Raises:
        EngineLoadError: the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._inner = tokenizers.Tokenizer.from_file(str(path))
        # `tokenizers` raises plain Exception for every kind of bad file
        except Exception as error:
            raise EngineLoadError(
                f"{path}: not a readable tokenizer ({error}); run `midfill models verify`"
            ) from error
        # a source file that contains `<|fim_middle|>` is an ordinary file
        self._inner.encode_special_tokens = True
        added = self._inner.get_added_tokens_decoder()
        self._controls = {token.content: index for index, token in added.items() if token.special}

    def __len__(self) -> int:
        """Number of ids."""
        return self._inner.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text; control tokens inside it are plain characters."""
        return self._inner.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; incomplete UTF-8 at either end becomes U+FFFD."""
        return self._inner.decode(ids, skip_special_tokens=False)

    def control(self, token: str) -> int:
        """Id of a control token such as `<|fim_prefix|>`.

        Raises:
            KeyError: the vocabulary has no such control token.
        """
        return self._controls[token]

    def controls(self, tokens: Sequence[str]) -> list[int]:
        """Ids of those of the control tokens that the vocabulary has."""
        return [self._controls[token] for token in tokens if token in self._controls]

    def token(self, index: int) -> str:
        """How the vocabulary spells an id, which is what CTranslate2 is given.

        Raises:
            IndexError: there is no such id.
        """
        token = self._inner.id_to_token(index)
        if token is None:
            raise IndexError(f"token id {index} is outside 0 to {len(self) - 1}")
        return token

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """`token` for many ids.

        Raises:
            IndexError: one of the ids is outside the vocabulary.
        """
        return [self.token(index) for index in ids]

    def stream(self) -> TextStream:
        """A decoder for ids that come one by one."""
        return TextStream(self._inner)


class TextStream:
    """Turns ids into text as they come, never in the middle of a character."""

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        self._stream = DecodeStream(skip_special_tokens=False)
        self._held: list[int] = []

    def add(self, index: int) -> str:
        """The text that this id completes; "" while a character is incomplete."""
        self._held.append(index)
        text = self._stream.step(self._inner, index)
        if text is None:
            return ""
        self._held.clear()
        return text

    def flush(self) -> str:
        """What was held back, with U+FFFD for what never became a character. Ends the stream."""
        held, self._held = self._held, []
        self._stream = DecodeStream(skip_special_tokens=False)
        return self._inner.decode(held, skip_special_tokens=False) if held else ""
