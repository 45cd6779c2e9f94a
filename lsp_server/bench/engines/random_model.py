"""Models of real shapes with random weights: real timings, meaningless answers, no download.

The shapes are those of Qwen2.5-Coder's `config.json` files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tokenizers
from ctranslate2.specs import TransformerDecoderModelSpec, common_spec
from tokenizers.pre_tokenizers import ByteLevel

from context.prompt.families import FAMILIES
from engine.models.architectures.decoder import DecoderShape
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

FAMILY: Final = "qwen2.5-coder"
SHAPES: Final = {
    "0.5b": DecoderShape(
        layers=24, heads=14, kv_heads=2, width=896, inner=4864, vocabulary=151_936
    ),
    "1.5b": DecoderShape(
        layers=28, heads=12, kv_heads=2, width=1536, inner=8960, vocabulary=151_936
    ),
    "3b": DecoderShape(
        layers=36, heads=16, kv_heads=2, width=2048, inner=11_008, vocabulary=151_936
    ),
    "7b": DecoderShape(
        layers=28, heads=28, kv_heads=4, width=3584, inner=18_944, vocabulary=152_064
    ),
}
_TIED: Final = frozenset({"0.5b", "1.5b", "3b"})


def write(name: str, folder: Path, seed: int = 0) -> Manifest:
    """Write a model that CTranslate2 can load, in int8, into an empty folder.

    Args:
        name: a key of `SHAPES`.
        folder: gets `model.bin`, tokenizer, vocabulary and manifest.
        seed: of the weights.
    """
    return write_shape(f"random-{name}", SHAPES[name], folder, seed, tied=name in _TIED)


def write_shape(
    name: str, shape: DecoderShape, folder: Path, seed: int = 0, *, tied: bool = True
) -> Manifest:
    """As `write`, of any shape.

    Args:
        name: what the manifest says.
        shape: sizes; the vocabulary needs room for all bytes and control tokens.
        folder: gets the files.
        seed: of the weights.
        tied: whether the output projection is the embeddings.
    """
    spec = _spec(shape, np.random.default_rng(seed), tied=tied)
    words = _words(shape.vocabulary)
    spec.register_vocabulary(words)
    spec.config.bos_token = spec.config.eos_token = FAMILIES[FAMILY].stops[0]
    spec.config.unk_token = ""
    spec.validate()
    spec.save(str(folder))
    _tokenizer(words).save(str(folder / "tokenizer.json"))
    manifest = Manifest(
        name=name,
        family=FAMILY,
        source="random weights",
        source_sha256="",
        quantization="int8",
        layers=shape.layers,
        kv_bytes_per_token=shape.kv_bytes_per_token,
        vocabulary=shape.vocabulary,
        sizes={"model.bin": (folder / "model.bin").stat().st_size},
    )
    manifest.write(folder)
    return manifest


def _spec(
    shape: DecoderShape, random: np.random.Generator, *, tied: bool
) -> TransformerDecoderModelSpec:
    spec = TransformerDecoderModelSpec.from_config(
        shape.layers,
        shape.heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=False,
        rotary_base=1e6,
        num_heads_kv=shape.kv_heads,
    )
    spec.config.layer_norm_epsilon = 1e-6
    decoder = spec.decoder
    decoder.scale_embeddings = False
    width, kv = shape.width, shape.kv_heads * shape.head

    def fill(target: Any, rows: int, columns: int) -> None:
        target.weight = random.integers(-127, 128, (rows, columns), dtype=np.int8)
        # int8 rows are multiplied by 127 / their largest weight; this keeps activations near one
        target.weight_scale = np.full(rows, 73 * columns**0.5, np.float32)

    fill(decoder.embeddings, shape.vocabulary, width)
    if tied:
        decoder.projection.weight = decoder.embeddings.weight
        decoder.projection.weight_scale = decoder.embeddings.weight_scale
    else:
        fill(decoder.projection, shape.vocabulary, width)
    decoder.layer_norm.gamma = np.ones(width, np.float32)
    for layer in decoder.layer:
        attention, ffn = layer.self_attention, layer.ffn
        attention.layer_norm.gamma = np.ones(width, np.float32)
        ffn.layer_norm.gamma = np.ones(width, np.float32)
        fill(attention.linear[0], width + 2 * kv, width)
        attention.linear[0].bias = np.zeros(width + 2 * kv, np.float32)
        fill(attention.linear[1], width, width)
        fill(ffn.linear_0, shape.inner, width)
        fill(ffn.linear_0_noact, shape.inner, width)
        fill(ffn.linear_1, width, shape.inner)
    return spec


def _words(count: int) -> list[str]:
    """Bytes, fillers that no text ever gives, and the family's control tokens at the end."""
    control = sorted(FAMILIES[FAMILY].control_tokens)
    bytes_ = sorted(ByteLevel.alphabet())
    fillers = [f"<filler {number}>" for number in range(count - len(bytes_) - len(control))]
    return [*bytes_, *fillers, *control]


def _tokenizer(words: list[str]) -> tokenizers.Tokenizer:
    """A token for every byte: three times the tokens of a real one, and valid for any text."""
    control = len(FAMILIES[FAMILY].control_tokens)
    vocabulary = {word: number for number, word in enumerate(words[:-control])}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(
        [tokenizers.AddedToken(word, special=True) for word in words[-control:]]
    )
    return made
