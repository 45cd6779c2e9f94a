"""A folder from CTranslate2's own converter: inspected, checked and copied."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from tokenizers import Tokenizer

from context.prompt.families import FAMILIES
from engine.errors import ConversionError
from engine.models.formats.vocabulary import About, Vocabulary
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from context.prompt.families import Family

    Variable = tuple[str, tuple[int, ...], int]

MODEL = "model.bin"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
VOCABULARY = "vocabulary.json"
_FILES = (MODEL, CONFIG, TOKENIZER, VOCABULARY)
_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
_PROJECTION = "decoder/projection/weight"
_POSITIONS = "decoder/position_encodings/encodings"
_BINARY_VERSION = 6
_SPECIFICATION = "TransformerDecoderSpec"
_MOST_DIMENSIONS = 4


def is_one(path: Path) -> bool:
    """Whether the folder holds a model in CTranslate2's form."""
    return (path / MODEL).is_file()


def copy(path: Path, folder: Path, family: str | None) -> About:
    """Check the model in `path` and copy it.

    Args:
        path: a folder with `model.bin`, `config.json`, `vocabulary.json` and `tokenizer.json`.
        folder: an existing empty folder.
        family: name of its prompt family; there is nothing to guess it from.

    Raises:
        ConversionError: something is missing, damaged, or of another kind; nothing was written.
        OSError: `folder` cannot be written.
    """
    for name in _FILES:
        if not (path / name).is_file():
            raise _error(path, f"it has no {name}")
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        said = "does not say its prompt family" if family is None else f"has no family {family!r}"
        raise _error(path, f"a CTranslate2 folder {said}; name it with --family, one of: {known}")
    about = describe(path, FAMILIES[family])
    for name in _FILES:
        shutil.copyfile(path / name, folder / name)
    return replace(about, context_length=about.context_length or _told(path))


def _told(path: Path) -> int:
    """The context length that midfill noted when it made the folder; 0 where it did not."""
    try:
        return Manifest.read(path).context_length
    except ConversionError:
        return 0


def describe(path: Path, family: Family, quantization: str = "") -> About:
    """What a manifest says of the model in `path`, with all its files checked against each other.

    Args:
        path: a folder in CTranslate2's form with a tokenizer.
        family: its prompt family.
        quantization: of the weights; "" is the type that most of them have.

    Raises:
        ConversionError: a file is damaged, or they do not fit together.
    """
    variables = _variables(path)
    try:
        tokens = json.loads((path / VOCABULARY).read_bytes())
        found = Vocabulary.of(Tokenizer.from_file(str(path / TOKENIZER))).tokens
        kind, (rows, width), _ = variables["decoder/embeddings/weight"]
        _, _, heads = variables["decoder/num_heads"]
        _expect("rows of embeddings", rows, len(tokens))
        # what has no matrix of its own is the embeddings under another name
        projection = variables.get(_PROJECTION, ("", (rows, width), 0))[1][0]
        _expect("few rows of the projection", projection <= rows, wanted=True)
        learned = variables.get(_POSITIONS, ("", (0,), 0))[1][0]
        head = variables.get("decoder/layer_0/self_attention/head_dim", ("", (), width // heads))[2]
    # `tokenizers` raises plain Exception for every kind of bad file
    except Exception as error:
        raise _error(path, f"its files do not fit together ({error})") from error
    missing = sorted(family.required.difference(found))
    if missing:
        raise _error(path, f"not of family {family.name}: no token {', '.join(missing)}")
    if len(found) > rows or found != tokens[: len(found)]:
        raise _error(path, f"{TOKENIZER} and {VOCABULARY} number their tokens differently")
    layers = sum(name.endswith("/self_attention/linear_0/weight") for name in variables)
    weight = 2 * layers * heads * head * 4
    return About(family.name, quantization or kind, layers, weight, rows, projection, learned)


def _variables(path: Path) -> dict[str, Variable]:
    """Type, shape and, for a single whole number, value of everything in `model.bin`."""
    file = path / MODEL
    size = file.stat().st_size
    found = {}
    try:
        with file.open("rb") as stream:
            _expect("version", _number(stream, "<I"), _BINARY_VERSION)
            _expect("specification", _string(stream), _SPECIFICATION)
            _number(stream, "<I")
            for _ in range(_number(stream, "<I")):
                name = _string(stream)
                dimensions = _number(stream, "<B")
                _expect(f"few dimensions of {name}", dimensions <= _MOST_DIMENSIONS, wanted=True)
                shape = tuple(_number(stream, "<I") for _ in range(dimensions))
                kind = _TYPES[_number(stream, "<B")]
                bytes_here = _number(stream, "<I")
                start = stream.tell()
                _expect(f"whole of {name}", start + bytes_here <= size, wanted=True)
                single = not shape and kind.startswith("int")
                value = int.from_bytes(stream.read(bytes_here), "little") if single else 0
                stream.seek(start + bytes_here)
                found[name] = (kind, shape, value)
    except (ValueError, IndexError, struct.error) as error:
        raise _error(path, f"{MODEL} is damaged or of another kind ({error})") from error
    return found


def _expect(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise ValueError(f"{what} {found!r} where {wanted!r} is needed")


def _number(stream: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(form, stream.read(struct.calcsize(form)))
    return int(value)


def _string(stream: BinaryIO) -> str:
    return stream.read(_number(stream, "<H")).rstrip(b"\0").decode()


def _error(path: Path, reason: str) -> ConversionError:
    return ConversionError(f"{path}: {reason}; convert the model again, or give its original files")
