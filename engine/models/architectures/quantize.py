"""Weights as CTranslate2 stores them: int8 with one scale per row, or floats.

The rule of int8 is that of `ctranslate2.specs.model_spec` (a test holds the two equal bit for
bit). It is here because there it needs every weight in float32 first: 2 GB more for the 0.5B model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LARGEST = np.float32(127)
QUANTIZATIONS = ("int8", "float16", "float32")


def store_rows(
    target: Any, slices: Iterable[NDArray[np.float32]], shape: tuple[int, int], quantization: str
) -> None:
    """Put a matrix into a layer of a CTranslate2 specification.

    Args:
        target: a linear layer or embeddings.
        slices: its rows in order, each (rows, columns); they are changed in place.
        shape: (all rows, columns).
        quantization: one of `QUANTIZATIONS`.
    """
    if quantization == "int8":
        target.weight, target.weight_scale = int8_rows(slices, shape)
        return
    weights = np.empty(shape, np.dtype(quantization))
    row = 0
    for values in slices:
        weights[row : row + len(values)] = values
        row += len(values)
    target.weight = weights


def int8_rows(
    slices: Iterable[NDArray[np.float32]], shape: tuple[int, int]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantize a matrix that comes a few rows at a time.

    Args:
        slices: its rows in order, each (rows, columns); they are changed in place.
        shape: (all rows, columns).

    Returns:
        Weights, `shape`, and scales, (all rows,): a weight is `int8 / scale`.
    """
    weights = np.empty(shape, np.int8)
    scales = np.empty(shape[0], np.float32)
    row = 0
    for values in slices:
        end = row + len(values)
        largest = np.amax(np.absolute(values), axis=1)
        largest[largest == 0] = LARGEST
        # keeps the scale of a tiny row within float32
        largest = np.maximum(largest, LARGEST / np.finfo(np.float32).max)
        scale = LARGEST / largest
        np.multiply(values, scale[:, np.newaxis], out=values)
        weights[row:end] = np.rint(values, out=values)
        scales[row:end] = scale
        row = end
    return weights, scales
