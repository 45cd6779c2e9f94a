"""The manifest of a converted model: what it is, its source, and its hashes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from engine.errors import ConversionError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "midfill.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a converted model says of itself.

    Attributes:
        name: store name, such as `qwen2.5-coder-0.5b`.
        family: a name in `context.prompt.families.FAMILIES`.
        source: file name the weights came from.
        source_sha256: hash of that file.
        quantization: CTranslate2 quantization of the weights on disk.
        layers, kv_bytes_per_token: shape, and bytes of float32 state that one token needs on CPU
            (2 * layers * query heads * head size * 4: CTranslate2 replicates grouped heads).
        vocabulary: number of embedding rows.
        projection: number of rows of the output projection: ids from there on are read but never
            written. 0 in manifests from before it was recorded: as many as embedding rows.
        context_length: most tokens of prompt and answer together; 0 where the source does not say,
            and in manifests from before it was recorded.
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
    projection: int = 0
    context_length: int = 0
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
            ConversionError: it is missing, damaged, or of another format.
            StoreError: this user may not read it.
        """
        path = folder / FILE_NAME
        try:
            text = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _damaged(path, error) from error
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; make it readable for this user") from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: bytes, path: object) -> Manifest:
        """Read a manifest's text; `path` names it in errors.

        Raises:
            ConversionError: it is no manifest, or of another format.
        """
        try:
            fields = json.loads(text)
            if fields.get("format") != FORMAT:
                reason = f"format {fields.get('format')!r} where {FORMAT} is needed"
                raise ConversionError(f"{path}: {reason}; run `midfill models pull` again")
            manifest = cls(**fields)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(path, error) from error
        for name, kind in get_type_hints(cls).items():
            value = getattr(manifest, name)
            if not _is(value, kind):
                raise _damaged(path, ValueError(f"{name} is {value!r:.80}"))
        return manifest


def _is(value: object, kind: Any) -> bool:
    """Whether a value has the type that an annotation promises; whole numbers are not negative."""
    outer, inner = get_origin(kind), get_args(kind)
    if outer is dict and isinstance(value, dict):
        return all(_is(key, inner[0]) and _is(item, inner[1]) for key, item in value.items())
    if outer in (list, tuple) and isinstance(value, list | tuple):
        return all(_is(item, inner[0]) for item in value)
    if outer in (UnionType, Union):
        return any(_is(value, one) for one in inner)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return outer is None and isinstance(value, kind)


def _damaged(path: object, error: Exception) -> ConversionError:
    return ConversionError(
        f"{path}: not a readable manifest ({error}); run `midfill models pull` again"
    )
