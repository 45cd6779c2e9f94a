"""The tokenizer of a Hugging Face folder, for ordinary text in any place of a prompt.

What it does besides cutting text is taken off: no space before the first word, no Unicode
normalization (the prompt would differ from the user's text), no tokens around the text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from engine.models.formats.vocabulary import Vocabulary

if TYPE_CHECKING:
    from engine.models.formats.hf_folder import HfFolder

FILE = "tokenizer.json"
_OLDER = ("vocab.json", "tokenizer.model")
_UNICODE = {"NFC", "NFD", "NFKC", "NFKD", "Prepend"}


def build(folder: HfFolder) -> Vocabulary:
    """The tokenizer of a folder.

    Raises:
        ConversionError: it is missing, damaged, or changes text in a way that is not known here.
    """
    path = folder.path / FILE
    if not any((folder.path / name).is_file() for name in (FILE, *_OLDER)):
        raise folder.error(f"it has no {FILE}")
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _converted(folder)
        described = json.loads(text)
        _plain(described)
        tokenizer = Tokenizer.from_str(json.dumps(described))
    # `tokenizers` and `transformers` raise plain Exception for many kinds of damage
    except Exception as error:
        raise folder.error(f"{FILE} is not a readable tokenizer ({error})") from error
    return Vocabulary.of(tokenizer)


def _converted(folder: HfFolder) -> str:
    """`tokenizer.json` from an older form (`vocab.json` and `merges.txt`, `tokenizer.model`)."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(
        folder.path, local_files_only=True, trust_remote_code=False, use_fast=True
    )
    return str(loaded.backend_tokenizer.to_str())


def _plain(described: dict[str, Any]) -> None:
    """Take off what would change a text, in place."""
    described["post_processor"] = described["truncation"] = described["padding"] = None
    described["normalizer"] = _normalizer(described.get("normalizer"))
    for part in _parts(described.get("pre_tokenizer"), "pretokenizers"):
        if part["type"] == "ByteLevel":
            part["add_prefix_space"] = False
        elif part["type"] == "Metaspace":
            part["prepend_scheme"] = "never"
    decoder = described.get("decoder")
    for part in _parts(decoder, "decoders"):
        if part["type"] == "Metaspace":
            part["prepend_scheme"] = "never"
    if decoder is not None and decoder["type"] == "Sequence":
        # it takes off the space that is no longer put there
        decoder["decoders"] = [part for part in decoder["decoders"] if part["type"] != "Strip"]


def _normalizer(described: dict[str, Any] | None) -> dict[str, Any] | None:
    kept = []
    for part in _parts(described, "normalizers"):
        if part["type"] == "Replace":
            kept.append(part)
        elif part["type"] not in _UNICODE:
            raise ValueError(f"normalizer {part['type']} would change the text")
    return {"type": "Sequence", "normalizers": kept} if kept else None


def _parts(described: dict[str, Any] | None, inside: str) -> list[dict[str, Any]]:
    if described is None:
        return []
    return described[inside] if described["type"] == "Sequence" else [described]
