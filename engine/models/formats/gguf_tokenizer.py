"""A `tokenizers` tokenizer from the metadata of a GGUF file.

Built from parts instead of through transformers: its converter adds NFC normalization, which
llama.cpp does not do and which would make the prompt differ from the user's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
)

from engine.models.formats.vocabulary import Vocabulary

if TYPE_CHECKING:
    from engine.models.formats.gguf_file import GgufFile

# how text is cut before the merges, by `tokenizer.ggml.pre`, expression after expression; they
# are llama.cpp's
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_QWEN2 = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_STARCODER = (r"\p{N}", _WORDS)
SPLITS = {
    "qwen2": (_QWEN2,),
    "starcoder": _STARCODER,
    "refact": _STARCODER,  # Granite code
    "smollm": _STARCODER,
    "gpt-2": (_WORDS,),
    "deepseek-coder": (
        r"[\r\n]",
        r"\s?\p{L}+",
        r"\s?\p{P}+",
        "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
        r"\p{N}",
    ),
}

# values of `tokenizer.ggml.token_type`
NORMAL = 1
UNKNOWN = 2
CONTROL = 3
USER_DEFINED = 4

LONGEST_PIECE = 256
"""Characters of the longest token whose parts are looked for."""
SPACE = "\u2581"
"""How sentence pieces spell a space."""


def build(file: GgufFile) -> Vocabulary:
    """The tokenizer that a GGUF file describes.

    Control tokens become special ones, so that a reader of the file can choose not to find them
    in ordinary text. User-defined ones (`<tool_call>`) are found in any text, as in llama.cpp.

    Raises:
        ConversionError: it is of an unsupported kind, or contradicts itself.
    """
    kind = file.scalar("tokenizer.ggml.model", str)
    tokens = file.strings("tokenizer.ggml.tokens")
    kinds = file.integers("tokenizer.ggml.token_type")
    if len(kinds) != len(tokens):
        raise file.error(f"its tokenizer has {len(tokens)} tokens but {len(kinds)} token types")
    ids = {token: index for index, token in enumerate(tokens)}
    if len(ids) != len(tokens):
        raise file.error(f"{len(tokens) - len(ids)} tokens of its tokenizer occur twice")
    if kind == "gpt2":
        tokenizer = _byte_level(file, ids)
    elif kind == "llama":
        tokenizer = _sentence_pieces(file, ids, kinds)
    else:
        raise file.error(
            f"its tokenizer is of kind {kind!r}, supported are 'gpt2' (byte-level BPE) and "
            "'llama' (sentence pieces)"
        )
    for token, value in zip(tokens, kinds, strict=True):
        if value == CONTROL:
            tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True)])
        elif value == USER_DEFINED:
            # a user-defined piece of two spaces is spelled like all spaces
            pieces = kind == "llama"
            tokenizer.add_tokens([AddedToken(token, normalized=pieces, special=False)])
    return Vocabulary(tokenizer, tokens)


def _byte_level(file: GgufFile, ids: dict[str, int]) -> Tokenizer:
    split = file.scalar("tokenizer.ggml.pre", str)
    if split not in SPLITS:
        known = ", ".join(SPLITS)
        raise file.error(f"its tokenizer cuts text as {split!r}, supported are: {known}")
    merges = []
    for merge in file.strings("tokenizer.ggml.merges"):
        left, _, right = merge.partition(" ")
        # checked here since `tokenizers` would abort the conversion without naming the file
        if left not in ids or right not in ids or left + right not in ids:
            raise file.error(f"merge {merge!r} of its tokenizer is not between known tokens")
        merges.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    cuts = [pre_tokenizers.Split(Regex(cut), "isolated") for cut in SPLITS[split]]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentence_pieces(file: GgufFile, ids: dict[str, int], kinds: list[int]) -> Tokenizer:
    """BPE whose merges are all that make a token of two, those of better score first."""
    scores = file.numbers("tokenizer.ggml.scores")
    if len(scores) != len(ids):
        raise file.error(f"its tokenizer has {len(ids)} tokens but {len(scores)} scores")
    normal = {token: index for token, index in ids.items() if kinds[index] == NORMAL}
    merges = []
    for token, index in normal.items():
        cuts = range(1, len(token)) if len(token) <= LONGEST_PIECE else ()
        pairs = [(token[:cut], token[cut:]) for cut in cuts]
        known = [pair for pair in pairs if pair[0] in normal and pair[1] in normal]
        known.sort(key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        merges += [(-scores[index], pair) for pair in known]
    merges.sort(key=lambda merge: merge[0])
    missing = next((f"<0x{byte:02X}>" for byte in range(256) if f"<0x{byte:02X}>" not in ids), "")
    if missing:
        raise file.error(f"its tokenizer has no token {missing} for that byte")
    unknown = [token for token, index in ids.items() if kinds[index] == UNKNOWN]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=ids,
            merges=[pair for _, pair in merges],
            unk_token=unknown[0] if unknown else None,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer
