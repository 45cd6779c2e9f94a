"""The tokenizer over a small made-up `tokenizer.json`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers

from engine.errors import EngineLoadError
from engine.tokenizer import ModelTokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from context.prompt.tokenizer import Tokenizer

TEXTS = [
    "",
    "abc abc",
    "日本語、中文",
    "👩\u200d👩\u200d👧\u200d👦 👨🏽\u200d💻",
    "\tif x:\r\n\t\treturn\r\n",
    "cafe\u0301 caf\u00e9",
    "a\u2028b\u0085c" + " " * 300 + "d",
    "<|fim_middle|> and <|endoftext|>",
    "\ufffd\U0010ffff\x00",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> ModelTokenizer:
    """Byte-level tokens, one merge, two control tokens."""
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    inner = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b")]))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+|\S+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken("<|fim_middle|>"), AddedToken("<|endoftext|>")])
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    inner.save(str(path))
    return ModelTokenizer(path)


def test_it_is_what_prompts_need(tokenizer: ModelTokenizer) -> None:
    """It fits the protocol of the context package."""
    needed: Tokenizer = tokenizer
    assert needed.decode(needed.encode("abc")) == "abc"
    assert len(tokenizer) == 256 + 1 + 2


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_text_comes_back_unchanged(tokenizer: ModelTokenizer, text: str) -> None:
    """Decoding what was encoded gives the same characters, composed or not."""
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_control_tokens_come_by_look_up_only(tokenizer: ModelTokenizer) -> None:
    """Text that looks like a control token is plain characters; a look-up gives the token."""
    middle = tokenizer.control("<|fim_middle|>")
    assert tokenizer.token(middle) == "<|fim_middle|>"
    assert middle not in tokenizer.encode("x<|fim_middle|>y")
    assert tokenizer.decode([middle]) == "<|fim_middle|>"
    for name in ("<|fim_hole|>", "ab", "a"):
        with pytest.raises(KeyError):
            tokenizer.control(name)


def test_ids_become_vocabulary_strings(tokenizer: ModelTokenizer) -> None:
    """CTranslate2 is given the vocabulary's own spelling, and never an id that is not there."""
    assert tokenizer.tokens(tokenizer.encode("ab c\n")) == ["ab", "Ġ", "c", "Ċ"]
    for index in (len(tokenizer), 10**6):
        with pytest.raises(IndexError, match=f"token id {index} is outside 0 to 258"):
            tokenizer.tokens([0, index])


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_stream_gives_the_whole_text_in_whole_characters(
    tokenizer: ModelTokenizer, text: str
) -> None:
    """Pieces join to the text, and no piece has half of a character."""
    stream = tokenizer.stream()
    pieces = [stream.add(index) for index in tokenizer.encode(text)]
    end = stream.flush()
    assert "".join([*pieces, end]) == text
    assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in text


def test_stream_flushes_a_character_that_never_ended(tokenizer: ModelTokenizer) -> None:
    """Held bytes come out once as U+FFFD at the end, after the text before them."""
    stream = tokenizer.stream()
    ids = [*tokenizer.encode("ok "), *tokenizer.encode("👩")[:2]]
    assert "".join(stream.add(index) for index in ids) == "ok "
    assert stream.flush() == "\ufffd"
    assert stream.flush() == ""


@pytest.mark.parametrize("content", [None, "", "{}", "\x00\x01"])
def test_bad_file_is_named(tmp_path: Path, content: str | None) -> None:
    """A missing or damaged file gives its path and the next step."""
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(EngineLoadError, match="run `midfill models verify`") as caught:
        ModelTokenizer(path)
    assert str(path) in str(caught.value)


def test_import_brings_in_no_transformers() -> None:
    """The server tokenizes without transformers and torch."""
    code = "import sys, engine.tokenizer; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert {"transformers", "torch", "numpy"}.isdisjoint(done.stdout.split())
