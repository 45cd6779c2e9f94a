"""A safetensors file as float32 rows: a length, a JSON header, then the values as they are.

Read here and not by the `safetensors` package, which knows bfloat16 only together with torch.
Source: the format's description at huggingface/safetensors.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
_LARGEST_HEADER = 100_000_000
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where a tensor lies in the file: its type, its shape, and its first byte."""

    kind: str
    shape: tuple[int, ...]
    start: int


class SafetensorsFile:
    """An open safetensors file, mapped into memory.

    Args:
        path: the file.

    Raises:
        ConversionError: it is missing, cut short, or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as stream:
                size = path.stat().st_size
                (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
                header = json.loads(stream.read(min(length, _LARGEST_HEADER)))
            self.entries = dict(_entries(header, _LENGTH.size + length, size))
            self._bytes = np.memmap(path, np.uint8, "r")
        except FileNotFoundError as error:
            raise ConversionError(f"{path}: no such file; get the whole folder again") from error
        # a damaged header can fail in any of these ways
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            OverflowError,
            struct.error,
        ) as error:
            raise ConversionError(
                f"{path}: not a readable safetensors file ({error}); get the file again"
            ) from error

    def rows(self, name: str, start: int, end: int) -> NDArray[np.float32]:
        """Rows `start` to `end` of a tensor as a new float32 array, (end - start, ...).

        Raises:
            KeyError: there is no such tensor.
            ValueError: its type is none of F32, F16 and BF16.
        """
        entry = self.entries[name]
        item = _ITEM_BYTES.get(entry.kind)
        if item is None:
            raise ValueError(
                f"values of type {entry.kind}, supported are: {', '.join(_ITEM_BYTES)}"
            )
        row_bytes = item * int(np.prod(entry.shape[1:], dtype=np.int64))
        raw = self._bytes[entry.start + start * row_bytes : entry.start + end * row_bytes]
        if entry.kind == "BF16":  # the upper half of a float32
            values = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.view("<f4" if entry.kind == "F32" else "<f2").astype(np.float32)
        return values.reshape(end - start, *entry.shape[1:])


def _entries(header: Any, data: int, size: int) -> list[tuple[str, TensorEntry]]:
    """The tensors of a header whose data begin at byte `data` of a file of `size` bytes."""
    found = []
    for name, about in header.items():
        if name == "__metadata__":
            continue
        kind, shape, (start, end) = about["dtype"], about["shape"], about["data_offsets"]
        if not all(type(value) is int and value >= 0 for value in (*shape, start, end)):
            raise ValueError(f"tensor {name} has no possible place")
        if data + end > size or start > end:
            raise ValueError(f"tensor {name} ends behind the end, the file is cut short")
        count = 1
        for length in shape:
            count *= length
        if kind in _ITEM_BYTES and count * _ITEM_BYTES[kind] != end - start:
            raise ValueError(f"tensor {name} has {end - start:,} bytes for shape {shape}")
        found.append((name, TensorEntry(kind, tuple(shape), data + start)))
    return found
