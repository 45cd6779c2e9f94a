"""Parts, pointers, indexes of other weights, and settings of a model that nobody applies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import ConversionError, SourceError
from engine.models import pull
from engine.models.add import AddOptions, add
from engine.models.convert.convert import convert
from engine.models.formats.parts import siblings
from engine.models.progress import Silent
from engine.models.sources import hub
from tests.engine.models.checkpoints import CHECKPOINTS
from tests.engine.models.test_sources import same_model

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.manifest import Manifest
    from engine.models.store import Store

Tiny = Any  # the classes of conftest are not importable by name
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 491400064\n"


def converted(source: Path, folder: Path, **wishes: Any) -> Manifest:
    """Convert into `folder`, made for it."""
    folder.mkdir()
    about = {"family": "qwen2.5-coder", "name": "tiny", "source": "tiny", "progress": Silent()}
    return convert(source, folder, **{**about, **wishes})


# Parts


@pytest.fixture
def parts(tiny: Tiny, tmp_path: Path) -> list[Path]:
    """The tiny model in parts, as `llama-gguf-split` makes them."""
    (tmp_path / "parts").mkdir()
    replace(tiny, tensors_per_part=12).write(tmp_path / "parts" / "tiny.gguf")
    found = sorted((tmp_path / "parts").iterdir())
    assert [path.name for path in found] == siblings("tiny-00001-of-00003.gguf")
    return found


def test_parts_are_joined_whichever_is_named(tiny: Tiny, parts: list[Path], tmp_path: Path) -> None:
    """The same weights as from one file, and one hash for all parts."""
    converted(tiny.write(tmp_path / "whole.gguf"), tmp_path / "a")
    first = converted(parts[0], tmp_path / "b")
    last = converted(parts[2], tmp_path / "c")
    assert same_model(tmp_path / "a", tmp_path / "b")
    assert same_model(tmp_path / "a", tmp_path / "c")
    assert len(first.source_sha256) == 64
    assert first.source_sha256 == last.source_sha256


def test_a_model_in_parts_is_called_by_its_own_name(store: Store, parts: list[Path]) -> None:
    """Not by the number of a part."""
    assert add(store, str(parts[0]), AddOptions(), Silent()).path.name == "tiny"


def test_parts_that_are_not_all_there_are_named(parts: list[Path], tmp_path: Path) -> None:
    """The missing one, or the way to join when the name does not tell the others."""
    content = parts[1].read_bytes()
    parts[1].unlink()
    with pytest.raises(ConversionError, match=r"00002-of-00003.gguf is not beside it"):
        converted(parts[0], tmp_path / "a")
    parts[1].write_bytes(parts[2].read_bytes())
    with pytest.raises(ConversionError, match=r"00002-of-00003.gguf is part 3 of the model"):
        converted(parts[0], tmp_path / "b")
    parts[1].write_bytes(content)
    with pytest.raises(ConversionError, match=r"one of 3 parts, .* `llama-gguf-split --merge`"):
        converted(parts[0].rename(tmp_path / "renamed.gguf"), tmp_path / "c")


@pytest.mark.parametrize("ending", ["-split-a", ".part1of2", "-part-b", ".part2"])
def test_pieces_cut_by_bytes_are_named_with_the_way_to_join(
    tiny: Tiny, tmp_path: Path, ending: str
) -> None:
    """They are no GGUF files by themselves."""
    path = tiny.write(tmp_path / "tiny.gguf")
    piece = path.rename(path.with_name(path.name + ending))
    with pytest.raises(ConversionError, match=r"a piece of tiny.gguf; .*`cat PIECES > tiny.gguf`"):
        converted(piece, tmp_path / "a")


def test_the_hub_gives_all_parts_of_one_model() -> None:
    """Parts are one choice among others, named by the first of them."""
    names = [*siblings("q8/m-00001-of-00002.gguf"), "README.md"]
    assert hub._wanted(hub.HubPlace("a/b", "", ""), names) == names[:2]
    assert hub._wanted(hub.HubPlace("a/b", "", names[1]), names) == names[:2]
    with pytest.raises(SourceError, match=r"2 GGUF files; .* of m\.gguf, q8/m-0"):
        hub._wanted(hub.HubPlace("a/b", "", ""), ["m.gguf", *names])
    with pytest.raises(SourceError, match=r"no file q8/m-00002"):
        hub._wanted(hub.HubPlace("a/b", "", names[0]), names[:1])


# Pointers of Git LFS


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_pointer_in_a_folder_is_named(tmp_path: Path, file: str) -> None:
    """A clone without Git LFS has pointers in the place of large files."""
    folder = CHECKPOINTS["qwen2"].write_folder(tmp_path / "folder")
    (folder / file).write_text(POINTER)
    with pytest.raises(ConversionError, match=rf"{file}: only a pointer of Git LFS.*`git lfs"):
        converted(folder, tmp_path / "a")


def test_a_pointer_instead_of_a_file_is_named(
    tmp_path: Path, store: Store, entry: CatalogueEntry, registry: Any, watcher: Any
) -> None:
    """For a model of one's own, and for one of the catalogue, which then comes from elsewhere."""
    pointer = tmp_path / "pointer.gguf"
    pointer.write_text(POINTER)
    with pytest.raises(ConversionError, match="only a pointer of Git LFS"):
        converted(pointer, tmp_path / "a")
    pull.pull(store, entry, watcher, local=pointer, pip=registry.pip)
    assert "only a pointer of Git LFS" in watcher.notes[0]


# Indexes


def test_an_index_of_other_weights_is_named(tmp_path: Path) -> None:
    """Left over beside a merged file, short of a tensor, or naming the wrong file."""
    checkpoint = CHECKPOINTS["qwen2"]
    folder = checkpoint.write_folder(tmp_path / "folder", shards=2)
    index = folder / "model.safetensors.index.json"
    good = json.loads(index.read_text())
    lost = dict(good["weight_map"])
    name, file = lost.popitem()
    index.write_text(json.dumps({"weight_map": lost}))
    with pytest.raises(ConversionError, match=f"is of other weights .*{file} holds {name}"):
        converted(folder, tmp_path / "a")
    other = next(shard for shard in lost.values() if shard != file)
    index.write_text(json.dumps({"weight_map": lost | {name: other}}))
    with pytest.raises(ConversionError, match="is of other weights"):
        converted(folder, tmp_path / "b")
    index.write_text(json.dumps(good))
    (folder / file).rename(folder / "elsewhere")
    with pytest.raises(ConversionError, match=f"{file}: no such file, and .* names it"):
        converted(folder, tmp_path / "c")
    (folder / "elsewhere").rename(folder / file)
    converted(folder, tmp_path / "d")
    single = checkpoint.write_folder(tmp_path / "single") / "model.safetensors"
    single.rename(folder / "model.safetensors")
    with pytest.raises(ConversionError, match=r"model\.safetensors is there.; delete what is left"):
        converted(folder, tmp_path / "e")


# Arithmetic


def test_the_old_name_of_rope_scaling_is_applied(tmp_path: Path) -> None:
    """DeepSeek-Coder's first files have it; a factor without a type is linear, 0 is none."""
    made = CHECKPOINTS["deepseek-coder"]
    rope = {".rope.freq_base": 1e5, ".attention.layer_norm_rms_epsilon": 1e-6}
    extras = {
        "new": made.gguf_extra,
        "old": rope | {".rope.scale_linear": 4.0},
        "untyped": rope | {".rope.scaling.factor": 4.0},
        "zero": rope | {".rope.scaling.factor": 0.0},
        "off": rope | {".rope.scaling.type": "none", ".rope.scaling.factor": 4.0},
        "none": rope,
    }
    for name, extra in extras.items():
        file = replace(made, gguf_extra=extra).write_gguf(tmp_path / f"{name}.gguf")
        converted(file, tmp_path / name, family="deepseek-coder")
    for name in ("old", "untyped"):
        assert same_model(tmp_path / "new", tmp_path / name)
    for name in ("zero", "off"):
        assert same_model(tmp_path / "none", tmp_path / name)
    assert not same_model(tmp_path / "none", tmp_path / "new")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (".rope.dimension_count", 8, "only 8 of the 16 values of a head turn"),
        (".attention.scale", 0.5, "its attention is scaled by 0.5 where 0.25 is supported"),
        (".logit_scale", 8.0, "qwen2.logit_scale = 8.0 may change"),
        (".embedding_scale", 12.0, "qwen2.embedding_scale"),
        (".residual_scale", 0.22, "qwen2.residual_scale"),
        (".final_logit_softcapping", 30.0, "qwen2.final_logit_softcapping"),
        (".attention.clamp_kqv", 8.0, "qwen2.attention.clamp_kqv"),
        (".rope.scaling.attn_factor", 1.2, "qwen2.rope.scaling.attn_factor"),
        (".expert_count", 8, "qwen2.expert_count = 8"),
        (".use_parallel_residual", True, "qwen2.use_parallel_residual = True"),
        (".something_new", 3, "qwen2.something_new = 3"),
    ],
)
def test_settings_that_nobody_applies_are_refused(
    tiny: Tiny, tmp_path: Path, key: str, value: Any, reason: str
) -> None:
    """As tensors are that nobody reads: a model that computes something else is worse than none."""
    file = replace(tiny, extra={key: value}).write(tmp_path / "tiny.gguf")
    with pytest.raises(ConversionError, match=reason):
        converted(file, tmp_path / "a")


def test_settings_that_change_nothing_are_no_reason(tiny: Tiny, tmp_path: Path) -> None:
    """What converters write by habit, and values that mean "as usual" there."""
    usual = {
        ".rope.dimension_count": 16,
        ".attention.scale": 0.25,
        ".attention.causal": True,
        ".logit_scale": 1.0,
        ".attention.clamp_kqv": 0.0,
        ".expert_count": 0,
        ".use_parallel_residual": False,
        ".vocab_size": 268,
        ".context_length": 64,
        ".rope.scaling.original_context_length": 64,
        ".tensor_data_layout": "Meta AI original pth",
    }
    converted(replace(tiny, extra=usual).write(tmp_path / "tiny.gguf"), tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [("qwen2", "partial_rotary_factor", 0.5), ("starcoder", "scale_attn_weights", False)],
)
def test_settings_of_a_folder_that_nobody_applies_are_refused(
    tmp_path: Path, name: str, setting: str, value: Any
) -> None:
    """The same in the configuration of a folder."""
    folder = CHECKPOINTS[name].write_folder(tmp_path / "folder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {setting: value}))
    with pytest.raises(ConversionError, match=f"{setting} = {value} may change"):
        converted(folder, tmp_path / "a", family=CHECKPOINTS[name].family)
