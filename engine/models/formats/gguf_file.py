"""GGUF files as metadata and float32 rows; every defect becomes one kind of error.

The reader of the `gguf` package maps the file into memory; rows are dequantized on demand, so
that no more than a slice of a tensor exists in float32 at a time.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from gguf import GGUFReader, GGUFValueType
from gguf.quants import dequantize

from engine.errors import ConversionError
from engine.models.formats.weights import SLICE_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gguf import ReaderTensor
    from numpy.typing import NDArray

    from engine.models.formats.weights import Scalar

_LENGTH = struct.Struct("<Q")
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, OverflowError, struct.error)
_ARRAY_HEAD = 12
"""Bytes before the values of an array: their type and their number."""
LONGEST_ARRAY = 2**22
"""Sixteen times the largest vocabulary; the reader would walk through a longer one for hours."""


class _GgufReader(GGUFReader):
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


class GgufFile:
    """An open GGUF file; an `engine.models.formats.weights.WeightSource`.

    Args:
        path: the file.

    Raises:
        ConversionError: it is missing, cut short, or no GGUF file.
    """

    rearranged = True

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            reader = _GgufReader(path)
        except FileNotFoundError as error:
            raise ConversionError(f"{path}: no such file; check the path") from error
        # a damaged header can make the reader fail in any of these ways
        except (
            OSError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            OverflowError,
            struct.error,
        ) as error:
            raise self.error(f"not a readable GGUF file ({error})") from error
        except MemoryError as error:
            raise self.error("its header asks for more memory than there is") from error
        self._fields = reader.fields
        self._mapping: Any = getattr(reader.data, "_mmap", None)
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        self._read: set[str] = set()

    def error(self, reason: str) -> ConversionError:
        """A ConversionError that names this file, the reason and the next step."""
        return ConversionError(
            f"{self.path}: {reason}; get the file again, or choose a model that is supported "
            "(`midfill models list`)"
        )

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    @property
    def architecture(self) -> str:
        """Name of the architecture, such as `qwen2`."""
        return self.scalar("general.architecture", str)

    @property
    def tied(self) -> bool:
        """Whether the embeddings are the output projection too."""
        return "output.weight" not in self

    def scalar(self, key: str, kind: type[Scalar], default: Scalar | None = None) -> Scalar:
        """A metadata value.

        Args:
            key: its name; a leading `.` stands for the architecture's own prefix.
            kind: the type it must have.
            default: what to return when there is no such key.

        Raises:
            ConversionError: it is missing without a default, or of another type.
        """
        value = self._value(self.architecture + key if key.startswith(".") else key)
        if value is None and default is not None:
            return default
        if kind is float and isinstance(value, int):
            return kind(value)
        if value is None or not isinstance(value, kind):
            raise self.error(f"metadata {key} is {value!r} where {kind.__name__} is needed")
        return value

    def strings(self, key: str) -> list[str]:
        """A list of texts from the metadata; it can be read once.

        Raises:
            ConversionError: it is missing or of another type.
        """
        value = self._list(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"metadata {key} is not a list of texts")
        return value

    def numbers(self, key: str) -> list[float]:
        """A list of numbers with fractions from the metadata; it can be read once.

        Raises:
            ConversionError: it is missing or of another type.
        """
        value = self._list(key)
        if not isinstance(value, list) or not all(isinstance(item, float) for item in value):
            raise self.error(f"metadata {key} is not a list of numbers")
        return value

    def integers(self, key: str) -> list[int]:
        """A list of numbers from the metadata; it can be read once.

        Raises:
            ConversionError: it is missing or of another type.
        """
        value = self._list(key)
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise self.error(f"metadata {key} is not a list of whole numbers")
        return value

    def _list(self, key: str) -> Any:
        # the tokenizer keeps what it needs of it
        value = self._value(key)
        self._fields.pop(key, None)
        return value

    def _value(self, key: str) -> Any:  # callers check the type they need
        field = self._fields.get(key)
        if field is None:
            return None
        if field.types[0] == GGUFValueType.ARRAY:
            return field.parts[-1]
        try:
            return field.contents()
        except (ValueError, IndexError, TypeError) as error:
            raise self.error(f"metadata {key} is damaged ({error})") from error

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, rows first.

        Raises:
            ConversionError: there is no such tensor.
        """
        # GGUF counts dimensions from the innermost one
        return tuple(int(size) for size in reversed(self._tensor(name).shape))

    def unread(self) -> list[str]:
        """Names of the tensors that nobody asked for: the file is of another kind of model."""
        return sorted(self._tensors.keys() - self._read)

    def _tensor(self, name: str) -> ReaderTensor:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise self.error(f"tensor {name} is missing")
        return tensor

    def slices(self, name: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
        """A tensor in float32, a few rows at a time.

        Args:
            name: its name in the file.
            shape: the shape it must have, rows first.

        Yields:
            (rows, *shape[1:]) arrays that the caller may change.

        Raises:
            ConversionError: it is missing, of another shape, of an unsupported quantization,
                or has values that are not finite.
        """
        tensor = self._tensor(name)
        self._read.add(name)
        if self.shape(name) != shape:
            raise self.error(f"tensor {name} has shape {self.shape(name)} where {shape} is needed")
        rows = max(1, SLICE_VALUES // max(1, int(np.prod(shape[1:]))))
        for start in range(0, shape[0], rows):
            try:
                values = dequantize(tensor.data[start : start + rows], tensor.tensor_type)
            except (NotImplementedError, ValueError) as error:
                reason = f"cannot read quantization {tensor.tensor_type.name}"
                raise self.error(f"tensor {name}: {reason}") from error
            values = np.array(values, dtype=np.float32)
            if not np.isfinite(values).all():
                raise self.error(f"tensor {name} has values that are not finite")
            yield values
            self._let_go()

    def _let_go(self) -> None:
        """Give back the memory of what was read of the file; the system keeps it as it likes."""
        if self._mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A whole tensor in float32, for the small ones; arguments and errors as in `slices`."""
        return np.concatenate(list(self.slices(name, shape)))
