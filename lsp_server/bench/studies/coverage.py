"""`midfill bench coverage`: share of the tokens in real source that the model can write.

A trimmed output projection lacks some tokens (`engine.models.convert.trim`). This counts, by
language, the share of the tokens in source files that it has.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from engine.tokenizer import ModelTokenizer
from lsp_server.bench.result_files import require_folder, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

SUFFIXES = {
    "c": ".c .h",
    "c++": ".cpp .cc .hpp .cxx",
    "css": ".css .scss",
    "go": ".go",
    "html": ".html",
    "java": ".java",
    "javascript": ".js .mjs .jsx",
    "kotlin": ".kt",
    "lua": ".lua",
    "markdown": ".md",
    "perl": ".pl .pm",
    "php": ".php",
    "python": ".py",
    "ruby": ".rb",
    "rust": ".rs",
    "scala": ".scala",
    "shell": ".sh .bash",
    "sql": ".sql",
    "swift": ".swift",
    "typescript": ".ts .tsx",
    "yaml": ".yaml .yml",
    "chinese": ".zh",
    "japanese": ".ja",
    "korean": ".ko",
    "emoji": ".emoji",
}
"""The last four are for plain text that is put there for this: languages beside code."""

_LARGEST = 200_000
_LONGEST_LINE = 2000
"""Bytes and characters; what is larger is data or made by a program."""
_A_FOLDER = 40
"""Files of one folder, so that none decides a language."""


def run(arguments: argparse.Namespace) -> int:
    """Count and print; returns the exit code."""
    require_folder(arguments.json)
    folder = Store().find(arguments.model or DEFAULT)
    tokenizer = ModelTokenizer(folder.tokenizer)
    rows = folder.manifest.projection or folder.manifest.vocabulary
    sys.stdout.write(f"{rows:,} of {folder.manifest.vocabulary:,} tokens can be written\n")
    results = {}
    for language, paths in sorted(files(arguments.paths).items()):
        texts = sample(paths, arguments.characters)
        inside, whole = count(tokenizer, texts, rows)
        if whole:
            results[language] = {"files": len(texts), "tokens": whole, "inside": inside}
            sys.stdout.write(
                f"{language:12}{len(texts):7} files {whole:11,} tokens {inside / whole:9.4%}\n"
            )
    if arguments.json:
        write(arguments.json, json.dumps(results, indent=2) + "\n")
    return 0


def files(roots: Iterable[Path]) -> dict[str, list[Path]]:
    """Source files under folders, by language."""
    languages = {suffix: name for name, some in SUFFIXES.items() for suffix in some.split()}
    found = defaultdict(list)
    for root in roots:
        for folder, _, names in os.walk(root):
            here: dict[str, int] = defaultdict(int)
            for name in sorted(names):
                language = languages.get(Path(name).suffix)
                if language and ".min." not in name and here[language] < _A_FOLDER:
                    here[language] += 1
                    found[language].append(Path(folder, name))
    return found


def sample(paths: list[Path], characters: int) -> list[str]:
    """Different texts of files drawn from a seed, until there are so many characters."""
    drawn = sorted(paths)
    random.Random(0).shuffle(drawn)  # noqa: S311
    texts: dict[str, None] = {}
    left = characters
    for path in drawn:
        if left <= 0:
            break
        try:
            if path.is_symlink() or path.stat().st_size > _LARGEST:
                continue
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if text and text not in texts and max(map(len, text.splitlines())) <= _LONGEST_LINE:
            texts[text] = None
            left -= len(text)
    return list(texts)


def count(tokenizer: ModelTokenizer, texts: Iterable[str], rows: int) -> tuple[int, int]:
    """Tokens with an id below `rows`, and all."""
    inside = whole = 0
    for text in texts:
        ids = np.asarray(tokenizer.encode(text), np.int64)
        inside += int((ids < rows).sum())
        whole += len(ids)
    return inside, whole
