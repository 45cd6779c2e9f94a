"""The manifest beside every converted model: what it is, where it came from, how to check it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from engine.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "midfill.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a converted model says of itself.

    Attributes:
        name: store name, such as `qwen2.5-coder-0.5b`.
        family: a name in `context.template.FAMILIES`.
        source: file name the weights came from.
        source_sha256: hash of that file.
        quantization: CTranslate2 quantization of the weights on disk.
        layers, kv_bytes_per_token: shape, and bytes of float32 state that one token needs on CPU
            (2 * layers * query heads * head size * 4: CTranslate2 replicates grouped heads).
        vocabulary: number of embedding rows.
        tools: versions of what made it.
        files: SHA-256 of every other file in the folder.
        sizes: bytes of the same files, for a check that costs no reading.
        format: version of this layout.
    """

    name: str
    family: str
    source: str
    source_sha256: str
    quantization: str
    layers: int
    kv_bytes_per_token: int
    vocabulary: int
    tools: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write `midfill.json` into `folder`."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"
        (folder / FILE_NAME).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of `folder`.

        Raises:
            ConversionError: it is missing, unreadable, or of another format.
        """
        path = folder / FILE_NAME
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if fields.get("format") != FORMAT:
                reason = f"format {fields.get('format')!r} where {FORMAT} is needed"
                raise ConversionError(f"{path}: {reason}; run `midfill models pull` again")
            return cls(**fields)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConversionError(
                f"{path}: not a readable manifest ({error}); run `midfill models pull` again"
            ) from error
