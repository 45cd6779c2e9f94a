"""Every form that a model comes in, its tokenizer, and the guess of its family."""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import pytest

from context.prompt.families import FAMILIES
from engine.errors import ConversionError
from engine.models.convert.convert import convert, convert_gguf
from engine.models.formats.safetensors_file import SafetensorsFile
from engine.models.hashing import sha256_of
from engine.tokenizer import ModelTokenizer
from tests.engine.models.checkpoints import CHECKPOINTS, PROMPT, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.manifest import Manifest

TEXTS = [
    "",
    "abc abc",
    " a  b",
    "\tif x:\n\t\treturn 12\r\n",
    "日本 👩🏽\u200d💻",
    "cafe\u0301",
    "▁a",
]
TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch here")


def converted(source: Path, folder: Path, watcher: Any, **wishes: Any) -> Manifest:
    """Convert into `folder`, made for it."""
    folder.mkdir()
    return convert(source, folder, name="tiny", source="tiny", progress=watcher, **wishes)


def same_model(one: Path, other: Path) -> bool:
    """Whether two folders hold the same weights."""
    return sha256_of(one / "model.bin") == sha256_of(other / "model.bin")


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_half_precision_is_read_exactly(kind: str, tmp_path: Path) -> None:
    """Values that a type can hold come back bit for bit, in slices too."""
    values = np.arange(-48, 48).reshape(12, 8).astype(np.float32)
    file = SafetensorsFile(write_safetensors(tmp_path / "a", {"x": values, "y": values}, kind))
    np.testing.assert_array_equal(file.rows("y", 0, 12), values)
    np.testing.assert_array_equal(file.rows("x", 3, 5), values[3:5])


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_a_checkpoint_in_half_precision_is_the_model_of_its_values(
    kind: str, tmp_path: Path, watcher: Any
) -> None:
    """The same weights widened to float32 give the same int8 model, bit for bit."""
    folder = CHECKPOINTS["qwen2"].write_folder(tmp_path / "half", kind=kind)
    assert converted(folder, tmp_path / "a", watcher).quantization == "int8"
    narrow = SafetensorsFile(folder / "model.safetensors")
    wide = {name: narrow.rows(name, 0, about.shape[0]) for name, about in narrow.entries.items()}
    shutil.copytree(folder, tmp_path / "full")
    write_safetensors(tmp_path / "full" / "model.safetensors", wide)
    converted(tmp_path / "full", tmp_path / "b", watcher)
    assert same_model(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("form", ["folder", "gguf"])
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_tokenizers_keep_any_text_and_all_control_tokens_apart(
    name: str, form: str, tmp_path: Path, watcher: Any
) -> None:
    """Text comes back as it was, without a space before it; no text becomes a control token."""
    checkpoint = CHECKPOINTS[name]
    if form == "folder":
        source = checkpoint.write_folder(tmp_path / name)
    else:
        source = checkpoint.write_gguf(tmp_path / f"{name}.gguf")
    converted(source, tmp_path / "out", watcher, family=checkpoint.family)
    tokenizer = ModelTokenizer(tmp_path / "out" / "tokenizer.json")
    tokens = json.loads((tmp_path / "out" / "vocabulary.json").read_text())
    for text in TEXTS:
        back = text.replace("▁", " ") if checkpoint.pieces else text
        assert tokenizer.decode(tokenizer.encode(text)) == back
        stream = tokenizer.stream()
        streamed = "".join(stream.add(index) for index in tokenizer.encode(text)) + stream.flush()
        assert streamed == back
    for control in FAMILIES[checkpoint.family].required:
        index = tokenizer.control(control)
        assert tokens[index] == control
        for text in (control, control.replace("▁", " "), f"x{control}y"):
            assert index not in tokenizer.encode(text)


@pytest.mark.parametrize("kind", [1, 4])
@pytest.mark.parametrize("name", ["codellama", "qwen2"])
def test_control_tokens_that_a_file_calls_ordinary_are_control_tokens(
    name: str, kind: int, tmp_path: Path, watcher: Any
) -> None:
    """The family decides, so that neither text finds them nor a prompt misses them."""
    checkpoint = replace(CHECKPOINTS[name], control_kind=kind)
    file = checkpoint.write_gguf(tmp_path / "m.gguf")
    converted(file, tmp_path / "out", watcher, family=checkpoint.family)
    tokenizer = ModelTokenizer(tmp_path / "out" / "tokenizer.json")
    for control in FAMILIES[checkpoint.family].required:
        index = tokenizer.control(control)
        for text in (control, control.replace("▁", " "), f"x{control}y"):
            assert index not in tokenizer.encode(text)


def test_sentence_pieces_are_merged_alike_from_both_forms(tmp_path: Path, watcher: Any) -> None:
    """Merges made from the scores of a GGUF file cut texts as the published ones do."""
    checkpoint = CHECKPOINTS["codellama"]
    converted(checkpoint.write_folder(tmp_path / "f"), tmp_path / "a", watcher)
    converted(checkpoint.write_gguf(tmp_path / "f.gguf"), tmp_path / "b", watcher)
    one, other = (ModelTokenizer(tmp_path / name / "tokenizer.json") for name in "ab")
    for text in [*TEXTS, "abcabdede a ab abc", "aabcde", "é\n\n"]:
        assert one.encode(text) == other.encode(text)
    assert one.tokens(one.encode("abc a")) == ["abc", "▁a"]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("qwen2", "qwen2.5-coder"),
        ("qwen3", "qwen2.5-coder"),
        ("codellama", "codellama"),
        ("deepseek-coder", "deepseek-coder"),
        ("granite-code", "granite-code"),
        ("smollm2", "left-to-right"),
        ("starcoder2", "starcoder2"),
        ("starcoder", "starcoder"),
        ("codegemma", "codegemma"),
    ],
)
def test_a_family_is_guessed_and_confirmed_by_its_tokens(
    name: str, family: str, tmp_path: Path, watcher: Any
) -> None:
    """Architecture and name suggest a family, and its control tokens are there."""
    file = CHECKPOINTS[name].write_gguf(tmp_path / f"{name}.gguf")
    assert converted(file, tmp_path / "out", watcher).family == family


def test_a_guess_that_no_token_confirms_is_refused_with_all_families(
    tmp_path: Path, watcher: Any
) -> None:
    """A llama model with nobody's tokens is asked for, and a wrong answer names what is missing."""
    file = CHECKPOINTS["smollm2"].write_gguf(tmp_path / "m.gguf")
    content = file.read_bytes().replace(b"SmolLM2 135M", b"Some other.1")
    file.write_bytes(content)
    with pytest.raises(ConversionError, match=r"--family, one of: qwen2.5-coder, .*left-to-right"):
        converted(file, tmp_path / "a", watcher)
    with pytest.raises(ConversionError, match=r"not of family codellama: no token <s>"):
        converted(file, tmp_path / "b", watcher, family="codellama")
    with pytest.raises(ConversionError, match="no family is called 'nobody'; there are: qwen"):
        converted(file, tmp_path / "c", watcher, family="nobody")
    assert converted(file, tmp_path / "d", watcher, family="left-to-right").layers == 2


def test_a_ctranslate2_folder_is_checked_and_copied(tmp_path: Path, watcher: Any) -> None:
    """The copy has the same weights and facts; the family has to be named."""
    file = CHECKPOINTS["qwen3"].write_gguf(tmp_path / "m.gguf")
    first = converted(file, tmp_path / "a", watcher)
    (tmp_path / "a" / "midfill.json").unlink()
    with pytest.raises(ConversionError, match="does not say its prompt family; name it with"):
        converted(tmp_path / "a", tmp_path / "b", watcher)
    second = converted(tmp_path / "a", tmp_path / "c", watcher, family="qwen2.5-coder")
    assert same_model(tmp_path / "a", tmp_path / "c")
    for fact in ("layers", "kv_bytes_per_token", "vocabulary", "quantization", "family"):
        assert getattr(first, fact) == getattr(second, fact)
    assert second.projection == first.projection == first.vocabulary


@pytest.mark.parametrize("name", ["qwen2", "qwen2-tied"])
def test_a_ctranslate2_folder_keeps_a_trimmed_projection(
    name: str, tmp_path: Path, watcher: Any
) -> None:
    """The rows that can be written are counted in its weights."""
    file, made = CHECKPOINTS[name].write_gguf(tmp_path / "m.gguf"), tmp_path / "made"
    made.mkdir()
    rows = len(CHECKPOINTS[name].tokens()[0]) - 2
    about = {"name": name, "source": "m.gguf", "source_sha256": "00", "progress": watcher}
    first = convert_gguf(file, made, family="qwen2.5-coder", projection=rows, **about)
    assert first.vocabulary > first.projection == rows
    (made / "midfill.json").unlink()
    copied = converted(made, tmp_path / "copied", watcher, family="qwen2.5-coder")
    assert (copied.vocabulary, copied.projection) == (first.vocabulary, rows)


@pytest.mark.parametrize("name", ["qwen2", "starcoder2", "starcoder"])
def test_the_context_length_is_what_the_source_declares(
    name: str, tmp_path: Path, watcher: Any
) -> None:
    """In a GGUF file, in a folder, and where midfill noted it when it made the folder."""
    length = 64
    file = CHECKPOINTS[name].write_gguf(tmp_path / "m.gguf")
    folder = CHECKPOINTS[name].write_folder(tmp_path / "m")
    first = converted(file, tmp_path / "a", watcher)
    assert first.context_length == length
    assert converted(folder, tmp_path / "b", watcher).context_length == length
    again = converted(tmp_path / "a", tmp_path / "c", watcher, family=first.family)
    assert again.context_length == length
    (tmp_path / "a" / "midfill.json").unlink()
    bare = converted(tmp_path / "a", tmp_path / "d", watcher, family=first.family)
    learned = length if name == "starcoder" else 0  # positions that were learned are counted
    assert bare.context_length == learned


def test_a_sliding_window_is_the_context_length(tmp_path: Path, watcher: Any) -> None:
    """CTranslate2 is told of no window, so prompt and answer have to stay within it."""
    folder = CHECKPOINTS["starcoder2"].write_folder(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    config |= {"max_position_embeddings": 16_384, "sliding_window": 4096}
    (folder / "config.json").write_text(json.dumps(config))
    assert converted(folder, tmp_path / "a", watcher).context_length == 4096
    (folder / "config.json").write_text(json.dumps(config | {"sliding_window": None}))
    assert converted(folder, tmp_path / "b", watcher).context_length == 16_384


@TORCH
def test_other_architectures_go_through_the_stock_converter(tmp_path: Path, watcher: Any) -> None:
    """A CodeGen folder, which has no loader here, computes what transformers computes."""
    import torch
    from transformers import CodeGenConfig, CodeGenForCausalLM

    made = CHECKPOINTS["smollm2"]
    config = CodeGenConfig(
        vocab_size=len(made.tokens()[0]), n_positions=64, n_embd=64, n_layer=2, n_head=4,
        rotary_dim=8, bos_token_id=0, eos_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(1)
    model = CodeGenForCausalLM(config)
    model.save_pretrained(tmp_path / "m")
    made.tokenizer().save(str(tmp_path / "m" / "tokenizer.json"))
    wishes = {"family": "left-to-right", "quantization": "float32"}
    manifest = converted(tmp_path / "m", tmp_path / "out", watcher, **wishes)
    assert (manifest.layers, manifest.kv_bytes_per_token) == (2, 2 * 2 * 64 * 4)
    generator = ctranslate2.Generator(str(tmp_path / "out"))
    got = np.asarray(generator.forward_batch([PROMPT], return_log_probs=False))[0]
    with torch.no_grad():
        expected = model(torch.tensor([PROMPT])).logits[0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        "model.bin", "config.json", "vocabulary.json", "tokenizer.json", "midfill.json",
    }  # fmt: skip


def test_without_torch_other_architectures_say_what_to_install(
    tmp_path: Path, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, and nothing is left behind."""
    folder = CHECKPOINTS["smollm2"].write_folder(tmp_path / "m")
    config = {"model_type": "gpt_neox", "hidden_size": 64, "vocab_size": 263}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConversionError, match=r"'gpt_neox' needs .*pip install midfill\[con"):
        converted(folder, tmp_path / "out", watcher)
    assert not list((tmp_path / "out").iterdir())


def test_an_old_tokenizer_without_its_json_is_read(tmp_path: Path, watcher: Any) -> None:
    """`vocab.json` and `merges.txt` give the same ids as `tokenizer.json`."""
    folder = CHECKPOINTS["starcoder2"].write_folder(tmp_path / "m")
    converted(folder, tmp_path / "a", watcher)
    described = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").unlink()
    added = {token["content"]: token["id"] for token in described["added_tokens"]}
    plain = {k: v for k, v in described["model"]["vocab"].items() if k not in added}
    (folder / "vocab.json").write_text(json.dumps(plain | added))
    merges = "\n".join(" ".join(merge) for merge in described["model"]["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    about = {
        "tokenizer_class": "GPT2Tokenizer",
        "unk_token": "<|endoftext|>",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    converted(folder, tmp_path / "b", watcher)
    one, other = (ModelTokenizer(tmp_path / name / "tokenizer.json") for name in "ab")
    for text in ("abc abc", "日本", "<fim_prefix>"):
        assert one.encode(text) == other.encode(text)
    shutil.rmtree(folder)
