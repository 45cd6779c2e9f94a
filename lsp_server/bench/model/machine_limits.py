"""Peak rates of this machine, measured in the same run as the model.

A CPU reads and copies a buffer of a gibibyte, or of twice its cache where that is more, with as
many threads as the engine uses. Its matrix rate is CTranslate2's own on matrices larger than any
model's here: nothing else at hand multiplies int8. So it is the library's ceiling and not the
chip's, and a share of it says what smaller matrices, attention and the rest take away. A card is
asked by `lsp_server.bench.model.card_limits`.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine import memory
from engine.device.placement import CPU
from engine.models.architectures.decoder import DecoderShape
from lsp_server.bench.engines import random_model
from lsp_server.bench.model import card_limits
from lsp_server.bench.model.roofline import MachineLimits
from lsp_server.bench.model.sizes import read_sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.device.placement import Placement

PROBE: Final = DecoderShape(layers=2, heads=16, kv_heads=16, width=2048, inner=8192, vocabulary=400)
BUFFER_BYTES: Final = 1 << 30
_TOKENS, _REPEATS = 512, 5
_PART: Final = 6
"""Of the available memory, each of the two buffers takes at most this part."""


def measure(place: Placement, threads: int, scratch: Path) -> MachineLimits:
    """Limits of the device of `place` in its compute type.

    Args:
        place: device and compute type.
        threads: of the engine; 0 as the engine does.
        scratch: a folder for a model of some 130 MB, on a CPU alone.
    """
    if place.device != CPU:
        return _of_card(place)
    count = memory.physical_threads(threads)
    size = _buffer_bytes()
    read, copied = bandwidths(size, count)
    memory.give_back()  # the engine told the allocator to keep large blocks
    best = f"best of {_REPEATS}"
    memory_how = f"memory: {size / 2**30:.2f} GiB read and copied by {count} threads, {best}"
    matrix_how = (
        f"matrices: CTranslate2 in {place.compute_type} on {_TOKENS} tokens and matrices of "
        f"{PROBE.width} x {PROBE.inner}, {best}"
    )
    return MachineLimits(read, copied, matrix_rate(place, count, scratch), (memory_how, matrix_how))


def _of_card(place: Placement) -> MachineLimits:
    found = card_limits.measure(place.index, place.compute_type)
    how = ["memory: a copy within the card, timed by its events"] if found.copy_bytes_s else []
    if found.operations_s:
        how.append(f"matrices: cublasGemmEx, {found.side} x {found.side}, {place.compute_type}")
    # a card's reads have no other measure without a kernel of our own; what a copy moves is close
    copied = found.copy_bytes_s or math.nan
    return MachineLimits(copied, copied, found.operations_s or math.nan, tuple(how), found.reasons)


def bandwidths(size: int, threads: int) -> tuple[float, float]:
    """Bytes a second read, and moved by a copy (read and written), of a buffer of `size` bytes."""
    source = np.ones(size // 8, np.int64)
    target = np.zeros_like(source)
    edges = [len(source) * part // threads for part in range(threads + 1)]
    parts = [slice(start, end) for start, end in pairwise(edges)]

    def read(part: slice) -> None:
        np.add.reduce(source[part])

    def copy(part: slice) -> None:
        np.copyto(target[part], source[part])

    with ThreadPoolExecutor(threads) as pool:
        read_s = _best_s(lambda: list(pool.map(read, parts)))
        copy_s = _best_s(lambda: list(pool.map(copy, parts)))
    return source.nbytes / read_s, 2 * source.nbytes / copy_s


def matrix_rate(place: Placement, threads: int, scratch: Path) -> float:
    """Operations a second of CTranslate2 on a model of few and large matrices."""
    import ctranslate2

    folder = scratch / "probe"
    if not folder.exists():
        folder.mkdir()
        random_model.write_shape("probe", PROBE, folder)
    generator = ctranslate2.Generator(
        str(folder), compute_type=place.compute_type, inter_threads=1, intra_threads=threads
    )
    rows = [["e"] * _TOKENS]
    seconds = _best_s(lambda: np.asarray(generator.forward_batch(rows)))
    return 2 * _TOKENS * read_sizes(folder).values / seconds


def _best_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS + 1):  # the first pays for fresh memory
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _buffer_bytes() -> int:
    size = max(BUFFER_BYTES, 2 * _cache_bytes())
    return min(size, memory.available_bytes() // _PART)


def _cache_bytes() -> int:
    """The largest cache that Linux tells of, 0 elsewhere."""
    sizes = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    units = {"K": 1 << 10, "M": 1 << 20}
    found = [path.read_text(encoding="ascii").strip() for path in sizes]
    return max([0, *(int(text[:-1]) * units.get(text[-1], 0) for text in found if text[:-1])])
