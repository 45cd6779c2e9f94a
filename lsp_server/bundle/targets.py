"""Target machines of a bundle, as pip tags and marker environments."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Final

from lsp_server.bundle.errors import BundleError

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
_NEWEST_GLIBC, _OLDEST_GLIBC = 28, 5


def _linux(machine: str) -> tuple[str, ...]:
    # pip takes these words as they are: a wheel for an older glibc fits only when it is named
    steps = range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)
    numbered = tuple(f"manylinux_2_{step}_{machine}" for step in steps)
    return (*numbered, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"linux_{machine}")


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system on a kind of processor.

    Attributes:
        tags: platform tags of the wheels that run there.
        markers: what `sys_platform`, `platform_system`, `os_name`, `platform_machine` are there.
    """

    tags: tuple[str, ...]
    markers: tuple[str, str, str, str]


PLATFORMS: Final = {
    "linux-x86_64": Platform(_linux("x86_64"), ("linux", "Linux", "posix", "x86_64")),
    "linux-aarch64": Platform(_linux("aarch64"), ("linux", "Linux", "posix", "aarch64")),
    "macos-arm64": Platform(("macosx_14_0_arm64",), ("darwin", "Darwin", "posix", "arm64")),
    "macos-x86_64": Platform(("macosx_14_0_x86_64",), ("darwin", "Darwin", "posix", "x86_64")),
    "windows-x86_64": Platform(("win_amd64",), ("win32", "Windows", "nt", "AMD64")),
}


@dataclass(frozen=True, slots=True)
class BundleTarget:
    """One platform with one Python, such as `linux-x86_64` and `3.12`."""

    platform: str
    python: str

    def __str__(self) -> str:
        return f"{self.platform}, Python {self.python}"

    @property
    def pip_options(self) -> list[str]:
        """The pip options that select wheels for the target instead of this machine."""
        tags = [word for tag in PLATFORMS[self.platform].tags for word in ("--platform", tag)]
        return [*tags, "--python-version", self.python, "--implementation", "cp"]

    @property
    def environment(self) -> dict[str, str]:
        """The environment for evaluating markers."""
        system, name, family, machine = PLATFORMS[self.platform].markers
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": family,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": name,
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": system,
        }


def this_platform() -> str:
    """The name of the machine that this runs on.

    Raises:
        BundleError: it has none; says which there are.
    """
    here = (sys.platform, platform.machine().lower())
    for name, known in PLATFORMS.items():
        if (known.markers[0], known.markers[3].lower()) == here:
            return name
    raise BundleError(f"this machine {here} is none of {', '.join(PLATFORMS)}; use --platform")


def this_python() -> str:
    """Version of the running Python, such as `3.12`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
