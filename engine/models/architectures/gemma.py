"""Gemma, and so CodeGemma: scaled embeddings, norms around one, heads of their own width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.architectures.decoder import Activation, Design, read_rope, read_shape

if TYPE_CHECKING:
    from engine.models.formats.weights import WeightSource


def gemma(source: WeightSource) -> Design:
    """The design of a gemma model (see `engine.models.architectures.decoder.Design`)."""
    return Design(
        shape=read_shape(source),
        # its first configurations say `gelu` and mean this
        activation=Activation.GELUTanh,
        epsilon=source.scalar(".attention.layer_norm_rms_epsilon", float),
        # the weights of its norms are kept as differences from one, except in GGUF files
        norm_offset=0.0 if source.rearranged else 1.0,
        rope=read_rope(source),
        scaled=True,
    )
