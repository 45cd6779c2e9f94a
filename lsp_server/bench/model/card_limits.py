"""Peak rates of a graphics card: copying its own memory, and multiplying large matrices.

Asked of the driver and of cuBLAS by `ctypes`, on the context that CTranslate2 uses too. Everything
that is taken is given back, and no more than a quarter of the free memory is taken.
"""

from __future__ import annotations

import ctypes
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.device.cuda import open_cublas, open_driver
from engine.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_COPY: Final = 1 << 30
_LEAST_COPY: Final = 1 << 24
_SIDES: Final = (8192, 4096, 2048, 1024)
_REPEATS: Final = 10
_SHARE: Final = 4
"""At most one part in so many of the free memory is taken."""
_TRANSPOSED, _PLAIN, _DEFAULT_ALGORITHM = 1, 0, -1  # cublasOperation_t, cublasGemmAlgo_t


@dataclass(frozen=True, slots=True)
class _Kind:
    """How cuBLAS is asked to multiply: cudaDataType of inputs and outputs, cublasComputeType_t."""

    input: int
    output: int
    compute: int
    bytes_in: int
    bytes_out: int
    one: Any
    zero: Any


_INT, _FLOAT, _HALF = ctypes.c_int32, ctypes.c_float, ctypes.c_uint16
_KINDS: Final = {
    "int8": _Kind(3, 10, 72, 1, 4, _INT(1), _INT(0)),
    "bfloat16": _Kind(14, 14, 68, 2, 2, _FLOAT(1), _FLOAT(0)),
    "float16": _Kind(2, 2, 64, 2, 2, _HALF(0x3C00), _HALF(0)),
    "float32": _Kind(0, 0, 68, 4, 4, _FLOAT(1), _FLOAT(0)),
}
"""As CTranslate2 asks: int8 adds in int32, bfloat16 in float32, float16 in float16."""
_BITS: Final = {1: 0x01FF02FE, 2: 0x3C003B80, 4: 0x3F8CCCCD}
"""What matrices are filled with, by the bytes of a value: small numbers, since zeros cost a card
less power and are multiplied faster than any model's weights."""


@dataclass(frozen=True, slots=True)
class CardLimits:
    """Rates of one card; None where a call failed.

    Attributes:
        copy_bytes_s: bytes a second of a copy within the card, read and written ones both counted.
        operations_s: multiplications and additions a second.
        side: rows and columns of the matrices that were multiplied, 0 when none were.
        reasons: which call failed, and with what.
    """

    copy_bytes_s: float | None
    operations_s: float | None
    side: int
    reasons: tuple[str, ...]


def measure(
    index: int,
    compute_type: str,
    *,
    open_driver: Callable[[], Any] = open_driver,
    open_cublas: Callable[[], Any] = open_cublas,
) -> CardLimits:
    """Measure card `index`; never raises: what fails is a reason.

    Args:
        index: which card, as CUDA counts.
        compute_type: of CTranslate2, such as `int8_float16`.
        open_driver: gives the driver's library, or None.
        open_cublas: gives CUDA's matrix library.
    """
    reasons: list[str] = []
    copied: float | None = None
    multiplied: float | None = None
    side = 0
    with ExitStack() as stack:
        try:
            driver = open_driver()
            if driver is None:
                return CardLimits(None, None, 0, ("there is no NVIDIA driver",))
            card = _Card(driver, stack, index)
            free = card.free_bytes() // _SHARE
        except DeviceError as error:
            return CardLimits(None, None, 0, (str(error),))
        try:
            copied = _copy_rate(card, free)
        except DeviceError as error:
            reasons.append(f"copy rate: {error}")
        try:
            kind = _kind(compute_type)
            side = next((s for s in _SIDES if _bytes(kind, s) <= free), 0)
            multiplied = _multiply_rate(card, open_cublas(), kind, side)
        except DeviceError as error:
            reasons.append(f"matrix rate: {error}")
    return CardLimits(copied, multiplied, side if multiplied else 0, tuple(reasons))


class _Card:
    """A card's primary context, current in this thread until the stack is closed."""

    def __init__(self, driver: Any, stack: ExitStack, index: int) -> None:
        self._driver = driver
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(device), index)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        stack.callback(_let_go, driver, "cuDevicePrimaryCtxRelease_v2", device)
        self.call("cuCtxPushCurrent_v2", context)
        popped = ctypes.byref(ctypes.c_void_p())
        stack.callback(_let_go, driver, "cuCtxPopCurrent_v2", popped)

    def call(self, name: str, *arguments: Any) -> None:
        """One call of the driver.

        Raises:
            DeviceError: it failed, or the driver has no such function.
        """
        _call(self._driver, name, *arguments)

    def free_bytes(self) -> int:
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def take(self, stack: ExitStack, size: int) -> ctypes.c_uint64:
        """Memory until the stack is closed."""
        pointer = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
        stack.callback(_let_go, self._driver, "cuMemFree_v2", pointer)
        return pointer

    def best_s(self, work: Callable[[], None]) -> float:
        """Seconds of the fastest of some runs on the default stream, by the card's own clock."""
        with ExitStack() as stack:
            events = []
            for _ in range(2):
                event = ctypes.c_void_p()
                self.call("cuEventCreate", ctypes.byref(event), 0)
                stack.callback(_let_go, self._driver, "cuEventDestroy_v2", event)
                events.append(event)
            start, end = events
            work()  # the first run loads kernels and wakes the clocks
            times = []
            for _ in range(_REPEATS):
                self.call("cuEventRecord", start, None)
                work()
                self.call("cuEventRecord", end, None)
                self.call("cuEventSynchronize", end)
                ms = ctypes.c_float()
                self.call("cuEventElapsedTime", ctypes.byref(ms), start, end)
                times.append(ms.value)
        if min(times) <= 0:
            raise DeviceError("the card's clock stood still")
        return min(times) / 1000


def _copy_rate(card: _Card, free: int) -> float:
    size = min(_LARGEST_COPY, free // 2)
    if size < _LEAST_COPY:
        raise DeviceError("too little memory is free; end other programs there")
    with ExitStack() as stack:
        source, target = (card.take(stack, size) for _ in range(2))
        card.call("cuMemsetD8_v2", source, ctypes.c_ubyte(1), ctypes.c_size_t(size))

        def copy() -> None:
            card.call("cuMemcpyDtoDAsync_v2", target, source, ctypes.c_size_t(size), None)

        return 2 * size / card.best_s(copy)


def _kind(compute_type: str) -> _Kind:
    kind = _KINDS.get("int8" if compute_type.startswith("int8") else compute_type)
    if kind is None:
        raise DeviceError(f"no measurement of {compute_type} is known")
    return kind


def _bytes(kind: _Kind, side: int) -> int:
    return side * side * (2 * kind.bytes_in + kind.bytes_out)


def _multiply_rate(card: _Card, cublas: Any, kind: _Kind, side: int) -> float:
    if not side:
        raise DeviceError("too little memory is free; end other programs there")
    with ExitStack() as stack:
        handle = ctypes.c_void_p()
        _call(cublas, "cublasCreate_v2", ctypes.byref(handle))
        stack.callback(_let_go, cublas, "cublasDestroy_v2", handle)
        a, b = (card.take(stack, side * side * kind.bytes_in) for _ in range(2))
        c = card.take(stack, side * side * kind.bytes_out)
        for matrix in (a, b):
            words = ctypes.c_size_t(side * side * kind.bytes_in // 4)
            card.call("cuMemsetD32_v2", matrix, ctypes.c_uint(_BITS[kind.bytes_in]), words)
        whole = ctypes.c_int(side)

        def multiply() -> None:
            _call(
                cublas,
                "cublasGemmEx",
                handle,
                ctypes.c_int(_TRANSPOSED),
                ctypes.c_int(_PLAIN),
                *(whole, whole, whole, ctypes.byref(kind.one)),
                *(_pointer(a), ctypes.c_int(kind.input), whole),
                *(_pointer(b), ctypes.c_int(kind.input), whole),
                ctypes.byref(kind.zero),
                *(_pointer(c), ctypes.c_int(kind.output), whole),
                ctypes.c_int(kind.compute),
                ctypes.c_int(_DEFAULT_ALGORITHM),
            )

        return 2 * side**3 / card.best_s(multiply)


def _call(library: Any, name: str, *arguments: Any) -> None:
    try:
        code = getattr(library, name)(*arguments)
    except AttributeError as error:
        raise DeviceError(f"there is no {name}; install driver 525 or newer") from error
    if code:
        raise DeviceError(f"{name} failed with error {code}; try `nvidia-smi`")


def _let_go(library: Any, name: str, *arguments: Any) -> None:
    """Give something back; what a broken card does not take is lost with the process."""
    with suppress(DeviceError):
        _call(library, name, *arguments)


def _pointer(address: ctypes.c_uint64) -> ctypes.c_void_p:
    return ctypes.c_void_p(address.value)
