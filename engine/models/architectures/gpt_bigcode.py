"""GPTBigCode: StarCoder, SantaCoder, Granite code 20B.

Learned positions, and one head of keys and values for all queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.architectures.decoder import Activation, Design, read_activation, read_shape

if TYPE_CHECKING:
    from engine.models.formats.weights import WeightSource

_ALL = frozenset({"attn_qkv", "attn_output", "ffn_up", "ffn_down"})


def gpt_bigcode(source: WeightSource) -> Design:
    """The design of a gpt_bigcode model (see `engine.models.architectures.decoder.Design`).

    Raises:
        ConversionError: it has more than one head of keys and values.
    """
    shape = read_shape(source)
    if shape.kv_heads != 1:
        # their q, k and v are mixed head by head; no published code model is of that kind
        raise source.error(f"{shape.kv_heads} heads of keys and values where 1 is supported")
    return Design(
        shape=shape,
        activation=read_activation(source, Activation.GELUTanh),
        epsilon=source.scalar(".attention.layer_norm_epsilon", float),
        gated=False,
        rms=False,
        biases=_ALL,
        fused=True,
    )
