"""Cache for kernels that the driver compiles for cards newer than the library.

A wheel brings machine code for the chips of its day and PTX for later ones. The driver compiles PTX
when a kernel is first used, which takes seconds to minutes, and keeps the result in a cache. By
default that is shared by all programs and may be smaller than what a whole library needs, so that a
later start pays again; midfill's engine has one of its own that holds all of it.

Source: CUDA C++ Programming Guide, "CUDA Environment Variables".
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "cuda-cache"
MAX_BYTES: Final = 4 * 1024**3
"""The most that the driver accepts; its default is 256 MiB or 1 GiB."""

_DISABLE, _PATH, _SIZE = "CUDA_CACHE_DISABLE", "CUDA_CACHE_PATH", "CUDA_CACHE_MAXSIZE"


def variables(environ: Mapping[str, str], state: Path) -> dict[str, str]:
    """What to add to a process's environment before it loads the driver.

    What the user set wins, each variable by itself; one who switched the cache off gets none.

    Args:
        environ: the environment as it is.
        state: midfill's state folder.
    """
    if environ.get(_DISABLE, "0") not in {"", "0"}:
        return {}
    wanted = {_PATH: str(state / FOLDER), _SIZE: str(MAX_BYTES)}
    return {name: value for name, value in wanted.items() if not environ.get(name)}


def make_folder(environ: Mapping[str, str], state: Path) -> None:
    """Make midfill's own folder, where it is the one in use; without it nothing is remembered."""
    if environ.get(_PATH) == str(state / FOLDER):
        with contextlib.suppress(OSError):
            Path(environ[_PATH]).mkdir(parents=True, exist_ok=True, mode=0o700)
