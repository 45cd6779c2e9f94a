"""GGUF files as metadata and float32 rows; every defect becomes one kind of error.

The reader of the `gguf` package maps the file into memory; rows are dequantized on demand, so
that no more than a slice of a tensor exists in float32 at a time.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from gguf import GGUFValueType
from gguf.quants import dequantize

from engine.errors import ConversionError
from engine.models.formats.gguf_reader import GgufReader
from engine.models.formats.parts import refuse_fragment, siblings
from engine.models.formats.weights import SLICE_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gguf import ReaderTensor
    from numpy.typing import NDArray

    from engine.models.formats.weights import Scalar

# a damaged header can make the reader fail in any of these ways
_DAMAGE = (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError, struct.error)
_HARMLESS = frozenset(
    {
        ".attention.value_length",  # shapes say it too
        ".context_length",
        ".expert_used_count",  # how many experts there are is asked
        ".pooling_type",  # of embeddings of whole texts
        ".rope.scaling.finetuned",
        ".rope.scaling.original_context_length",  # of scalings that are refused by their type
        ".tensor_data_layout",
        ".vocab_size",  # shapes say it too
    }
)
"""Settings of an architecture that change nothing here."""
_NEUTRAL: dict[str, object] = {
    ".attention.causal": True,
    ".attention.scale": 0.0,
    ".logit_scale": 1.0,
    ".embedding_scale": 1.0,
    ".residual_scale": 1.0,
    ".rope.scaling.attn_factor": 1.0,
}
"""Values besides nothing, zero and no that change nothing either."""


class GgufFile:
    """An open GGUF file, or all parts of one; a `WeightSource`.

    Args:
        path: the file, or any of its parts.

    Raises:
        ConversionError: it or another part is missing, cut short, or no GGUF file.
    """

    rearranged = True

    def __init__(self, path: Path) -> None:
        self.path = path
        readers = [self._open(path)]
        self._asked: set[str] = set()
        self._fields = readers[0].fields
        if (count := self.scalar("split.count", int, 1)) > 1:
            readers = self._open_parts(count)
            self._fields = readers[0].fields
        self._mappings: list[Any] = [getattr(reader.data, "_mmap", None) for reader in readers]
        self._tensors = {tensor.name: tensor for reader in readers for tensor in reader.tensors}
        if len(self._tensors) != self.scalar("split.tensors.count", int, len(self._tensors)):
            raise self.error("its parts do not hold the tensors that they promise together")
        self._read: set[str] = set()

    def _open(self, path: Path) -> GgufReader:
        try:
            refuse_fragment(path)
            return GgufReader(path)
        except FileNotFoundError as error:
            raise ConversionError(f"{path}: no such file; check the path") from error
        except _DAMAGE as error:
            raise self.error(f"not a readable GGUF file ({error})") from error
        except MemoryError as error:
            raise self.error("its header asks for more memory than there is") from error

    def _open_parts(self, count: int) -> list[GgufReader]:
        """All parts of a model, the one with the metadata first; they lie beside each other."""
        names = siblings(self.path.name)
        if len(names) != count:
            raise self.error(
                f"one of {count} parts, and its name does not tell the others'; give them the "
                "names that they were published with, or join them with `llama-gguf-split --merge`"
            )
        missing = [name for name in names if not self.path.with_name(name).is_file()]
        if missing:
            raise self.error(f"one of {count} parts, and {', '.join(missing)} is not beside it")
        readers = [self._open(self.path.with_name(name)) for name in names]
        for index, reader in enumerate(readers):
            self._fields = reader.fields
            if (number := self.scalar("split.no", int, 0)) != index:
                raise self.error(f"{names[index]} is part {number + 1} of the model by its content")
        return readers

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
        self._asked.add(key)
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

    def unapplied(self) -> list[str]:
        """Settings of the architecture that nobody asked for and that may change its arithmetic."""
        architecture = self.architecture
        found = []
        for name in self._fields:
            key = name.removeprefix(architecture)
            if key == name or not key.startswith(".") or key in self._asked | _HARMLESS:
                continue
            value = self._value(name)
            if value and value != _NEUTRAL.get(key):
                found.append(f"{name} = {value!r:.40}")
        return sorted(found)

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
        for mapping in self._mappings:
            if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapping.madvise(mmap.MADV_DONTNEED)

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A whole tensor in float32, for the small ones; arguments and errors as in `slices`."""
        return np.concatenate(list(self.slices(name, shape)))
