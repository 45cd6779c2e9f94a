"""Convert a model from any format to a folder that CTranslate2 loads.

Only this module and those it imports need numpy, gguf and the specifications of CTranslate2; it
is imported while a model is pulled or added and never by the server.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from engine.errors import ConversionError
from engine.models.architectures.decoder import Rows, build, refuse_unapplied
from engine.models.architectures.gemma import gemma
from engine.models.architectures.gpt_bigcode import gpt_bigcode
from engine.models.architectures.llama import llama
from engine.models.architectures.quantize import QUANTIZATIONS
from engine.models.architectures.qwen2 import qwen2, qwen3
from engine.models.architectures.starcoder2 import starcoder2
from engine.models.convert import trim
from engine.models.formats import gguf_tokenizer
from engine.models.formats.gguf_file import GgufFile
from engine.models.formats.parts import refuse_fragment, siblings
from engine.models.formats.vocabulary import About, choose_family, fit
from engine.models.hashing import sha256_of
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.models.architectures.decoder import Design
    from engine.models.formats.vocabulary import Vocabulary
    from engine.models.formats.weights import WeightSource
    from engine.models.progress import Progress

ARCHITECTURES: Final[dict[str, Callable[[WeightSource], Design]]] = {
    "gemma": gemma,
    "llama": llama,
    "qwen2": qwen2,
    "qwen3": qwen3,
    "starcoder": gpt_bigcode,
    "starcoder2": starcoder2,
}
TOOLS = ("midfill", "ctranslate2", "gguf", "numpy", "tokenizers", "transformers")
TOKENIZER_NAME = "tokenizer.json"
QUANTIZATION = "int8"
_HASHED = frozenset({".bin", ".json", ".safetensors", ".model", ".txt"})
"""Endings of the files of a folder that make the model what it is."""


def convert(
    path: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    progress: Progress,
    family: str | None = None,
    quantization: str = QUANTIZATION,
) -> Manifest:
    """Convert whatever the user has: a GGUF file, a Hugging Face folder, a CTranslate2 folder.

    Args:
        path: the file or folder.
        folder: an existing empty folder, filled with the model and its manifest.
        name: name of the model in the store.
        source: where it came from, for the manifest.
        progress: told about layers.
        family: name of its prompt family, None to guess it and have the vocabulary confirm it.
        quantization: `int8`, `float16` or `float32`; a CTranslate2 folder keeps its own.

    Returns:
        The manifest that was written.

    Raises:
        ConversionError: the source is damaged or not supported; `folder` may be partly filled.
        OSError: `folder` cannot be written.
    """
    if not path.is_dir():
        files = [path.with_name(name) for name in siblings(path.name)]
        source_sha256 = hash_of([file for file in files if file.is_file()], progress)
        return convert_gguf(
            path,
            folder,
            name=name,
            family=family,
            source=source,
            source_sha256=source_sha256,
            progress=progress,
            quantization=quantization,
        )
    from engine.models.formats import ct2_folder

    files = [item for item in sorted(path.iterdir()) if item.suffix in _HASHED and item.is_file()]
    for item in files:
        refuse_fragment(item)
    if ct2_folder.is_one(path):
        about = ct2_folder.copy(path, folder, family)
    else:
        about = _convert_folder(path, folder, family, quantization, progress)
    return _finish(about, folder, name=name, source=source, source_sha256=hash_of(files, progress))


def convert_gguf(
    path: Path,
    folder: Path,
    *,
    name: str,
    family: str | None,
    source: str,
    source_sha256: str,
    progress: Progress,
    quantization: str = QUANTIZATION,
    projection: int = 0,
) -> Manifest:
    """Convert a GGUF file to CTranslate2.

    Peak memory is the converted model, one slice of a tensor, and what the system keeps of the
    file.

    Args:
        path: the GGUF file.
        folder: an existing empty folder, filled with `model.bin`, `config.json`,
            `vocabulary.json`, `tokenizer.json` and the manifest.
        name: name of the model in the store.
        family: name of its prompt family, None to guess.
        source: usual name of the file, for the manifest.
        source_sha256: hash of the file, for the manifest.
        progress: told about layers.
        quantization: `int8`, `float16` or `float32`.
        projection: rows of the output projection to keep (`engine.models.convert.trim`), 0: all.

    Returns:
        The manifest that was written.

    Raises:
        ConversionError: the file is damaged or not supported; `folder` may be partly filled.
        OSError: `folder` cannot be written.
    """
    file = GgufFile(path)
    design = _design(file)
    vocabulary = gguf_tokenizer.build(file)
    about = _write(
        file, design, vocabulary, folder, family, quantization, progress, projection=projection
    )
    return _finish(about, folder, name=name, source=source, source_sha256=source_sha256)


def _convert_folder(
    path: Path, folder: Path, family: str | None, quantization: str, progress: Progress
) -> About:
    # transformers takes seconds to import
    from engine.models.formats import hf_tokenizer
    from engine.models.formats.hf_folder import HfFolder

    source = HfFolder(path)
    vocabulary = hf_tokenizer.build(source)
    if source.architecture not in ARCHITECTURES:
        from engine.models.convert import stock_converter

        return stock_converter.convert(source, vocabulary, folder, family, quantization)
    design = _design(source)
    return _write(source, design, vocabulary, folder, family, quantization, progress)


def hash_of(files: list[Path], progress: Progress) -> str:
    """The SHA-256 of a file, or one of several by name and content; "" of none."""
    sizes = [file.stat().st_size for file in files]
    progress.start("reading", sum(sizes), "bytes")
    hashes, before = [], 0
    for file, size in zip(files, sizes, strict=True):
        hashes.append(sha256_of(file, partial(_tell, progress, before)))
        before += size
    if len(files) <= 1:
        return "".join(hashes)
    lines = [f"{digest}  {file.name}\n" for digest, file in zip(hashes, files, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _tell(progress: Progress, before: int, done: int) -> None:
    progress.at(before + done)


def _design(source: WeightSource) -> Design:
    loader = ARCHITECTURES.get(source.architecture)
    if loader is None:
        known = ", ".join(ARCHITECTURES)
        raise source.error(f"architecture {source.architecture!r} is not supported (only {known})")
    design = loader(source)
    refuse_unapplied(source, design)
    return design


def _write(
    source: WeightSource,
    design: Design,
    vocabulary: Vocabulary,
    folder: Path,
    family: str | None,
    quantization: str,
    progress: Progress,
    *,
    projection: int = 0,
) -> About:
    """Fill `folder` with everything but the manifest."""
    if quantization not in QUANTIZATIONS:
        known = ", ".join(QUANTIZATIONS)
        raise ConversionError(f"no quantization is called {quantization!r}; there are: {known}")
    # what can be wrong at no cost comes first
    chosen = choose_family(source, vocabulary.tokens, family)
    tokens = fit(source, vocabulary, design.shape.vocabulary, chosen)
    rows = Rows.first(len(tokens))
    if 0 < projection < len(tokens):
        rows = Rows(
            trim.order(len(tokens), trim.needed(source, vocabulary), projection), projection
        )
        vocabulary = trim.reorder(vocabulary, rows.order)
    spec = build(source, design, rows, quantization, progress)
    spec.register_vocabulary(vocabulary.tokens)
    # the engine names its end tokens at every call; these are for other users of the folder
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = chosen.stops[0]
    spec.validate()
    # writes tied matrices once; in int8 the weights are that already and the rest stays float32
    spec.optimize(None if quantization == "int8" else quantization)
    spec.save(str(folder))
    vocabulary.tokenizer.save(str(folder / TOKENIZER_NAME), pretty=False)
    shape = design.shape
    return About(
        chosen.name,
        quantization,
        shape.layers,
        shape.kv_bytes_per_token,
        len(tokens),
        rows.projection,
        shape.context_length,
    )


def _finish(about: About, folder: Path, *, name: str, source: str, source_sha256: str) -> Manifest:
    """Write the manifest of what is in `folder`."""
    written = sorted(folder.iterdir())
    manifest = Manifest(
        name=name,
        family=about.family,
        source=source,
        source_sha256=source_sha256,
        quantization=about.quantization,
        layers=about.layers,
        kv_bytes_per_token=about.kv_bytes_per_token,
        vocabulary=about.vocabulary,
        projection=about.projection,
        context_length=about.context_length,
        tools={tool: found for tool in TOOLS if (found := _version(tool))},
        files={item.name: sha256_of(item) for item in written},
        sizes={item.name: item.stat().st_size for item in written},
    )
    manifest.write(folder)
    return manifest


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return ""
