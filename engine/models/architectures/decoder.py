"""Build a CTranslate2 decoder from an architecture's description and any source.

An architecture is a `Design`: sizes, and which of the known parts it is made of. Tensors are read,
quantized and let go one after the other, a few rows at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from ctranslate2.specs import TransformerDecoderModelSpec, attention_spec, common_spec

from engine.models.architectures.quantize import store_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.models.formats.weights import WeightSource
    from engine.models.progress import Progress

Activation: TypeAlias = common_spec.Activation

SHORTEST_WINDOW = 4096
"""CTranslate2 fails on prompts longer than a sliding window, so it is told of none; within the
window there is no difference."""

_ACTIVATIONS = {
    "silu": Activation.SWISH,
    "gelu": Activation.GELU,
    "gelu_fast": Activation.GELUTanh,
    "gelu_new": Activation.GELUTanh,
    "gelu_pytorch_tanh": Activation.GELUTanh,
}


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """Shape of a decoder: counts of layers and heads, widths in values, rows of the embeddings.

    Attributes:
        own_head: values of one head where they are not the width divided by the heads, else 0.
        context_length: most tokens of prompt and answer together, 0 where nothing says it.
    """

    layers: int
    heads: int
    kv_heads: int
    width: int
    inner: int
    vocabulary: int
    own_head: int = 0
    context_length: int = 0

    @property
    def head(self) -> int:
        """Values of one head."""
        return self.own_head or self.width // self.heads

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of float32 keys and values that CTranslate2 keeps for a token on CPU.

        It replicates grouped key/value heads, so the query heads count.
        """
        return 2 * self.layers * self.heads * self.head * 4


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary position embeddings.

    Attributes:
        base: period of the slowest rotation.
        factor: positions are divided by it (linear scaling).
        interleave: whether neighbouring values turn together, instead of halves of a head.
    """

    base: float
    factor: float = 1.0
    interleave: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """What a decoder is made of.

    Attributes:
        shape: its sizes.
        activation: of the feed-forward part.
        epsilon: of all norms.
        gated: whether the feed-forward part has a gate.
        rms: whether norms are root mean square norms, else they are layer norms with bias.
        norm_offset: what is added to the weights of all norms.
        rope: None for learned positions.
        biases: last parts of the names of the matrices that have one, such as `attn_q`.
        fused: whether q, k and v are one tensor.
        qk_norm: whether queries and keys are normalized.
        scaled: whether embeddings are multiplied by the root of the width.
    """

    shape: DecoderShape
    activation: Activation
    epsilon: float
    gated: bool = True
    rms: bool = True
    norm_offset: float = 0.0
    rope: Rope | None = None
    biases: frozenset[str] = field(default=frozenset())
    fused: bool = False
    qk_norm: bool = False
    scaled: bool = False


def read_shape(source: WeightSource) -> DecoderShape:
    """The sizes that the metadata promise, checked against each other.

    Raises:
        ConversionError: they are missing or impossible.
    """
    heads = source.scalar(".attention.head_count", int)
    width = source.scalar(".embedding_length", int)
    head = _head(source)
    shape = DecoderShape(
        layers=source.scalar(".block_count", int),
        heads=heads,
        kv_heads=source.scalar(".attention.head_count_kv", int, heads),
        width=width,
        inner=source.scalar(".feed_forward_length", int),
        vocabulary=source.shape("token_embd.weight")[0],
        own_head=0 if head * heads == width else head,
        context_length=_context_length(source),
    )
    if min(shape.layers, heads, shape.kv_heads, head, width, shape.inner) < 1:
        raise source.error(f"its metadata promise an empty model ({shape})")
    if heads % shape.kv_heads or head % 2 or width // heads == 0:
        raise source.error(f"its heads do not divide the width evenly ({shape})")
    # before a specification of as many layers is made
    if f"blk.{shape.layers - 1}.attn_norm.weight" not in source:
        raise source.error(f"it has fewer than the {shape.layers} layers that its metadata promise")
    return shape


def _head(source: WeightSource) -> int:
    """Values of one head."""
    heads = source.scalar(".attention.head_count", int)
    usual = source.scalar(".embedding_length", int) // max(1, heads)
    return source.scalar(".attention.key_length", int, usual)


def _context_length(source: WeightSource) -> int:
    """The least of the length that the metadata declare and a sliding window; 0 for neither."""
    window = source.scalar(".attention.sliding_window", int, 0)
    if 0 < window < SHORTEST_WINDOW:
        raise source.error(
            f"each token sees {window} others where {SHORTEST_WINDOW} are needed for prompts"
        )
    declared = source.scalar(".context_length", int, 0)
    return min((length for length in (declared, window) if length > 0), default=0)


def refuse_unapplied(source: WeightSource, design: Design) -> None:
    """Make sure that no setting of the model is passed over; call it when the design is made.

    Raises:
        ConversionError: one is that may change the arithmetic.
    """
    usual = design.shape.head**-0.5
    scale = source.scalar(".attention.scale", float, 0.0)
    if scale and not np.isclose(scale, usual, rtol=1e-3):
        raise source.error(f"its attention is scaled by {scale:g} where {usual:g} is supported")
    if odd := source.unapplied():
        raise source.error(
            f"{odd[0]} may change what a {source.architecture} model computes, and is not supported"
        )


def read_activation(source: WeightSource, usual: Activation) -> Activation:
    """The activation that the metadata name, else the usual one of the architecture.

    Raises:
        ConversionError: it is none that CTranslate2 has.
    """
    name = source.scalar(".activation", str, "")
    if name and name not in _ACTIVATIONS:
        raise source.error(f"activation {name!r} is not supported")
    return _ACTIVATIONS.get(name, usual)


def read_rope(source: WeightSource, *, interleave: bool = False) -> Rope:
    """Rotary embeddings as the metadata describe them.

    Raises:
        ConversionError: they are scaled in a way that is not supported.
    """
    # as llama.cpp reads them: a factor without a type is linear, older files call it otherwise,
    # and none is 0
    kind = source.scalar(".rope.scaling.type", str, "linear")
    if kind not in {"none", "linear"}:
        raise source.error(f"rope scaling {kind!r} is not supported")
    factor = source.scalar(".rope.scale_linear", float, 0.0)
    factor = source.scalar(".rope.scaling.factor", float, factor) or 1.0
    factor = factor if kind == "linear" else 1.0
    head = _head(source)
    turning = source.scalar(".rope.dimension_count", int, head)
    if turning != head:
        raise source.error(f"only {turning} of the {head} values of a head turn with positions")
    base = source.scalar(".rope.freq_base", float, 10_000.0)
    if not (0 < base < np.inf and 0 < factor < np.inf):
        raise source.error(f"its rotary embeddings are impossible (base {base}, factor {factor})")
    return Rope(base, factor, interleave)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the embeddings and of the output projection.

    Attributes:
        order: old id of each new one; those of the table that it leaves out are padding.
        projection: how many of the first ones the output projection has.
    """

    order: NDArray[np.int64]
    projection: int

    @classmethod
    def first(cls, count: int) -> Rows:
        """The first `count`, as they are."""
        return cls(np.arange(count), count)


def build(
    source: WeightSource, design: Design, rows: Rows, quantization: str, progress: Progress
) -> TransformerDecoderModelSpec:
    """Read all weights; one step of `progress` per layer, and one for the embeddings.

    Args:
        source: where they are.
        design: what they are.
        rows: which of the embedding rows to keep, in which order.
        quantization: `int8`, `float16` or `float32`.
        progress: told about layers.

    Raises:
        ConversionError: a tensor is missing, of another shape, unreadable, not finite or unknown.
    """
    return _Builder(source, design, quantization).build(rows, progress)


class _Builder:
    def __init__(self, source: WeightSource, design: Design, quantization: str) -> None:
        self._source = source
        self._design = design
        self._shape = design.shape
        self._quantization = quantization

    def build(self, rows: Rows, progress: Progress) -> TransformerDecoderModelSpec:
        spec = self._empty()
        decoder, sizes = spec.decoder, self._shape
        progress.start("converting", sizes.layers + 1, "layers")
        self._vocabulary(decoder.embeddings, "token_embd", rows.order)
        if not self._source.tied:
            self._vocabulary(decoder.projection, "output", rows.order[: rows.projection])
        else:
            # the same arrays where none is cut, so that CTranslate2 writes them once
            cut = rows.projection < len(rows.order)
            for part in ("weight", "weight_scale"):
                values = getattr(decoder.embeddings, part)
                if cut and isinstance(values, np.ndarray):
                    values = values[: rows.projection].copy()
                setattr(decoder.projection, part, values)
        self._norm(decoder.layer_norm, "output_norm")
        if self._design.rope is None:
            positions = self._source.shape("position_embd.weight")[0]
            shape = (positions, sizes.width)
            encodings = self._source.tensor("position_embd.weight", shape)
            decoder.position_encodings.encodings = encodings
        progress.at(1)
        for index, layer in enumerate(decoder.layer):
            self._layer(layer, f"blk.{index}.")
            progress.at(index + 2)
        unread = self._source.unread()
        if unread:
            kind = self._source.architecture
            raise self._source.error(f"tensor {unread[0]} has no place in a {kind} model")
        return spec

    def _empty(self) -> TransformerDecoderModelSpec:
        design, sizes = self._design, self._shape
        rope: dict[str, Any] = {}
        if design.rope is not None:
            rope = {
                "rotary_dim": 0,  # all values of a head
                "rotary_interleave": design.rope.interleave,
                "rotary_base": design.rope.base,
            }
            if design.rope.factor != 1:
                rope["rotary_scaling_type"] = attention_spec.RotaryScalingType.Linear
                rope["rotary_scaling_factor"] = design.rope.factor
        spec = TransformerDecoderModelSpec.from_config(
            sizes.layers,
            sizes.heads,
            activation=design.activation,
            pre_norm=True,
            ffn_glu=design.gated,
            rms_norm=design.rms,
            num_heads_kv=sizes.kv_heads,
            head_dim=sizes.own_head or None,
            qk_norm=design.qk_norm,
            **rope,
        )
        spec.config.layer_norm_epsilon = design.epsilon
        spec.decoder.scale_embeddings = design.scaled
        if design.scaled:
            spec.decoder.embeddings.multiply_by_sqrt_depth = np.float32(sizes.width**0.5)
        return spec

    def _layer(self, layer: Any, prefix: str) -> None:
        sizes, attention, ffn = self._shape, layer.self_attention, layer.ffn
        q, kv = sizes.heads * sizes.head, sizes.kv_heads * sizes.head
        self._norm(attention.layer_norm, prefix + "attn_norm")
        # rows of q, k and v in one matrix: CTranslate2 multiplies them at once
        names, rows = ["attn_q", "attn_k", "attn_v"], [q, kv, kv]
        if self._design.fused:
            names, rows = ["attn_qkv"], [q + 2 * kv]
        self._linear(attention.linear[0], prefix, names, rows, sizes.width)
        if self._design.qk_norm:
            self._norm(attention.q_norm, prefix + "attn_q_norm", sizes.head)
            self._norm(attention.k_norm, prefix + "attn_k_norm", sizes.head)
        self._linear(attention.linear[1], prefix, ["attn_output"], [sizes.width], q)
        self._norm(ffn.layer_norm, prefix + "ffn_norm")
        if self._design.gated:
            self._linear(ffn.linear_0, prefix, ["ffn_gate"], [sizes.inner], sizes.width)
            self._linear(ffn.linear_0_noact, prefix, ["ffn_up"], [sizes.inner], sizes.width)
        else:
            self._linear(ffn.linear_0, prefix, ["ffn_up"], [sizes.inner], sizes.width)
        self._linear(ffn.linear_1, prefix, ["ffn_down"], [sizes.width], sizes.inner)

    def _norm(self, target: Any, name: str, size: int = 0) -> None:
        shape = (size or self._shape.width,)
        target.gamma = self._source.tensor(name + ".weight", shape) + np.float32(
            self._design.norm_offset
        )
        if not self._design.rms:
            target.beta = self._source.tensor(name + ".bias", shape)

    def _linear(
        self, target: Any, prefix: str, names: list[str], rows: list[int], columns: int
    ) -> None:
        """Put the rows of all `names` into `target`, with their biases where there are some."""
        parts = (
            self._source.slices(f"{prefix}{name}.weight", (count, columns))
            for name, count in zip(names, rows, strict=True)
        )
        shape = (sum(rows), columns)
        store_rows(target, chain.from_iterable(parts), shape, self._quantization)
        if self._design.biases.isdisjoint(names):
            return
        target.bias = np.concatenate(
            [
                self._source.tensor(f"{prefix}{name}.bias", (count,))
                for name, count in zip(names, rows, strict=True)
            ]
        )

    def _vocabulary(self, target: Any, name: str, order: NDArray[np.int64]) -> None:
        whole = (self._shape.vocabulary, self._shape.width)
        keep = int(order.max()) + 1
        rows = _first(self._source.slices(name + ".weight", whole), keep)
        store_rows(target, rows, (keep, self._shape.width), self._quantization)
        if np.array_equal(order, np.arange(keep)):
            return
        target.weight = target.weight[order]
        if self._quantization == "int8":
            target.weight_scale = target.weight_scale[order]


def _first(slices: Iterator[NDArray[np.float32]], keep: int) -> Iterator[NDArray[np.float32]]:
    """The first `keep` rows."""
    for part in slices:
        if keep > 0:
            yield part[:keep]
        keep -= len(part)
