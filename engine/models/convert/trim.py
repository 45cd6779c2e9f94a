"""Trim the output projection to the tokens that source code uses.

Every decoded token costs a pass over the projection, which is a fifth of a small model. Byte-level
BPE numbers its tokens by how often they were merged, so the first rows are those that text needs;
control tokens and bytes move in front of the rest, and rows behind are left out of the projection.
Their embeddings stay: any text can be read as before, and written with the tokens that are left.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer, decoders

from engine.models.formats.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.models.formats.weights import WeightSource

_BYTES = 256


def order(tokens: int, needed: Iterable[int], rows: int) -> NDArray[np.int64]:
    """The old ids in their new order: those of the first `rows` can be written.

    Args:
        tokens: how many there are.
        needed: ids that must be among the first `rows`.
        rows: how many there will be in the projection.

    Raises:
        ValueError: more are needed than there are rows, or an id is outside.
    """
    must = np.unique(np.fromiter(needed, np.int64))
    if len(must) > rows or (len(must) and not 0 <= must[0] <= must[-1] < tokens):
        raise ValueError(f"{len(must)} of {tokens} tokens cannot be among {rows} rows")
    kept = np.zeros(tokens, np.bool_)
    kept[must] = True
    kept[np.flatnonzero(~kept)[: rows - len(must)]] = True
    return np.concatenate([np.flatnonzero(kept), np.flatnonzero(~kept)])


def needed(source: WeightSource, vocabulary: Vocabulary) -> list[int]:
    """Ids of control tokens, of all other added ones, of bytes, pieces of characters, and symbols.

    Symbols are arrows, signs and emoji that are a token of their own: rare in what a tokenizer was
    made from, so they come late, but usual in messages and documents.

    Raises:
        ConversionError: the tokenizer is not byte-level, so nothing promises that the tokens that
            are left can spell what the others did.
    """
    bytes_ = {token: bytes([byte]) for byte, token in enumerate(_byte_tokens())}
    missing = bytes_.keys() - set(vocabulary.tokens)
    if missing or not isinstance(vocabulary.tokenizer.decoder, decoders.ByteLevel):
        raise source.error("its projection cannot be trimmed: its tokenizer has no byte tokens")
    added = vocabulary.tokenizer.get_added_tokens_decoder()
    return [
        index
        for index, token in enumerate(vocabulary.tokens)
        if index in added or token in bytes_ or _is_symbol(token, bytes_)
    ]


def _is_symbol(token: str, bytes_: dict[str, bytes]) -> bool:
    """Whether a token is one symbol, perhaps after a space, or no whole character at all."""
    if token.isascii():
        return False  # nearly all of them, and they come early
    try:
        text = b"".join(bytes_[letter] for letter in token).decode().removeprefix(" ")
    except UnicodeDecodeError:
        return True
    except KeyError:
        return False  # made up for an id without a token
    # the sign behind some emoji asks for their coloured form
    text = text.removesuffix("\ufe0f")
    return len(text) == 1 and unicodedata.category(text).startswith("S")


def reorder(vocabulary: Vocabulary, new: NDArray[np.int64]) -> Vocabulary:
    """The same tokenizer with other ids, and its tokens by them."""
    place = np.empty_like(new)
    place[new] = np.arange(len(new))
    described: dict[str, Any] = json.loads(vocabulary.tokenizer.to_str())
    model = described["model"]
    model["vocab"] = {token: int(place[index]) for token, index in model["vocab"].items()}
    for added in described["added_tokens"]:
        added["id"] = int(place[added["id"]])
        # an added token that the model does not know would be numbered anew
        model["vocab"][added["content"]] = added["id"]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    return Vocabulary(tokenizer, [vocabulary.tokens[index] for index in new])


def _byte_tokens() -> list[str]:
    """How byte-level BPE spells the 256 bytes: those that print as themselves, else from U+0100."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x100 + _BYTES))
    return [chr(byte if byte in plain else next(others)) for byte in range(_BYTES)]
