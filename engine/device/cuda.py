"""Cards as the driver reports them, and the CUDA library. The only module that opens them.

Cards are counted as CUDA counts them (`CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER` included), by
the driver's own library; their memory comes from NVML, which needs no context on the card, so
looking costs a card nothing. A card is the same in both by its UUID.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import sys
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterator

CUBLAS_PACKAGE: Final = "nvidia-cublas-cu12"
CUBLAS_MAJOR: Final = 12
_OTHER_MAJORS = (13, 11)
_MAJOR, _MINOR, _MODE = 75, 76, 20  # CUdevice_attribute
_NO_DEVICE, _DRIVER_TOO_OLD = (100, 101), (35, 803, 804)


class Mode(StrEnum):
    """Who may use a card (`nvidia-smi --compute-mode`)."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"  # one process at a time
    PROHIBITED = "prohibited"  # none


@dataclass(frozen=True, slots=True)
class GpuCard:
    """One card as CUDA sees it.

    Attributes:
        index: what `cuda:N` means in this process.
        name: as NVIDIA calls it.
        capability: compute capability, such as (9, 0).
        total_bytes, free_bytes: memory, and what other programs leave of it.
        mode: who may use it.
        driver: version of the driver, "" when NVML does not say.
        cuda: the newest CUDA that the driver runs, such as (12, 4).
    """

    index: int
    name: str
    capability: tuple[int, int]
    total_bytes: int
    free_bytes: int
    mode: Mode = Mode.SHARED
    driver: str = ""
    cuda: tuple[int, int] = (12, 0)


class Cuda(Protocol):
    """The device layer; tests have one without a driver."""

    def cards(self) -> tuple[GpuCard, ...]:
        """All cards that this process may use, () when there is no driver or no card.

        Raises:
            DeviceError: there is a driver, and it refuses.
        """
        ...

    def load_cublas(self) -> None:
        """Make CUDA's matrix library known to the process.

        Raises:
            DeviceError: it is not there, or only in another major version; says what to install.
        """
        ...

    def compute_types(self, index: int) -> frozenset[str]:
        """Compute types that CTranslate2 offers on a card.

        Raises:
            DeviceError: it cannot use the card.
        """
        ...


class NvidiaCuda:
    """The real one."""

    def cards(self) -> tuple[GpuCard, ...]:
        """Ask the driver, and NVML for memory."""
        driver = open_driver()
        if driver is None:
            return ()
        code = driver.cuInit(0)
        if code in _NO_DEVICE:
            return ()
        if code in _DRIVER_TOO_OLD:
            raise DeviceError("the NVIDIA driver is too old for CUDA 12; install 525 or newer")
        if code:
            raise DeviceError(f"the NVIDIA driver refused (CUDA error {code}); try `nvidia-smi`")
        count = ctypes.c_int()
        if driver.cuDeviceGetCount(ctypes.byref(count)):
            return ()
        with _nvml() as nvml:
            return tuple(_card(driver, nvml, index) for index in range(count.value))

    def load_cublas(self) -> None:
        """Load by path from the environment, else by name from the system."""
        for name in _cublas_names(CUBLAS_MAJOR):
            if _open(str(_packaged() / name)) is None and _open(name) is None:
                raise DeviceError(_missing(name))

    def compute_types(self, index: int) -> frozenset[str]:
        """Ask CTranslate2."""
        import ctranslate2

        try:
            return frozenset(ctranslate2.get_supported_compute_types("cuda", index))
        except (RuntimeError, ValueError) as error:
            raise DeviceError(f"cuda:{index} cannot be used: {error}") from error


def open_driver() -> Any:
    """The driver's own library, None where there is none."""
    return _open("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def open_cublas() -> Any:
    """CUDA's matrix library.

    Raises:
        DeviceError: it is not there; says what to install.
    """
    NvidiaCuda().load_cublas()
    name = _cublas_names(CUBLAS_MAJOR)[1]
    return _open(str(_packaged() / name)) or _open(name)


def _card(driver: Any, nvml: Any, index: int) -> GpuCard:
    device, name = ctypes.c_int(), ctypes.create_string_buffer(100)
    identity = (ctypes.c_ubyte * 16)()
    total, version = ctypes.c_size_t(), ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), index)
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(total), device)
    driver.cuDriverGetVersion(ctypes.byref(version))
    driver.cuDeviceGetUuid(ctypes.byref(identity), device)

    def attribute(which: int) -> int:
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), which, device)
        return value.value

    free, driver_version = total.value // 2, ""  # a guess, where NVML does not know the card
    if nvml is not None:
        with contextlib.suppress(nvml.NVMLError):
            handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid.UUID(bytes=bytes(identity))}")
            free = int(nvml.nvmlDeviceGetMemoryInfo(handle).free)
            driver_version = str(nvml.nvmlSystemGetDriverVersion())
    modes = {2: Mode.PROHIBITED, 1: Mode.EXCLUSIVE, 3: Mode.EXCLUSIVE}
    return GpuCard(
        index=index,
        name=name.value.decode(errors="replace"),
        capability=(attribute(_MAJOR), attribute(_MINOR)),
        total_bytes=total.value,
        free_bytes=free,
        mode=modes.get(attribute(_MODE), Mode.SHARED),
        driver=driver_version,
        cuda=(version.value // 1000, version.value % 1000 // 10),
    )


@contextlib.contextmanager
def _nvml() -> Iterator[Any]:
    """NVML while it is needed, None where it is not there."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _open(name: str) -> Any:
    try:
        # global, so that CTranslate2's own dlopen of the bare name finds what is loaded already
        return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return None


def _packaged() -> Path:
    """The folder of the Python package's library, where it would be."""
    try:
        spec = importlib.util.find_spec("nvidia.cublas")
    except ModuleNotFoundError:
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = "bin" if sys.platform == "win32" else "lib"
    return Path(places[0]) / folder if places else Path(folder)


def _cublas_names(major: int) -> tuple[str, str]:
    """File names, in the order in which they must be loaded."""
    if sys.platform == "win32":
        return f"cublasLt64_{major}.dll", f"cublas64_{major}.dll"
    return f"libcublasLt.so.{major}", f"libcublas.so.{major}"


def _missing(name: str) -> str:
    others = [major for major in _OTHER_MAJORS if _open(_cublas_names(major)[1]) is not None]
    found = f" (version {others[0]} is there, and is no substitute)" if others else ""
    return f"{name} is missing{found}; `pip install {CUBLAS_PACKAGE}` into midfill's environment"
