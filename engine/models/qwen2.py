"""The tensors of a qwen2 GGUF file as a CTranslate2 decoder in int8."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from ctranslate2.specs import TransformerDecoderModelSpec, common_spec

from engine.models.quantize import int8_rows

if TYPE_CHECKING:
    from engine.models.gguf_file import GgufFile
    from engine.models.progress import Progress


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a decoder: counts of layers and heads, widths in values."""

    layers: int
    heads: int
    kv_heads: int
    width: int
    inner: int
    vocabulary: int

    @property
    def head(self) -> int:
        """Values of one head."""
        return self.width // self.heads

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of float32 keys and values that CTranslate2 keeps for a token on CPU.

        It replicates grouped key/value heads, so the query heads count.
        """
        return 2 * self.layers * self.heads * self.head * 4


def read_shape(file: GgufFile) -> Shape:
    """The sizes that the metadata promise, checked against each other.

    Raises:
        ConversionError: they are missing or impossible.
    """
    shape = Shape(
        layers=file.scalar(".block_count", int),
        heads=file.scalar(".attention.head_count", int),
        kv_heads=file.scalar(".attention.head_count_kv", int),
        width=file.scalar(".embedding_length", int),
        inner=file.scalar(".feed_forward_length", int),
        vocabulary=file.shape("token_embd.weight")[0],
    )
    if min(shape.layers, shape.heads, shape.kv_heads, shape.width, shape.inner) < 1:
        raise file.error(f"its metadata promise an empty model ({shape})")
    if shape.width % shape.heads or shape.heads % shape.kv_heads:
        raise file.error(f"its heads do not divide the width evenly ({shape})")
    # before a specification of as many layers is made
    if f"blk.{shape.layers - 1}.attn_norm.weight" not in file:
        raise file.error(f"it has fewer than the {shape.layers} layers that its metadata promise")
    scaling = file.scalar(".rope.scaling.type", str, "none")
    if scaling != "none":
        raise file.error(f"rope scaling {scaling!r} is not supported")
    return shape


def load(file: GgufFile, shape: Shape, progress: Progress) -> TransformerDecoderModelSpec:
    """Read all weights; one step of `progress` per layer, and one for the embeddings.

    Raises:
        ConversionError: a tensor is missing, of another shape, unreadable or not finite.
    """
    spec = TransformerDecoderModelSpec.from_config(
        shape.layers,
        shape.heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,  # all values of a head
        rotary_interleave=False,  # qwen2 files keep q and k unpermuted
        rotary_base=file.scalar(".rope.freq_base", float),
        num_heads_kv=shape.kv_heads,
    )
    spec.config.layer_norm_epsilon = file.scalar(".attention.layer_norm_rms_epsilon", float)
    decoder = spec.decoder
    decoder.scale_embeddings = False

    embedding = (shape.vocabulary, shape.width)
    progress.start("converting", shape.layers + 1, "layers")
    _fill(decoder.embeddings, file, ["token_embd.weight"], embedding)
    if "output.weight" in file:
        _fill(decoder.projection, file, ["output.weight"], embedding)
    else:
        # the same arrays, so that CTranslate2 writes them once
        decoder.projection.weight = decoder.embeddings.weight
        decoder.projection.weight_scale = decoder.embeddings.weight_scale
    decoder.layer_norm.gamma = file.tensor("output_norm.weight", (shape.width,))
    progress.at(1)
    for index, layer in enumerate(decoder.layer):
        _fill_layer(layer, file, f"blk.{index}.", shape)
        progress.at(index + 2)
    return spec


def _fill_layer(layer: Any, file: GgufFile, prefix: str, shape: Shape) -> None:
    width, inner, kv = shape.width, shape.inner, shape.kv_heads * shape.head
    attention, ffn = layer.self_attention, layer.ffn
    attention.layer_norm.gamma = file.tensor(prefix + "attn_norm.weight", (width,))
    ffn.layer_norm.gamma = file.tensor(prefix + "ffn_norm.weight", (width,))
    # rows of q, k and v in one matrix: CTranslate2 multiplies them at once
    qkv = [f"{prefix}attn_{part}" for part in "qkv"]
    weights = [name + ".weight" for name in qkv]
    _fill(attention.linear[0], file, weights, (width, width), (kv, width))
    rows = (width, kv, kv)
    attention.linear[0].bias = np.concatenate(
        [file.tensor(name + ".bias", (size,)) for name, size in zip(qkv, rows, strict=True)]
    )
    _fill(attention.linear[1], file, [prefix + "attn_output.weight"], (width, width))
    _fill(ffn.linear_0, file, [prefix + "ffn_gate.weight"], (inner, width))
    _fill(ffn.linear_0_noact, file, [prefix + "ffn_up.weight"], (inner, width))
    _fill(ffn.linear_1, file, [prefix + "ffn_down.weight"], (width, inner))


def _fill(
    target: Any,
    file: GgufFile,
    names: list[str],
    first: tuple[int, int],
    others: tuple[int, int] = (0, 0),
) -> None:
    """Put the rows of `names` into `target`; the first has shape `first`, all later `others`."""
    shapes = [first, *(others for _ in names[1:])]
    rows = sum(rows for rows, _ in shapes)
    parts = (file.slices(name, shape) for name, shape in zip(names, shapes, strict=True))
    target.weight, target.weight_scale = int8_rows(chain.from_iterable(parts), (rows, first[1]))
