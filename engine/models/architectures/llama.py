"""Llama: CodeLlama, DeepSeek-Coder v1, Granite code, Yi-Coder, SmolLM2.

All are gated with root mean square norms; Granite code has biases.
"""

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

_ATTENTION = ("attn_q", "attn_k", "attn_v", "attn_output")
_FEED_FORWARD = ("ffn_gate", "ffn_up", "ffn_down")


def llama(source: WeightSource) -> Design:
    """The design of a llama model (see `engine.models.architectures.decoder.Design`)."""
    # the metadata do not tell; a group has biases as a whole or not at all
    groups = (_ATTENTION, _FEED_FORWARD)
    biased = [names for names in groups if f"blk.0.{names[0]}.bias" in source]
    return Design(
        shape=read_shape(source),
        activation=read_activation(source, Activation.SWISH),
        epsilon=source.scalar(".attention.layer_norm_rms_epsilon", float),
        # llama.cpp reorders rows of q and k so that neighbouring values turn together
        rope=read_rope(source, interleave=source.rearranged),
        biases=frozenset(name for names in biased for name in names),
    )
