"""A smaller output projection: what stays inside, and that nothing else changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from engine.errors import ConversionError
from engine.models.convert.convert import convert_gguf
from engine.models.convert.trim import needed, order, reorder
from engine.models.formats.gguf_file import GgufFile
from engine.models.formats.gguf_tokenizer import build
from engine.models.manifest import Manifest
from engine.tokenizer import ModelTokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.formats.vocabulary import Vocabulary

Tiny = Any  # the classes of conftest are not importable by name
Watcher = Any


def convert(path: Path, folder: Path, progress: Watcher, projection: int, kind: str) -> Manifest:
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
        quantization=kind,
        projection=projection,
    )


@given(data=st.data(), tokens=st.integers(1, 200))
def test_order_is_a_permutation_with_the_needed_in_front(data: st.DataObject, tokens: int) -> None:
    """Nothing is lost, what is needed is inside, and both parts keep their old order."""
    must = data.draw(st.sets(st.integers(0, tokens - 1)))
    rows = data.draw(st.integers(len(must), tokens))
    new = order(tokens, must, rows)
    assert sorted(new) == list(range(tokens))
    assert must <= set(new[:rows].tolist())
    assert (np.diff(new[:rows]) > 0).all()
    assert (np.diff(new[rows:]) > 0).all()
    left_out = set(new[rows:].tolist())
    others = set(new[:rows].tolist()) - must
    assert not left_out or not others or max(others) < min(left_out)


@pytest.mark.parametrize(("tokens", "must", "rows"), [(10, [1, 2, 3], 2), (10, [10], 5)])
def test_impossible_orders_are_refused(tokens: int, must: list[int], rows: int) -> None:
    """More needed tokens than rows, or an id that is none."""
    with pytest.raises(ValueError, match="cannot be among"):
        order(tokens, must, rows)


@pytest.fixture
def vocabulary(tiny: Tiny, tmp_path: Path) -> Vocabulary:
    """The tiny model's."""
    return build(GgufFile(tiny.write(tmp_path / "v.gguf")))


def test_all_bytes_and_added_tokens_are_needed(
    tiny: Tiny, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Any text can be written, and every control and stop token."""
    must = set(needed(GgufFile(tiny.write(tmp_path / "n.gguf")), vocabulary))
    alphabet = {vocabulary.tokens.index(token) for token in set(tiny.tokens[:256])}
    assert alphabet <= must
    assert len(alphabet) == 256
    assert set(vocabulary.tokenizer.get_added_tokens_decoder()) <= must


def test_any_text_has_the_same_tokens_under_other_ids(
    vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """The same spelling, and back to the same text."""
    shuffled = reorder(vocabulary, np.random.default_rng(1).permutation(len(vocabulary.tokens)))
    vocabulary.tokenizer.save(str(tmp_path / "before.json"))
    shuffled.tokenizer.save(str(tmp_path / "after.json"))
    before = ModelTokenizer(tmp_path / "before.json")
    after = ModelTokenizer(tmp_path / "after.json")
    assert after.tokens(range(len(after))) == shuffled.tokens

    @given(text=st.text())
    def same(text: str) -> None:
        assert after.tokens(after.encode(text)) == before.tokens(before.encode(text))
        assert after.decode(after.encode(text)) == text

    same()


@pytest.mark.parametrize("kind", ["int8", "float32"])
@pytest.mark.parametrize("tied", [False, True])
def test_logits_of_the_kept_tokens_are_the_same(
    tiny: Tiny, tmp_path: Path, watcher: Watcher, kind: str, tied: bool
) -> None:
    """The trimmed model computes what the whole one does, under other ids."""
    if tied:
        del tiny.tensors["output.weight"]
    source = tiny.write(tmp_path / "model.gguf")
    rows = len(tiny.tokens) - 3
    whole = convert(source, tmp_path / "whole", watcher, 0, kind)
    cut = convert(source, tmp_path / "cut", watcher, rows, kind)
    assert (whole.projection, cut.projection) == (len(tiny.tokens), rows)
    spelled = [
        json.loads((tmp_path / name / "vocabulary.json").read_text()) for name in ("whole", "cut")
    ]
    assert set(spelled[1]) == set(spelled[0])
    assert spelled[1] != spelled[0]
    # a prompt may hold tokens that cannot be written
    prompt = [*spelled[1][-3:], *spelled[1][5:25]]
    logits = [
        np.asarray(
            ctranslate2.Generator(
                str(tmp_path / name), compute_type="float32" if kind == "float32" else "int8"
            ).forward_batch([prompt], return_log_probs=False)
        )[0]
        for name in ("whole", "cut")
    ]
    assert logits[1].shape[1] == rows
    where = [spelled[0].index(token) for token in spelled[1][:rows]]
    np.testing.assert_allclose(logits[1], logits[0][:, where], atol=1e-5)


def test_symbols_are_needed_and_words_are_not(
    tiny: Tiny, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    """Emoji and arrows that are one token, and pieces of characters; no letters, no pairs."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def spelled(text: str) -> str:
        return byte_level.pre_tokenize_str(text)[0][0]

    inside = [spelled(text) for text in ("🙂", " →", "✅", "⚙\ufe0f")]
    inside.append(spelled("漢")[:2])
    outside = [spelled(text) for text in ("漢", "ж", "🙂🙂", "→a", " x")]
    more = type(vocabulary)(vocabulary.tokenizer, [*vocabulary.tokens, *inside, *outside])
    must = needed(GgufFile(tiny.write(tmp_path / "n.gguf")), more)
    assert {more.tokens.index(token) for token in inside} <= set(must)
    assert not {more.tokens.index(token) for token in outside} & set(must)


def test_a_tokenizer_without_byte_tokens_is_refused(
    tiny: Tiny, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Nothing would promise that the tokens that are left can spell all text."""
    cut = type(vocabulary)(vocabulary.tokenizer, vocabulary.tokens[1:])
    with pytest.raises(ConversionError, match="no byte tokens"):
        needed(GgufFile(tiny.write(tmp_path / "n.gguf")), cut)


def test_older_manifests_without_the_field_are_read(
    tiny: Tiny, tmp_path: Path, watcher: Watcher
) -> None:
    """A model that was converted before needs no second pull."""
    source = tiny.write(tmp_path / "model.gguf")
    convert(source, tmp_path / "out", watcher, 0, "int8")
    path = tmp_path / "out" / "midfill.json"
    fields = json.loads(path.read_text())
    del fields["projection"]
    path.write_text(json.dumps(fields))
    assert Manifest.read(tmp_path / "out").projection == 0
