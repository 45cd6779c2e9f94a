"""Qwen2, Qwen2.5 and Qwen3: gated, root mean square norms; biases on q, k, v, or norms on q, k."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.architectures.decoder import (
    Activation,
    Design,
    read_activation,
    read_rope,
    read_shape,
)

if TYPE_CHECKING:
    from engine.models.formats.weights import WeightSource


def qwen2(source: WeightSource) -> Design:
    """The design of a qwen2 model (see `engine.models.architectures.decoder.Design`)."""
    return Design(
        shape=read_shape(source),
        activation=read_activation(source, Activation.SWISH),
        epsilon=source.scalar(".attention.layer_norm_rms_epsilon", float),
        rope=read_rope(source),
        biases=frozenset({"attn_q", "attn_k", "attn_v"}),
    )


def qwen3(source: WeightSource) -> Design:
    """The design of a qwen3 model."""
    return Design(
        shape=read_shape(source),
        activation=read_activation(source, Activation.SWISH),
        epsilon=source.scalar(".attention.layer_norm_rms_epsilon", float),
        rope=read_rope(source),
        qk_norm=True,
    )
