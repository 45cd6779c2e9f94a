"""The least time a pass through the model can take on a device, and the share reached.

The roofline of Williams, Waterman and Patterson (2009): a pass can take no less than its bytes at
the device's bandwidth, and no less than its operations at the device's rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.device.placement import Placement
    from lsp_server.bench.model.sizes import ModelSizes

EXPLAINED: Final = 0.5
"""Share of the measured time from which a limit is said to bound it, rather than overhead."""
_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """What the device reaches at best, measured in the same run; nan where it was not measured.

    Attributes:
        read_bytes_s: bytes read a second from a buffer that no cache holds.
        copy_bytes_s: bytes copied a second, what is read and what is written both counted.
        operations_s: multiplications and additions a second of the largest matrices, in the
            compute type at hand.
        how: how each was measured, for people.
        reasons: why one is missing.
    """

    read_bytes_s: float = math.nan
    copy_bytes_s: float = math.nan
    operations_s: float = math.nan
    how: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepWork:
    """Bytes that must be read, and operations that must be done."""

    bytes_: float
    operations: float

    def seconds(self, limits: MachineLimits) -> tuple[float, float]:
        """At least so long for the bytes, and so long for the operations; nan if not known."""
        return self.bytes_ / limits.read_bytes_s, self.operations / limits.operations_s


@dataclass(frozen=True, slots=True)
class Costs:
    """What a model costs in one compute type.

    Attributes:
        sizes: of the model.
        weight_bytes: of one weight.
        state_bytes: of the state of one token.
    """

    sizes: ModelSizes
    weight_bytes: int
    state_bytes: float

    @classmethod
    def at(cls, place: Placement, sizes: ModelSizes) -> Costs:
        """In a place's compute type."""
        kind = place.compute_type
        weight = 1 if kind.startswith("int8") else 2 if kind.endswith("16") else _FLOAT32
        return cls(sizes, weight, sizes.state_values * _FLOAT32 * place.state_factor)

    @property
    def step_weights(self) -> float:
        """Bytes of weights that a decoding step reads."""
        return float(self.sizes.values * self.weight_bytes)

    def step(self, context: float, batch: int = 1) -> StepWork:
        """One decoding step of `batch` rows, each behind `context` tokens.

        All weights and the whole state are read once; that CTranslate2 also copies the state is no
        part of what must be.
        """
        state = batch * context * self.state_bytes
        attention = 2 * batch * context * self.sizes.state_values
        return StepWork(self.step_weights + state, 2.0 * batch * self.sizes.values + attention)

    def reading(self, length: int) -> StepWork:
        """Reading `length` tokens in one pass, without the output projection.

        Of the attention, what lies behind a token is not counted, though it is computed.
        """
        attention = length * length * self.sizes.state_values  # half of all pairs, two operations
        operations = 2.0 * length * self.sizes.layer_values + attention
        return StepWork(float(self.sizes.layer_values * self.weight_bytes), operations)


@dataclass(frozen=True, slots=True)
class SpeedPoint:
    """One measured time beside its bound.

    Attributes:
        length: tokens of the context, or of the prompt.
        ms: measured.
        memory_ms, compute_ms: what the bytes and the operations take at least.
        bound_ms: what it takes at least.
    """

    length: int
    ms: float
    memory_ms: float
    compute_ms: float
    bound_ms: float

    @property
    def share(self) -> float:
        """Of the roofline: 1 is as fast as the device can be."""
        return self.bound_ms / self.ms

    @property
    def bounded_by(self) -> str:
        """`memory` or `compute`, `overhead` when neither explains half of it, "-" if not known."""
        if math.isnan(self.share):
            return "-"
        if self.share < EXPLAINED:
            return "overhead"
        return "memory" if self.memory_ms >= self.compute_ms else "compute"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "length": self.length,
            "ms": self.ms,
            "memory_ms": self.memory_ms,
            "compute_ms": self.compute_ms,
            "bound_ms": self.bound_ms,
            "share": self.share,
            "bounded_by": self.bounded_by,
        }


def decode_point(costs: Costs, limits: MachineLimits, context: int, ms: float) -> SpeedPoint:
    """A decoded token behind `context` tokens."""
    return _point(context, ms, limits, costs.step(context))


def prefill_point(costs: Costs, limits: MachineLimits, length: int, ms: float) -> SpeedPoint:
    """The first token after a prompt of `length` tokens.

    CTranslate2 reads all tokens but the last in one pass, and the last in a decoding step.
    """
    passes = [costs.reading(length - 1)] if length > 1 else []
    return _point(length, ms, limits, *passes, costs.step(length))


def _point(length: int, ms: float, limits: MachineLimits, *passes: StepWork) -> SpeedPoint:
    seconds = [one.seconds(limits) for one in passes]
    return SpeedPoint(
        length,
        ms,
        memory_ms=1000 * sum(memory for memory, _ in seconds),
        compute_ms=1000 * sum(compute for _, compute in seconds),
        bound_ms=1000 * sum(max(memory, compute) for memory, compute in seconds),
    )
