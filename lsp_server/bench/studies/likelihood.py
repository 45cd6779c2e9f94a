"""Mean negative log-likelihood of source text, computed in a separate process.

    python -m lsp_server.bench.likelihood TASKS FOLDER COMPUTE_TYPE TOKENS

A process, because what instructions CTranslate2's libraries may use is decided when they load.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import ctranslate2
import numpy as np

from engine import memory
from engine.tokenizer import ModelTokenizer
from lsp_server.bench.tasks.holes import read_tasks

if TYPE_CHECKING:
    from lsp_server.bench.tasks.holes import HoleTask

WINDOW = 512
"""Tokens of a file that are read; about the length of a prompt."""


def main(tasks: Path, folder: Path, compute_type: str, tokens: int) -> dict[str, list[float]]:
    """Nats of every token after the first of a window, by language.

    Args:
        tasks: a task file; its whole documents are read, each once, in the order of their names.
        folder: a converted model.
        compute_type: of CTranslate2.
        tokens: least number of tokens a language, as far as there are so many.
    """
    tokenizer = ModelTokenizer(folder / "tokenizer.json")
    generator = ctranslate2.Generator(
        str(folder),
        device="cpu",
        compute_type=compute_type,
        intra_threads=memory.physical_threads(0),
    )
    nats: dict[str, list[float]] = {}
    for language, text in documents(read_tasks(tasks)):
        found = nats.setdefault(language, [])
        if len(found) >= tokens:
            continue
        ids = tokenizer.encode(text)[:WINDOW]
        logits = np.asarray(
            generator.forward_batch([tokenizer.tokens(ids)], return_log_probs=True)
        )[0]
        written = np.asarray(ids[1:])
        # tokens that a trimmed projection cannot write have no probability
        inside = np.flatnonzero(written < logits.shape[1])
        found += (-logits[inside, written[inside]]).tolist()
    del generator
    return nats


def documents(tasks: list[HoleTask]) -> list[tuple[str, str]]:
    """Language and whole text of each file, once."""
    found = {
        (task.lang, task.repo, task.file): task.before + task.answer + task.after for task in tasks
    }
    return [(key[0], found[key]) for key in sorted(found)]


if __name__ == "__main__":
    path, model, kind, least = sys.argv[1:]
    sys.stdout.write(json.dumps(main(Path(path), Path(model), kind, int(least))))
