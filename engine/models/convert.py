"""From a GGUF file to a folder that CTranslate2 loads, with its tokenizer and manifest.

Only this module and those it imports need numpy, gguf and the specifications of CTranslate2; it
is imported while a model is pulled and never by the server.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from context.template import FAMILIES
from engine.models import gguf_tokenizer, qwen2
from engine.models.gguf_file import GgufFile
from engine.models.hashing import sha256_of
from engine.models.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.progress import Progress

ARCHITECTURES = {"qwen2": qwen2}
TOOLS = ("midfill", "ctranslate2", "gguf", "numpy", "tokenizers")
TOKENIZER_NAME = "tokenizer.json"
QUANTIZATION = "int8"


def convert_gguf(
    path: Path,
    folder: Path,
    *,
    name: str,
    family: str,
    source: str,
    source_sha256: str,
    progress: Progress,
) -> Manifest:
    """Convert a GGUF file to CTranslate2 in int8.

    Peak memory is the int8 model, one slice of a tensor, and what the system keeps of the file.

    Args:
        path: the GGUF file.
        folder: an existing empty folder, filled with `model.bin`, `config.json`,
            `vocabulary.json`, `tokenizer.json` and the manifest.
        name: name of the model in the store.
        family: name of its prompt family.
        source: usual name of the file, for the manifest.
        source_sha256: hash of the file, for the manifest.
        progress: told about layers.

    Returns:
        The manifest that was written.

    Raises:
        ConversionError: the file is damaged or not supported; `folder` may be partly filled.
        OSError: `folder` cannot be written.
    """
    file = GgufFile(path)
    loader = ARCHITECTURES.get(file.architecture)
    if loader is None:
        known = ", ".join(ARCHITECTURES)
        raise file.error(f"architecture {file.architecture!r} is not supported (only {known})")
    shape = loader.read_shape(file)
    tokenizer, tokens = gguf_tokenizer.build(file)
    if len(tokens) != shape.vocabulary:
        raise file.error(
            f"its tokenizer has {len(tokens)} tokens for {shape.vocabulary} embedding rows"
        )
    stops = FAMILIES[family].stops
    missing = sorted(FAMILIES[family].control_tokens.difference(tokens))
    if missing:
        raise file.error(f"not of family {family}: no token {', '.join(missing)}")

    spec = loader.load(file, shape, progress)
    unread = file.unread()
    if unread:
        raise file.error(f"tensor {unread[0]} has no place in a {file.architecture} model")
    spec.register_vocabulary(tokens)
    # the engine names its end tokens at every call; these are for other users of the folder
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = stops[0]
    spec.validate()
    spec.optimize()  # writes tied matrices once; the weights are int8 already
    spec.save(str(folder))
    tokenizer.save(str(folder / TOKENIZER_NAME), pretty=False)

    written = sorted(folder.iterdir())
    manifest = Manifest(
        name=name,
        family=family,
        source=source,
        source_sha256=source_sha256,
        quantization=QUANTIZATION,
        layers=shape.layers,
        kv_bytes_per_token=shape.kv_bytes_per_token,
        vocabulary=shape.vocabulary,
        tools={tool: version(tool) for tool in TOOLS},
        files={item.name: sha256_of(item) for item in written},
        sizes={item.name: item.stat().st_size for item in written},
    )
    manifest.write(folder)
    return manifest
