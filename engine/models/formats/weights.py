"""The interface of weight sources, whatever their format.

The common language is GGUF's: tensors are called `blk.0.attn_q.weight`, metadata `.block_count`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from engine.errors import ConversionError

Scalar = TypeVar("Scalar", int, float, str, bool)

SLICE_VALUES = 4_194_304
"""Values in float32 at a time: 16 MiB."""


class WeightSource(Protocol):
    """Weights and metadata, read bit by bit, each defect an error that names the file.

    Attributes:
        path: the file or folder.
        rearranged: whether llama.cpp's conversion has been at work: rows of q and k of llama
            models in another order, norms of gemma models raised by one.
    """

    path: Path
    rearranged: bool

    def error(self, reason: str) -> ConversionError:
        """A ConversionError that names the source, the reason and the next step."""
        ...

    def __contains__(self, name: str) -> bool: ...

    @property
    def architecture(self) -> str:
        """GGUF's name of the architecture, such as `qwen2`."""
        ...

    @property
    def tied(self) -> bool:
        """Whether the embeddings are the output projection too."""
        ...

    def scalar(self, key: str, kind: type[Scalar], default: Scalar | None = None) -> Scalar:
        """A metadata value; a leading `.` stands for the architecture's own prefix.

        Raises:
            ConversionError: it is missing without a default, or of another type.
        """
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, rows first.

        Raises:
            ConversionError: there is no such tensor.
        """
        ...

    def slices(self, name: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
        """A tensor in float32, a few rows at a time.

        Args:
            name: its name.
            shape: the shape it must have, rows first.

        Yields:
            (rows, *shape[1:]) arrays that the caller may change.

        Raises:
            ConversionError: it is missing, of another shape, of an unsupported kind,
                or has values that are not finite.
        """
        ...

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A whole tensor in float32, for the small ones; arguments and errors as in `slices`."""
        ...

    def unread(self) -> list[str]:
        """Names of the tensors that nobody asked for: it is of another kind of model."""
        ...

    def unapplied(self) -> list[str]:
        """Settings that nobody asked for and that may change the arithmetic, with their values."""
        ...
