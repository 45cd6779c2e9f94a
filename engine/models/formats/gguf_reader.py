"""The reader of the `gguf` package with bounds: a hostile header costs no time and no memory."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from gguf import GGUFReader, GGUFValueType

_LENGTH = struct.Struct("<Q")
_ARRAY_HEAD = 12
"""Bytes before the values of an array: their type and their number."""
LONGEST_ARRAY = 2**22
"""Sixteen times the largest vocabulary; the reader would walk through a longer one for hours."""


class GgufReader(GGUFReader):
    """The reader of `gguf`, which otherwise reads on behind the end and believes every length."""

    def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
        end = int(offset) + np.dtype(dtype).itemsize * int(count)
        if end > len(self.data):
            raise ValueError(f"it ends after {len(self.data):,} bytes, inside its header or data")
        return super()._get(offset, dtype, count, override_order)

    def _get_field_parts(self, orig_offs: int, raw_type: int) -> Any:
        if raw_type != GGUFValueType.ARRAY:
            return super()._get_field_parts(orig_offs, raw_type)
        # one list instead of several numpy objects for each of 150,000 tokens
        if self.byte_order != "I":
            raise ValueError("it is written for big-endian machines")
        kind = GGUFValueType(int(self._get(orig_offs, np.uint32)[0]))
        length = int(self._get(orig_offs + 4, np.uint64)[0])
        if length > LONGEST_ARRAY or kind == GGUFValueType.ARRAY:
            raise ValueError(f"its header has an array of {length:,} values")
        values, size = self._array(orig_offs + _ARRAY_HEAD, kind, length)
        return size + _ARRAY_HEAD, [values], [0], [GGUFValueType.ARRAY, kind]

    def _array(self, start: int, kind: GGUFValueType, length: int) -> tuple[list[Any], int]:
        """The values of an array and the bytes that they take."""
        if kind != GGUFValueType.STRING:
            values = self._get(start, self.gguf_scalar_to_np[kind], length)
            return values.tolist(), int(values.nbytes)
        texts = []
        data = self.data.data
        at = start
        for _ in range(length):
            (size,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            if at + size > len(data):
                raise ValueError(f"it ends after {len(data):,} bytes, inside its header")
            texts.append(str(data[at : at + size], "utf-8"))
            at += size
        return texts, at - start
