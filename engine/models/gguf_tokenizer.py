"""A `tokenizers` tokenizer from the metadata of a GGUF file.

Built from parts instead of through transformers: its converter adds NFC normalization, which
llama.cpp does not do and which would make the prompt differ from the user's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

if TYPE_CHECKING:
    from engine.models.gguf_file import GgufFile

# how text is cut before the merges, by `tokenizer.ggml.pre`; the expressions are llama.cpp's
SPLITS = {
    "qwen2": (
        r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}

# values of `tokenizer.ggml.token_type`
CONTROL = 3
USER_DEFINED = 4


def build(file: GgufFile) -> tuple[Tokenizer, list[str]]:
    """The tokenizer that a GGUF file describes.

    Control tokens become special ones, so that a reader of the file can choose not to find them
    in ordinary text. User-defined ones (`<tool_call>`) are found in any text, as in llama.cpp.

    Returns:
        The tokenizer, and the vocabulary in id order.

    Raises:
        ConversionError: it is of an unsupported kind, or contradicts itself.
    """
    kind = file.scalar("tokenizer.ggml.model", str)
    if kind != "gpt2":
        raise file.error(f"its tokenizer is of kind {kind!r}, supported is 'gpt2' (byte-level BPE)")
    split = file.scalar("tokenizer.ggml.pre", str)
    if split not in SPLITS:
        known = ", ".join(SPLITS)
        raise file.error(f"its tokenizer cuts text as {split!r}, supported are: {known}")
    tokens = file.strings("tokenizer.ggml.tokens")
    kinds = file.integers("tokenizer.ggml.token_type")
    if len(kinds) != len(tokens):
        raise file.error(f"its tokenizer has {len(tokens)} tokens but {len(kinds)} token types")
    ids = {token: index for index, token in enumerate(tokens)}
    if len(ids) != len(tokens):
        raise file.error(f"{len(tokens) - len(ids)} tokens of its tokenizer occur twice")

    merges = []
    for merge in file.strings("tokenizer.ggml.merges"):
        left, _, right = merge.partition(" ")
        # checked here since `tokenizers` would abort the conversion without naming the file
        if left not in ids or right not in ids or left + right not in ids:
            raise file.error(f"merge {merge!r} of its tokenizer is not between known tokens")
        merges.append((left, right))

    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLITS[split]), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    for token, value in zip(tokens, kinds, strict=True):
        if value == CONTROL:
            tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True)])
        elif value == USER_DEFINED:
            tokenizer.add_tokens([AddedToken(token, normalized=False, special=False)])
    return tokenizer, tokens
