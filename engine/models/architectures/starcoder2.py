"""StarCoder2: layer norms, biases everywhere, no gate, rotary positions, grouped heads."""

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

_ALL = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})


def starcoder2(source: WeightSource) -> Design:
    """The design of a starcoder2 model (see `engine.models.architectures.decoder.Design`)."""
    return Design(
        shape=read_shape(source),
        activation=read_activation(source, Activation.GELUTanh),
        epsilon=source.scalar(".attention.layer_norm_epsilon", float),
        gated=False,
        rms=False,
        rope=read_rope(source),
        biases=_ALL,
    )
