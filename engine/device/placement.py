"""Which card is usable, and which compute types to try. A pure decision."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from engine.device.cuda import Mode
from engine.errors import DeviceError

if TYPE_CHECKING:
    from engine.device.cuda import Cuda, GpuCard

CPU: Final = "cpu"
OVERHEAD_BYTES: Final = 700_000_000
"""What CUDA's context, its library's workspace and a few kept states take beside the weights."""

_OLDEST, _OLDEST_CUDA = (5, 0), (12, 0)
_BLACKWELL = (10, 0)
_LEAST: Final = {
    "bfloat16": (8, 0),
    "float16": (7, 0),
    "int8_bfloat16": (8, 0),
    "int8_float16": (7, 0),
    "int8": (6, 1),
    "float32": _OLDEST,
}
"""Compute capability from which a type is worth a try, in the order of trying."""
_BYTES: Final = {"int8": 1, "int8_bfloat16": 1, "int8_float16": 1, "float32": 4}
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how to load a model.

    Attributes:
        device: `cpu` or `cuda`.
        index: which card.
        compute_type: CTranslate2's word for the arithmetic.
        card: the card's name, "" on the CPU.
    """

    device: str = CPU
    index: int = 0
    compute_type: str = "int8"
    card: str = ""

    @property
    def label(self) -> str:
        """`cpu`, or `cuda:N`."""
        return self.device if self.device == CPU else f"{self.device}:{self.index}"

    @property
    def state_factor(self) -> float:
        """Bytes of a kept state here, for each of float32."""
        return 0.5 if "float16" in self.compute_type else 1.0


ON_CPU: Final = Placement()


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """What can be tried.

    Attributes:
        places: on cards, best card first, and by card in the order of trying; never the CPU.
        refusals: why cards are left out, for people; empty when nobody asked for a card and there
            is none.
    """

    places: tuple[Placement, ...] = ()
    refusals: tuple[str, ...] = field(default=())


def options(setting: str, compute_type: str, weight_count: int, cuda: Cuda) -> DeviceOptions:
    """Places on cards for a model.

    Args:
        setting: `engine.device`: `auto`, `cpu`, `cuda` or `cuda:N`.
        compute_type: `engine.compute_type`: `auto`, or the only one to try.
        weight_count: numbers in the model; its bytes follow from the compute type.
        cuda: the device layer.
    """
    if setting == CPU:
        return DeviceOptions()
    try:
        cards = cuda.cards()
    except DeviceError as error:
        return DeviceOptions(refusals=(str(error),))
    _, _, wanted = setting.partition(":")
    if wanted:
        cards = tuple(card for card in cards if card.index == int(wanted))
    if not cards:
        why = (
            f"there is no card {setting}{hidden()}"
            if wanted
            else f"no NVIDIA card was found{hidden()}"
        )
        hint = "see CUDA_VISIBLE_DEVICES and `nvidia-smi`"
        return DeviceOptions(refusals=() if setting == "auto" else (f"{why}; {hint}",))
    places: list[Placement] = []
    refusals: list[str] = []
    for card in sorted(cards, key=lambda card: (-card.free_bytes, card.index)):
        try:
            places += _places_on(card, compute_type, weight_count, cuda)
        except DeviceError as error:
            refusals.append(f"cuda:{card.index} ({card.name}): {error}")
    if places:
        try:
            cuda.load_cublas()
        except DeviceError as error:
            return DeviceOptions(refusals=(*refusals, str(error)))
    return DeviceOptions(tuple(places), tuple(refusals))


def hidden() -> str:
    """What may hide cards from this process, for people; "" when nothing does."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if chosen is None else f", CUDA_VISIBLE_DEVICES is {chosen!r}"


def _places_on(card: GpuCard, compute_type: str, weight_count: int, cuda: Cuda) -> list[Placement]:
    check(card)
    supported = cuda.compute_types(card.index)
    names = [name for name in _LEAST if name in supported and _is_fit(name, card)]
    if compute_type != "auto":
        names = [compute_type] if compute_type in supported else []
    elif "bfloat16" in names:  # some models overflow in float16, and it is no faster
        names = [name for name in names if "_float16" not in name and name != "float16"]
    if not names:
        raise DeviceError(f"no usable compute type ({', '.join(sorted(supported)) or 'none'})")
    least = min(_need(name, weight_count) for name in names)
    fitting = [name for name in names if _need(name, weight_count) <= card.free_bytes]
    if not fitting:
        raise DeviceError(
            f"{card.free_bytes / _GIB:.1f} GiB free where {least / _GIB:.1f} GiB are needed; "
            "end other programs there or choose a smaller model"
        )
    return [Placement("cuda", card.index, name, card.name) for name in fitting]


def check(card: GpuCard) -> None:
    """Whether a card can be used at all.

    Raises:
        DeviceError: it cannot; says why and what to do.
    """
    if card.mode is Mode.PROHIBITED:
        raise DeviceError("its compute mode allows no programs; `nvidia-smi --compute-mode=0`")
    if card.capability < _OLDEST:
        major, minor = card.capability
        raise DeviceError(f"compute capability {major}.{minor} is too old, 5.0 is needed")
    if card.cuda < _OLDEST_CUDA:
        major, minor = card.cuda
        raise DeviceError(
            f"driver {card.driver} runs CUDA {major}.{minor} at most; install driver 525 or newer"
        )


def _is_fit(compute_type: str, card: GpuCard) -> bool:
    if compute_type.startswith("int8") and card.capability >= _BLACKWELL:
        return False  # int8 kernels give wrong numbers there
    return card.capability >= _LEAST[compute_type]


def _need(compute_type: str, weight_count: int) -> int:
    return weight_count * _BYTES.get(compute_type, 2) + OVERHEAD_BYTES
