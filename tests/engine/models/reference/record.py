"""Record what transformers computes for the tiny checkpoints; run it after they were changed.

    pip install torch==2.13.0 && python -m tests.engine.models.reference.record

Weights come from a seed, so only logits are kept: at four places, for every fifth token.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.engine.models.checkpoints import CHECKPOINTS, PROMPT

if TYPE_CHECKING:
    from tests.engine.models.checkpoints import Array, Checkpoint

FILE = Path(__file__).with_name("logits.json")
PLACES = [0, 7, 15, len(PROMPT) - 1]
EVERY = 5
GREEDY = 12


def compute(checkpoint: Checkpoint, folder: Path) -> tuple[Array, list[int]]:
    """Logits after every token of the prompt, and the tokens that greedy decoding adds."""
    import torch
    from transformers import AutoModelForCausalLM

    model, about = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, attn_implementation="eager"
    )
    wrong = about["missing_keys"] | about["unexpected_keys"] | set(about["mismatched_keys"])
    assert not wrong, wrong
    known = len(checkpoint.tokens()[0])
    ids = list(PROMPT)
    with torch.no_grad():
        logits: Array = model(torch.tensor([ids])).logits[0].numpy()[:, :known]
        for _ in range(GREEDY):
            after = model(torch.tensor([ids])).logits[0, -1, :known]
            ids.append(int(after.argmax()))
    return logits, ids[len(PROMPT) :]


def main() -> None:
    """Write the file."""
    found = {}
    for name, checkpoint in CHECKPOINTS.items():
        with tempfile.TemporaryDirectory() as place:
            logits, greedy = compute(checkpoint, checkpoint.write_folder(Path(place) / name))
        rows = np.round(logits[PLACES, ::EVERY].astype(np.float64), 5)
        found[name] = {"logits": rows.tolist(), "greedy": greedy}
        sys.stderr.write(f"{name}: largest logit {np.abs(logits).max():.1f}\n")
    FILE.write_text(json.dumps(found, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
