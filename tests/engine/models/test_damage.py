"""Damaged and hostile sources: one kind of error that names the file, and nothing else happens."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ConversionError
from engine.models.convert.convert import convert
from engine.models.formats.gguf_file import GgufFile
from engine.models.progress import Silent
from tests.engine.models.checkpoints import CHECKPOINTS, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Callable

QWEN = CHECKPOINTS["qwen2"]


def attempt(source: Path, family: str | None = "qwen2.5-coder") -> str:
    """Convert somewhere; the message when that is refused, "" when it is not."""
    with tempfile.TemporaryDirectory() as out:
        try:
            convert(source, Path(out), name="tiny", source="tiny", progress=Silent(), family=family)
        except ConversionError as error:
            assert not (Path(out) / "midfill.json").exists()
            return str(error)
        return ""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One model in its three forms."""
    place = tmp_path_factory.mktemp("sources")
    folder = QWEN.write_folder(place / "folder")
    file = QWEN.write_gguf(place / "m.gguf")
    ready = place / "ready"
    ready.mkdir()
    convert(file, ready, name="tiny", source="tiny", progress=Silent())
    (ready / "midfill.json").unlink()
    return {"safetensors": folder, "gguf": file, "ctranslate2": ready}


VICTIMS = [
    ("gguf", ""),
    ("safetensors", "model.safetensors"),
    ("safetensors", "config.json"),
    ("safetensors", "tokenizer.json"),
    ("ctranslate2", "model.bin"),
    ("ctranslate2", "vocabulary.json"),
    ("ctranslate2", "tokenizer.json"),
]


@pytest.mark.parametrize(("form", "name"), VICTIMS, ids=lambda part: part or "file")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.floats(0, 1),
    header=st.booleans(),
    junk=st.one_of(st.binary(min_size=1, max_size=16), st.integers(0, 3)),
)
def test_any_damaged_bytes_are_refused_or_harmless(
    sources: dict[str, Path], form: str, name: str, start: float, header: bool, junk: bytes | int
) -> None:
    """Overwritten or cut anywhere, a source converts or is refused by a ConversionError."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / sources[form].name
        if sources[form].is_dir():
            shutil.copytree(sources[form], source)
        else:
            shutil.copyfile(sources[form], source)
        victim = source / name if name else source
        content = bytearray(victim.read_bytes())
        # most of a file is weights; half of the damage goes to what stands before them
        at = int(start * (min(len(content), 4000) if header else len(content)))
        if isinstance(junk, bytes):
            content[at : at + len(junk)] = junk
        else:
            del content[at:]
            content += bytes(junk)
        victim.write_bytes(content)
        message = attempt(source)
        assert not message or source.name in message


def test_an_array_without_end_is_refused_at_once(tmp_path: Path) -> None:
    """A header that promises 2**40 numbers does not keep the reader busy."""
    name = b"tokenizer.ggml.token_type"
    kind = gguf.GGUFValueType
    text = struct.pack("<IIQQ", 0x46554747, 3, 0, 1) + struct.pack("<Q", len(name)) + name
    text += struct.pack("<IIQ", kind.ARRAY, kind.INT32, 2**40) + bytes(64)
    (tmp_path / "m.gguf").write_bytes(text)
    with pytest.raises(ConversionError, match=r"an array of 1,099,511,627,776 values"):
        GgufFile(tmp_path / "m.gguf")


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _weights(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        weights: dict[str, Any] = dict(QWEN.weights())
        change(weights)
        write_safetensors(folder / "model.safetensors", weights)

    return damage


def _config(**values: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return damage


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))


def _index(place: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        index = {"weight_map": {"model.embed_tokens.weight": place}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    return damage


def _other_type(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"dtype": "F32"', b'"dtype": "I32"'))


def _more_tokens(folder: Path) -> None:
    path = folder / "tokenizer.json"
    described = json.loads(path.read_text())
    vocabulary = described["model"]["vocab"]
    vocabulary["one too many"] = len(vocabulary)
    path.write_text(json.dumps(described))


Q, K = "model.layers.0.self_attn.q_proj.weight", "model.layers.1.self_attn.k_proj.weight"
BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "no configuration": (_remove("config.json"), "config.json is not a readable configuration"),
    "no tokenizer": (_remove("tokenizer.json"), "it has no tokenizer.json"),
    "no weights": (_remove("model.safetensors"), "it has no model.safetensors"),
    "pickle": (_pickled, "pytorch_model.bin is a pickle, which can run any code"),
    "shard outside": (_index("../m.safetensors"), "which is no file of the folder"),
    "shard missing": (_index("m-1.safetensors"), "m-1.safetensors: no such file"),
    "tensor missing": (_weights(lambda w: w.pop(K)), "blk.1.attn_k.weight .* is missing"),
    "tensor of another shape": (
        _weights(lambda w: w.update({Q: w[Q][:32]})),
        r"q_proj.weight has shape \(32, 64\), not \(64, 64\)",
    ),
    "not a number": (
        _weights(lambda w: w.update({Q: w[Q] * np.float32(np.nan)})),
        "q_proj.weight has values that are not finite",
    ),
    "unknown tensor": (
        _weights(lambda w: w.update({"model.vision.weight": w[Q]})),
        "tensor model.vision.weight has no place in a qwen2 model",
    ),
    "other values": (_other_type, "values of type I32, supported are: F32, F16, BF16"),
    "rope scaling": (
        _config(rope_scaling={"rope_type": "yarn", "factor": 4.0}),
        "rope scaling 'yarn' is not supported",
    ),
    "activation": (_config(hidden_act="relu"), "activation 'relu' is not supported"),
    "short window": (
        _config(use_sliding_window=True, sliding_window=64, max_window_layers=0),
        "each token sees 64 others",
    ),
    "more layers": (_config(num_hidden_layers=3), "fewer than the 3 layers"),
    "endless layers": (_config(num_hidden_layers=10**9), "num_hidden_layers is 1,000,000,000"),
    "odd heads": (_config(num_attention_heads=3), "heads do not divide"),
    "more tokens": (_more_tokens, "its tokenizer has 269 tokens for 268 embedding rows"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_folder_is_named_with_its_reason(case: str, tmp_path: Path) -> None:
    """Each defect is told apart from the others, by the folder's name and what to do."""
    change, reason = BAD[case]
    folder = QWEN.write_folder(tmp_path / "folder")
    change(folder)
    with pytest.raises(ConversionError, match=reason) as caught:
        raise ConversionError(attempt(folder))
    assert str(folder) in str(caught.value)
    assert "get the" in str(caught.value)


def test_tokens_far_fewer_than_rows_are_another_tokenizer(tmp_path: Path) -> None:
    """Rows for padding are dropped, a thousand and more are a mistake."""
    folder = replace(QWEN, padding=1025).write_folder(tmp_path / "folder")
    assert "its tokenizer has 268 tokens for 1293 embedding rows" in attempt(folder)
    folder = replace(QWEN, padding=1024).write_folder(tmp_path / "padded")
    assert attempt(folder) == ""


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """A folder of sources, and one of nothing."""
    (tmp_path / "main.py").write_text("print()")
    assert f"{tmp_path}: config.json is not" in attempt(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "config.json is not a readable configuration" in attempt(tmp_path / "empty")


def test_code_in_a_folder_is_never_run(tmp_path: Path) -> None:
    """A configuration that names its own classes is refused, and they stay unread."""
    folder = QWEN.write_folder(tmp_path / "folder")
    trap = tmp_path / "sprung"
    (folder / "trap.py").write_text(f"open({str(trap)!r}, 'w')\nclass C: pass\n")
    _config(auto_map={"AutoConfig": "trap.C"}, model_type="trapped")(folder)
    assert "config.json is not a readable configuration" in attempt(folder)
    assert not trap.exists()


def test_memory_is_bounded_by_the_result_and_one_tensor(tmp_path: Path) -> None:
    """At most the int8 model and 1.3 times the largest tensor in float32 exist at a time."""
    many = replace(QWEN, padding=200_000)
    file = many.write_gguf(tmp_path / "m.gguf")
    out = tmp_path / "out"
    out.mkdir()
    tracemalloc.start()
    try:
        convert(file, out, name="tiny", source="tiny", progress=Silent(), family=many.family)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    largest = (len(many.tokens()[0]) + many.padding) * 64 * 4
    assert peak <= (out / "model.bin").stat().st_size + 1.3 * largest
