"""Sizes of a converted model's matrices, read from the headers in its `model.bin`.

The layout is CTranslate2's (`ModelSpec._serialize`): name, sizes, type and bytes of each tensor,
then aliases of tensors that are stored once. Only the heads are read, never the weights.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from engine.errors import ConversionError
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

_EMBEDDINGS, _PROJECTION = "decoder/embeddings/weight", "decoder/projection/weight"
_MATRIX: Final = 2
_STATE_VALUES: Final = 4
"""Bytes of a float32, in which the manifest counts the state."""


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """What one token is multiplied with, and what it leaves behind.

    Attributes:
        layers: number of them.
        layer_values: values of all matrices of all layers.
        projection_values: values of the output projection.
        state_values: keys and values that CTranslate2 keeps for a token, in all layers and for all
            query heads: it replicates grouped heads.
    """

    layers: int
    layer_values: int
    projection_values: int
    state_values: int

    @property
    def values(self) -> int:
        """All matrices that a decoded token is multiplied with."""
        return self.layer_values + self.projection_values


def read_sizes(folder: Path) -> ModelSizes:
    """The sizes of the model in `folder`.

    Raises:
        ConversionError: it has no manifest, or its `model.bin` is none that CTranslate2 writes.
    """
    manifest = Manifest.read(folder)
    path = folder / "model.bin"
    try:
        with path.open("rb") as file:
            matrices = _matrices(file)
    except (OSError, struct.error, UnicodeDecodeError) as error:
        raise ConversionError(
            f"{manifest.name}: model.bin could not be read ({error}); run `midfill models verify`"
        ) from error
    projection = matrices.pop(_PROJECTION, matrices.get(_EMBEDDINGS, 0))
    matrices.pop(_EMBEDDINGS, None)  # of these, a token reads one row
    return ModelSizes(
        layers=manifest.layers,
        layer_values=sum(matrices.values()),
        projection_values=projection,
        state_values=manifest.kv_bytes_per_token // _STATE_VALUES,
    )


def _matrices(file: BinaryIO) -> dict[str, int]:
    """Number of values by name, of all weights with two dimensions."""
    found: dict[str, int] = {}
    _number(file, "I")
    _string(file)
    _number(file, "I")
    for _ in range(_number(file, "I")):
        name = _string(file)
        sizes = [_number(file, "I") for _ in range(_number(file, "B"))]
        _number(file, "B")
        file.seek(_number(file, "I"), 1)
        if len(sizes) == _MATRIX and name.endswith("/weight"):
            found[name] = sizes[0] * sizes[1]
    return found


def _number(file: BinaryIO, form: str) -> int:
    (number,) = struct.unpack("<" + form, file.read(struct.calcsize(form)))
    return int(number)


def _string(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode()
