"""Conversion of tiny made-up GGUF files, right and wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ctranslate2
import gguf
import numpy as np
import pytest
from ctranslate2.specs import common_spec
from ctranslate2.specs.model_spec import NumpyVariable

from engine.errors import ConversionError
from engine.models.architectures.quantize import int8_rows
from engine.models.convert.convert import convert_gguf
from engine.models.hashing import sha256_of
from engine.models.manifest import Manifest
from engine.tokenizer import ModelTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Tiny = Any  # the classes of conftest are not importable by name
Watcher = Any


def convert(path: Path, folder: Path, progress: Watcher) -> Manifest:
    """Convert into `folder`, made for it."""
    folder.mkdir()
    return convert_gguf(
        path,
        folder,
        name="tiny",
        family="qwen2.5-coder",
        source="tiny.gguf",
        source_sha256="00",
        progress=progress,
    )


def reference_logits(tiny: Tiny, ids: list[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Logits after every id, (ids, vocabulary), by the textbook in float64."""
    weight = {name: values.astype(np.float64) for name, values in tiny.tensors.items()}
    width, heads, kv_heads, head = 64, 4, 2, 16
    count = len(ids)

    def norm(x: Any, gamma: Any) -> Any:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * gamma

    angles = np.arange(count)[:, None] * 10_000.0 ** (-np.arange(0, head, 2) / head)
    cos, sin = (np.concatenate([f(angles), f(angles)], 1)[:, None] for f in (np.cos, np.sin))

    def rotate(x: Any) -> Any:
        half = np.concatenate([-x[..., head // 2 :], x[..., : head // 2]], -1)
        return x * cos + half * sin

    x = weight["token_embd.weight"][ids]
    mask = np.triu(np.full((count, count), -np.inf), 1)
    for index in range(2):
        block = f"blk.{index}."

        def linear(x: Any, name: str, block: str = block) -> Any:
            return x @ weight[block + name + ".weight"].T + weight.get(block + name + ".bias", 0.0)

        inner = norm(x, weight[block + "attn_norm.weight"])
        q = rotate(linear(inner, "attn_q").reshape(count, heads, head))
        k = rotate(linear(inner, "attn_k").reshape(count, kv_heads, head))
        v = linear(inner, "attn_v").reshape(count, kv_heads, head)
        k, v = (np.repeat(part, heads // kv_heads, 1) for part in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(head) + mask
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        x = x + linear(np.einsum("hqk,khd->qhd", share, v).reshape(count, width), "attn_output")
        inner = norm(x, weight[block + "ffn_norm.weight"])
        gate = linear(inner, "ffn_gate")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(inner, "ffn_up"), "ffn_down")
    result: np.ndarray[Any, np.dtype[np.float64]] = (
        norm(x, weight["output_norm.weight"]) @ weight["output.weight"].T
    )
    return result


def dequantized(tiny: Tiny) -> None:
    """Make every matrix one that int8 holds exactly, so that only a wrong conversion differs."""
    for name, values in tiny.tensors.items():
        if values.ndim == 2:
            weights, scales = int8_rows([values.copy()], values.shape)
            tiny.tensors[name] = weights.astype(np.float32) / scales[:, None]


def test_converted_model_computes_what_the_textbook_says(
    tiny: Tiny, tmp_path: Path, watcher: Watcher
) -> None:
    """Logits of the converted model equal an independent float64 computation from the same file."""
    dequantized(tiny)
    convert(tiny.write(tmp_path / "t.gguf"), tmp_path / "out", watcher)
    generator = ctranslate2.Generator(str(tmp_path / "out"), compute_type="float32")
    ids = [70, 3, 250, 99, 12, 180, 33]
    got = np.asarray(generator.forward_batch([ids], return_log_probs=False))[0]
    np.testing.assert_allclose(got, reference_logits(tiny, ids), atol=2e-3)


def test_tied_embeddings_are_written_once(tiny: Tiny, tmp_path: Path, watcher: Watcher) -> None:
    """Without an output matrix the embeddings serve as one, and take no second place on disk."""
    whole = convert(tiny.write(tmp_path / "t.gguf"), tmp_path / "whole", watcher)
    tiny.tensors["output.weight"] = tiny.tensors["token_embd.weight"]
    dequantized(tiny)
    expected = reference_logits(tiny, [5, 6, 7])
    del tiny.tensors["output.weight"]
    tied = convert(tiny.write(tmp_path / "u.gguf"), tmp_path / "tied", watcher)
    assert tied.sizes["model.bin"] < whole.sizes["model.bin"] - len(tiny.tokens) * 60
    generator = ctranslate2.Generator(str(tmp_path / "tied"), compute_type="float32")
    got = np.asarray(generator.forward_batch([[5, 6, 7]], return_log_probs=False))[0]
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_rows_are_quantized_bit_for_bit_as_by_ctranslate2() -> None:
    """Slice-wise int8 equals CTranslate2's own, for zero, tiny and large rows too."""
    values = np.random.default_rng(3).normal(0, 1, (50, 33)).astype(np.float32)
    values[4] = 0
    values[5] *= 1e-38
    values[6] *= 1e30
    values[7] = 0
    values[7, 1] = np.finfo(np.float32).smallest_subnormal
    spec = common_spec.LinearSpec()
    spec.weight = values.copy()
    spec.validate()
    spec.optimize("int8")
    weights, scales = int8_rows([values[:20].copy(), values[20:].copy()], values.shape)
    assert isinstance(spec.weight, NumpyVariable)
    np.testing.assert_array_equal(weights, spec.weight.numpy())
    np.testing.assert_array_equal(scales.view(np.uint32), spec.weight_scale.numpy().view(np.uint32))


def test_manifest_tells_source_shape_and_hash_of_every_file(
    gguf_file: Path, tmp_path: Path, watcher: Watcher
) -> None:
    """The manifest names family, source, sizes and hashes, and is read back as written."""
    manifest = convert(gguf_file, tmp_path / "out", watcher)
    written = {item.name for item in (tmp_path / "out").iterdir()} - {"midfill.json"}
    assert written == {"model.bin", "config.json", "vocabulary.json", "tokenizer.json"}
    assert manifest.files == {name: sha256_of(tmp_path / "out" / name) for name in written}
    assert manifest.sizes == {name: (tmp_path / "out" / name).stat().st_size for name in written}
    assert manifest.kv_bytes_per_token == 2 * 2 * 4 * 16 * 4
    assert (manifest.family, manifest.layers, manifest.quantization) == ("qwen2.5-coder", 2, "int8")
    assert {"midfill", "ctranslate2", "gguf"} <= manifest.tools.keys()
    assert Manifest.read(tmp_path / "out") == manifest


def test_progress_counts_layers(gguf_file: Path, tmp_path: Path, watcher: Watcher) -> None:
    """Conversion tells each layer, up to the announced total."""
    convert(gguf_file, tmp_path / "out", watcher)
    assert watcher.phases == [("converting", 3, "layers")]
    assert [done for _, done in watcher.reached] == [1, 2, 3]


def test_converted_tokenizer_keeps_control_tokens_out_of_text(
    gguf_file: Path, tmp_path: Path, watcher: Watcher
) -> None:
    """Merges apply, control tokens are found by look-up only, user-defined ones in text."""
    convert(gguf_file, tmp_path / "out", watcher)
    tokenizer = ModelTokenizer(tmp_path / "out" / "tokenizer.json")
    assert tokenizer.tokens(tokenizer.encode("abc a")) == ["abc", "Ġa"]
    text = "<|fim_middle|> <tool_call>"
    assert tokenizer.control("<|fim_middle|>") not in tokenizer.encode(text)
    assert tokenizer.tokens(tokenizer.encode(text))[-1] == "<tool_call>"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def _drop(name: str) -> Callable[[Tiny], object]:
    return lambda tiny: tiny.tensors.pop(name)


def _set(**fields: object) -> Callable[[Tiny], object]:
    def change(tiny: Tiny) -> None:
        for name, value in fields.items():
            setattr(tiny, name, value)

    return change


def _poison(tiny: Tiny) -> None:
    tiny.tensors["blk.1.ffn_up.weight"][3, 4] = np.nan


def _reshape(tiny: Tiny) -> None:
    tiny.tensors["blk.0.attn_k.weight"] = tiny.tensors["blk.0.attn_k.weight"][:16].copy()


def _extra(tiny: Tiny) -> None:
    tiny.tensors["blk.0.attn_q_norm.weight"] = np.ones(16, np.float32)


def _one_token_more(tiny: Tiny) -> None:
    tiny.tokens.append("more")
    tiny.kinds.append(1)


def _without_control(tiny: Tiny) -> None:
    tiny.tokens[tiny.tokens.index("<|fim_middle|>")] = "<other>"


def _twice(tiny: Tiny) -> None:
    tiny.tokens[1] = tiny.tokens[0]


def _exotic(tiny: Tiny) -> None:
    rows = tiny.tensors.pop("blk.0.attn_output.weight").shape[0]
    kind = gguf.GGMLQuantizationType.I8
    tiny.raw["blk.0.attn_output.weight"] = (np.zeros((rows, 64), np.int8), kind)


BAD = {
    "missing tensor": (_drop("blk.1.attn_v.bias"), "tensor blk.1.attn_v.bias is missing"),
    "missing embeddings": (_drop("token_embd.weight"), "tensor token_embd.weight is missing"),
    "fewer layers": (_drop("blk.1.attn_norm.weight"), "fewer than the 2 layers"),
    "wrong shape": (_reshape, r"blk.0.attn_k.weight has shape \(16, 64\) where \(32, 64\)"),
    "not a number": (_poison, "blk.1.ffn_up.weight has values that are not finite"),
    "unknown tensor": (_extra, "blk.0.attn_q_norm.weight has no place in a qwen2 model"),
    "architecture": (_set(architecture="mamba"), "architecture 'mamba' is not supported"),
    "rope scaling": (_set(rope_scaling="yarn"), "rope scaling 'yarn' is not supported"),
    "tokenizer kind": (_set(tokenizer_model="t5"), "tokenizer is of kind 't5'"),
    "tokenizer split": (_set(split="poro"), "cuts text as 'poro'"),
    "merge": (_set(merges=["a zz"]), "merge 'a zz'"),
    "more tokens": (_one_token_more, "tokens for 2.. embedding rows"),
    "control token": (_without_control, r"no token <\|fim_middle\|>"),
    "double token": (_twice, "occur twice"),
    "quantization": (_exotic, "blk.0.attn_output.weight: cannot read quantization I8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_named_with_file_reason_and_next_step(
    tiny: Tiny, tmp_path: Path, watcher: Watcher, case: str
) -> None:
    """A file that cannot be converted gives a ConversionError that says which, why and what now."""
    change, reason = BAD[case]
    change(tiny)
    path = tiny.write(tmp_path / "bad.gguf")
    with pytest.raises(ConversionError, match=reason) as caught:
        convert(path, tmp_path / "out", watcher)
    assert str(path) in str(caught.value)
    assert "get the file again" in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.99])
def test_cut_file_is_refused(
    gguf_file: Path, tmp_path: Path, watcher: Watcher, share: float
) -> None:
    """A file that ends early is refused wherever the cut is."""
    content = gguf_file.read_bytes()
    gguf_file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ConversionError, match="not a readable GGUF file"):
        convert(gguf_file, tmp_path / "out", watcher)


def test_missing_and_foreign_files_are_refused(tmp_path: Path, watcher: Watcher) -> None:
    """A path without a file, a folder, and a file of another kind are told apart from models."""
    with pytest.raises(ConversionError, match="no such file"):
        convert(tmp_path / "none.gguf", tmp_path / "a", watcher)
    with pytest.raises(ConversionError, match="not a readable GGUF file"):
        convert(tmp_path, tmp_path / "b", watcher)
    (tmp_path / "text").write_text("PK not a model, but long enough to have a header" * 10)
    with pytest.raises(ConversionError, match="not a readable GGUF file"):
        convert(tmp_path / "text", tmp_path / "c", watcher)


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"])
def test_quantized_tensors_are_read(
    tiny: Tiny, tmp_path: Path, watcher: Watcher, kind: str
) -> None:
    """Tensors in GGUF's own quantizations convert to what gguf dequantizes them to."""
    quantization = gguf.GGMLQuantizationType[kind]
    for name, values in tiny.tensors.items():
        if values.ndim == 2:
            tiny.quantized[name] = quantization
    path = tiny.write(tmp_path / "q.gguf")
    convert(path, tmp_path / "out", watcher)
    for name in tiny.quantized:
        packed = gguf.quants.quantize(tiny.tensors[name], quantization)
        tiny.tensors[name] = np.array(gguf.quants.dequantize(packed, quantization), np.float32)
    tiny.quantized = {}
    convert(tiny.write(tmp_path / "plain.gguf"), tmp_path / "plain", watcher)
    assert sha256_of(tmp_path / "out" / "model.bin") == sha256_of(tmp_path / "plain" / "model.bin")
