"""Task files, small ones made here and the reference's own where they lie beside the checkout."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).resolve().parents[5] / "shared" / "evals"

TEST = "def check(f):\n    assert f(3) == 3\n"
ROWS: list[dict[str, Any]] = [
    {
        "id": f"t{number}",
        "set": "small",
        "lang": "python",
        "file": f"pkg/m{number}.py",
        "prefix": f"def f{number}(a):\n    ",
        "middle": "return a",
        "suffix": "\n",
        "quick": number == 0,
        "exec": {
            "kind": "humaneval",
            "test": "def check(f):\n    assert f(3) == 3\n",
            "entry": f"f{number}",
        },
    }
    for number in range(4)
]


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    """Four Python functions whose body is missing, with tests."""
    path = tmp_path / "small.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def reference() -> Iterator[Any]:
    """The reference scorer, when it lies beside the checkout."""
    if not (REFERENCE / "score.py").is_file():
        pytest.skip("no reference scorer beside the checkout")
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(REFERENCE))
    patch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("score")
    patch.undo()
    for name in ("score", "runners"):
        sys.modules.pop(name, None)


def reference_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a task file of the reference."""
    with (REFERENCE / "dev" / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
