"""The wheels of midfill and its dependencies, for each target, with their metadata.

pip brings what the lock pins; what midfill does not need at run time (the lock also has what builds
it) is left out again. So what stays is complete: every requirement of every wheel is checked.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from engine.errors import SourceError
from engine.models.hashing import sha256_of
from engine.models.sources.package_index import call_pip
from lsp_server.bundle.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lsp_server.bundle.lock import Pin
    from lsp_server.bundle.targets import BundleTarget

ROOT = "midfill"
_LARGEST_TEXT = 1 << 20
_LICENCE_WORDS = ("licen", "copying", "notice", "copyright", "authors")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on disk.

    Attributes:
        path: the file.
        name, version: canonical.
        sha256: hash of the file.
        licence: what its metadata say: an SPDX expression where it has one, else words.
        is_spdx: whether `licence` is an SPDX expression.
        requires: its requirements, of all extras.
    """

    path: Path
    name: str
    version: str
    sha256: str
    licence: str
    is_spdx: bool
    requires: tuple[Requirement, ...] = field(default=())

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def build_own(source: Path, folder: Path) -> Wheel:
    """Build midfill's wheel from a checkout, with the hatchling of this environment, offline.

    Raises:
        BundleError: it cannot be built; has the builder's last words.
    """
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        words, cwd=source, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    made = sorted(folder.glob(f"{ROOT}-*.whl"))
    if done.returncode or len(made) != 1:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["no output"]
        raise BundleError(
            f"midfill's own wheel could not be built ({last[0]}); `pip install hatchling` first"
        )
    return read(made[0])


def bring(pins: list[Pin], target: BundleTarget, folder: Path) -> list[Wheel]:
    """Download the locked packages for a target, with pip and the user's pip configuration.

    Args:
        pins: the lock.
        target: whose wheels.
        folder: an existing empty folder.

    Raises:
        BundleError: pip could not; has its words.
    """
    needed = [pin for pin in pins if pin.is_for(target)]
    wanted = folder / "requirements.txt"
    lines = (f"{pin.name}=={pin.version}{_hashes(pin)}\n" for pin in needed)
    wanted.write_text("".join(lines), encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", *target.pip_options]
    try:
        call_pip(
            ["download", *options, "--dest", str(folder), "-r", str(wanted)], folder, str(target)
        )
    except SourceError as error:
        raise BundleError(
            f"{error}; the package may have no wheel for this target: choose another "
            "--platform or --python, or see pip's configuration"
        ) from error
    wanted.unlink()
    return [read(path) for path in sorted(folder.glob("*.whl"))]


def _hashes(pin: Pin) -> str:
    return "".join(f" --hash=sha256:{digest}" for digest in sorted(pin.hashes))


def closure(own: Wheel, wheels: list[Wheel], target: BundleTarget) -> list[Wheel]:
    """Midfill and all its dependencies on a target.

    Raises:
        BundleError: something that is needed is not there, or in a version that does not fit.
    """
    there = {wheel.name: wheel for wheel in (own, *wheels)}
    reached: dict[str, Wheel] = {}
    seen: set[tuple[str, str]] = set()
    left: list[tuple[str, str]] = [(own.name, "")]
    while left:
        step = left.pop()
        if step in seen:
            continue
        seen.add(step)
        name, extra = step
        wheel = reached[name] = there[name]
        for requirement in _needed(wheel, extra, target):
            needed = canonicalize_name(requirement.name)
            found = there.get(needed)
            if found is None or not requirement.specifier.contains(found.version, prereleases=True):
                has = f"the lock has {found.version}" if found else "the lock has none"
                raise BundleError(
                    f"{wheel.name} needs {requirement} on {target}, and {has}; run `make lock`"
                )
            left += [(needed, ""), *((needed, word) for word in requirement.extras)]
    return [reached[name] for name in sorted(reached)]


def _needed(wheel: Wheel, extra: str, target: BundleTarget) -> Iterator[Requirement]:
    for requirement in wheel.requires:
        marker = requirement.marker
        if marker is None or marker.evaluate({**target.environment, "extra": extra}):
            yield requirement


def needs(wheel: Wheel, names: frozenset[str]) -> list[str]:
    """Which of these packages a wheel requires, on any target and with any extra."""
    asked = {str(canonicalize_name(requirement.name)) for requirement in wheel.requires}
    return sorted(asked & names)


def read(path: Path) -> Wheel:
    """The metadata of a wheel.

    Raises:
        BundleError: it is no wheel, or damaged.
    """
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            (inside,) = [
                member
                for member in archive.namelist()
                if member.endswith(".dist-info/METADATA") and member.count("/") == 1
            ]
            fields, _ = parse_email(archive.read(inside))
        requires = tuple(Requirement(words) for words in fields.get("requires_dist", ()))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path.name} is no readable wheel ({error})") from error
    expression = fields.get("license_expression", "")
    classified = [
        line.rpartition(" :: ")[2]
        for line in fields.get("classifiers", ())
        if line.startswith("License :: ")
    ]
    plain = fields.get("license", "").strip().partition("\n")[0]
    licence = expression or ", ".join(classified) or plain or "see its files"
    return Wheel(path, name, str(version), sha256_of(path), licence, bool(expression), requires)


def licence_files(wheel: Wheel) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the licence files in a wheel."""
    with zipfile.ZipFile(wheel.path) as archive:
        for member in archive.infolist():
            place = PurePosixPath(member.filename)
            inside = place.parts[0].endswith(".dist-info") and not member.is_dir()
            words = place.name.lower()
            if inside and any(word in words for word in _LICENCE_WORDS):
                with archive.open(member) as stream:
                    yield "-".join(place.parts[1:]), stream.read(_LARGEST_TEXT)
