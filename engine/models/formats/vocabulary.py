"""Checks between a tokenizer, a prompt family and the embedding rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenizers import AddedToken

from context.prompt.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tokenizers import Tokenizer

    from context.prompt.families import Family
    from engine.models.formats.weights import WeightSource

_PADDING = 1024
"""Most rows without a token: tables are padded to round sizes, nothing more."""

# architecture, a word of the model's name, and the family that they speak for; the first row
# whose control tokens the vocabulary has is taken
GUESSES = (
    ("qwen2", "", "qwen2.5-coder"),
    ("qwen3", "", "qwen2.5-coder"),
    ("starcoder2", "", "starcoder2"),
    ("starcoder", "granite", "granite-code"),
    ("starcoder", "", "starcoder"),
    ("starcoder", "", "santacoder"),
    ("gemma", "", "codegemma"),
    ("llama", "granite", "granite-code"),
    ("llama", "smollm", "left-to-right"),
    ("llama", "yi-coder", "left-to-right"),
    ("llama", "", "deepseek-coder"),
    ("llama", "", "codellama"),
)


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says of a model's inside (see `engine.models.manifest.Manifest`)."""

    family: str
    quantization: str
    layers: int
    kv_bytes_per_token: int
    vocabulary: int
    projection: int = 0
    context_length: int = 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer for ordinary text and the tokens by id; ids without a token have made-up ones."""

    tokenizer: Tokenizer
    tokens: list[str]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Vocabulary:
        """With the ids that the tokenizer gives."""
        ids = tokenizer.get_vocab(with_added_tokens=True)
        tokens = [f"<unused {index}>" for index in range(max(ids.values(), default=-1) + 1)]
        for token, index in ids.items():
            tokens[index] = token
        return cls(tokenizer, tokens)


def choose_family(source: WeightSource, tokens: Iterable[str], name: str | None) -> Family:
    """The family that the user named, or the guess that the vocabulary confirms.

    Args:
        source: the model, asked for its architecture and name when there is no `name`.
        tokens: its vocabulary.
        name: a name in `context.prompt.families.FAMILIES`, None to guess.

    Raises:
        ConversionError: the family is unknown, or the vocabulary lacks its control tokens, or
            nothing confirms a guess.
    """
    vocabulary = set(tokens)
    known = ", ".join(FAMILIES)
    if name is not None:
        if name not in FAMILIES:
            raise source.error(f"no family is called {name!r}; there are: {known}")
        missing = sorted(FAMILIES[name].required - vocabulary)
        if missing:
            raise source.error(f"not of family {name}: no token {', '.join(missing)}")
        return FAMILIES[name]
    called = f"{source.scalar('general.name', str, '')} {source.path.name}".lower()
    for architecture, word, family in GUESSES:
        here = architecture == source.architecture and word in called.replace(" ", "-")
        if here and FAMILIES[family].required <= vocabulary:
            return FAMILIES[family]
    raise source.error(
        f"nothing tells the prompt family of this {source.architecture} model; "
        f"name it with --family, one of: {known}"
    )


def fit(source: WeightSource, vocabulary: Vocabulary, rows: int, family: Family) -> list[str]:
    """The tokens by id, checked against the embeddings; control tokens become special ones.

    Raises:
        ConversionError: there are more tokens than rows, far fewer, or one of them twice.
    """
    tokens = vocabulary.tokens
    if not rows - _PADDING <= len(tokens) <= rows:
        raise source.error(f"its tokenizer has {len(tokens)} tokens for {rows} embedding rows")
    make_special(vocabulary, family)
    return tokens


def make_special(vocabulary: Vocabulary, family: Family) -> None:
    """Make the family's control tokens special, so that they can be kept out of ordinary text."""
    controls = sorted(family.control_tokens.intersection(vocabulary.tokens))
    vocabulary.tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in controls]
    )
