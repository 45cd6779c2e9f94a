"""The lock file: version, markers and hashes of every package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lsp_server.bundle.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lsp_server.bundle.targets import BundleTarget


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of the lock.

    Attributes:
        name: canonical name of the package.
        version: the only one that is taken.
        marker: where it is needed, "" for everywhere.
        hashes: SHA-256 of the files that may be it.
    """

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    def is_for(self, target: BundleTarget) -> bool:
        """Whether a target needs it."""
        marker = Requirement(f"{self.name} ; {self.marker}").marker if self.marker else None
        return marker is None or marker.evaluate(target.environment)

    def line(self, hashes: Iterable[str]) -> str:
        """A pip requirement that only these files satisfy."""
        marker = f" ; {self.marker}" if self.marker else ""
        rest = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(hashes))
        return f"{self.name}=={self.version}{marker}{rest}\n"


def read(path: Path) -> list[Pin]:
    """Read a lock as `make lock` writes it.

    Raises:
        BundleError: it cannot be read, or a line is not a pin with hashes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; run it in a checkout of midfill") from error
    lines = text.replace("\\\n", " ").splitlines()
    return [_pin(line, path) for line in lines if line.strip() and not line.startswith("#")]


def _pin(line: str, path: Path) -> Pin:
    words, *hashes = line.split("--hash=sha256:")
    try:
        requirement = Requirement(words.strip())
    except InvalidRequirement as error:
        raise BundleError(
            f"{path}: {words.strip()!r} is no requirement; run `make lock`"
        ) from error
    (specifier, *others) = [*requirement.specifier] or [None]
    if specifier is None or others or specifier.operator != "==" or not hashes:
        raise BundleError(f"{path}: {words.strip()!r} is no pin with hashes; run `make lock`")
    return Pin(
        canonicalize_name(requirement.name),
        specifier.version,
        str(requirement.marker or ""),
        frozenset(digest.strip() for digest in hashes),
    )
