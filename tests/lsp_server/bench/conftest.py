"""Tasks that are quick to type, and a made-up server to type them into."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.tasks.typing import TypingTask

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER = Path(__file__).with_name("made_up_server.py")
BEFORE = "import os\n\n\ndef size(path):\n\n\nprint(size('.'))  # 👍 done\n"
TYPED = """\
    total = 0
    for name in os.listdir(path):  # 🙂 all
        total += 1
    return total"""


@pytest.fixture
def task() -> TypingTask:
    """A function's body, with characters beyond the BMP in and after it."""
    offset = BEFORE.index("\n\n\nprint") + 1
    return TypingTask("one", "python", "a.py", BEFORE, offset, TYPED)


@pytest.fixture
def tasks(task: TypingTask) -> list[TypingTask]:
    """Two tasks in two languages."""
    other = TypingTask("two", "go", "b.go", "package b\n\n", 11, "func F() int {\n\treturn 42\n}\n")
    return [task, other]


@pytest.fixture
def command(tmp_path: Path, tasks: list[TypingTask]) -> Callable[[str], list[str]]:
    """The command line of a made-up server, by its mode."""
    truth = {task.file[-4:]: task.head + task.typed + task.tail for task in tasks}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth), encoding="utf-8")
    return lambda mode: [sys.executable, "-S", "-E", str(SERVER), mode, str(path)]


@pytest.fixture
def task_file(tmp_path: Path, tasks: list[TypingTask]) -> Path:
    """The tasks as a file."""
    path = tmp_path / "tasks.jsonl"
    rows = [
        {
            "id": task.id,
            "lang": task.language,
            "file": task.file,
            "before": task.before,
            "offset": task.offset,
            "typed": task.typed,
            "quick": task.id == "one",
        }
        for task in tasks
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path
