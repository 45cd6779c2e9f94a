"""The replay in made-up time, with the real model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server.cli import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model

BEFORE = (
    "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n"
)
TYPED = "    return width * height * depth\n"


def test_the_same_keys_at_the_same_speed_give_the_same_figures(tmp_path: Path) -> None:
    """The second run asks the model nothing new; a faster machine never answers later."""
    task = {"id": "a", "lang": "python", "file": "a.py", "before": BEFORE, "offset": len(BEFORE)}
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({**task, "typed": TYPED}), encoding="utf-8")

    def figures(name: str, speed: str) -> dict[str, Any]:
        out, memo = tmp_path / f"{name}.json", tmp_path / "memo"
        options = ["--tasks", str(path), "--simulate", speed, "--memo", str(memo)]
        assert run(["bench", "keystrokes", *options, "--json", str(out)]) == 0
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        assert found["environment"]["simulated"]["decode_ms"] == float(speed.split(",")[1])
        return dict(found["runs"][0]["figures"])

    slow = figures("one", "1000,45")
    again = figures("two", "1000,45")
    for each in (slow, again):
        del each["ack_p95"]  # the benchmark's own, in real time
    assert again == pytest.approx(slow, abs=0.01, nan_ok=True)
    assert figures("fast", "20000,5")["keystrokes_saved"] > slow["keystrokes_saved"] > 0
