"""The real model over LSP and from the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from engine.errors import ModelMissingError
from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.model

ADD = "def add(a, b):\n    return \n\n\nprint(add(1, 2))\n"
# Serves as `midfill serve` does, and at the end names the libraries that it must do without.
SCRIPT = textwrap.dedent("""
    import atexit, sys
    banned = ("transformers", "torch", "huggingface_hub", "requests", "httpx", "gguf")
    def tell():
        print("BANNED", [name for name in banned if name in sys.modules],
              "ctranslate2" in sys.modules, file=sys.stderr)
    atexit.register(tell)
    from lsp_server.cli import run
    sys.exit(run(["serve", *sys.argv[1:]]))
""")


@pytest.fixture(scope="module")
def server() -> Iterator[Wire]:
    """A real server with the default model that waits for whole answers."""
    try:
        Store().find(DEFAULT)
    except ModelMissingError as error:
        pytest.fail(f"run `midfill models pull` ({error})")
    arguments = ("--target-ms", "20000")
    with Wire(*arguments, engine="", command=(sys.executable, "-c", SCRIPT)) as wire:
        wire.initialize(initializationOptions={"suggestions": {"ahead": "off"}})
        yield wire.ready()
        assert wire.leave() == 0
        wire.until(lambda: b"BANNED" in wire.stderr, "the list of libraries")
        assert b"BANNED [] False" in wire.stderr  # the engine is in a process of its own


@pytest.mark.parametrize(
    ("name", "language", "text", "place", "expected"),
    [
        ("add.py", "python", ADD, (1, 11), "return a + b"),
        (
            "add.ts",
            "typescript",
            "export function add(a: number, b: number): number {\n  return \n}\n",
            (1, 9),
            "return a + b",
        ),
        (
            "word.py",
            "python",
            'def add(a, b):\n    """Add two numbers."""\n    re\n',
            (2, 6),
            "return a + b",
        ),
        (
            "loop.py",
            "python",
            "names = ['a', 'b']\nfor name in na\n    print(name)\n",
            (1, 14),
            "for name in names:",
        ),
    ],
)
def test_easy_places_are_completed(
    server: Wire, name: str, language: str, text: str, place: tuple[int, int], expected: str
) -> None:
    """In Python and TypeScript, at the end of a line, in the middle of a word."""
    uri = f"file:///space/{name}"
    server.open(text, uri, language)
    (item,) = server.complete(*place, uri)
    assert expected in item["insertText"]


def test_typing_through_decodes_nothing_and_another_key_reuses_the_state(server: Wire) -> None:
    """Tokens decoded stay where they were; then the kept state spares the prefill."""
    uri = "file:///space/through.py"
    server.open(ADD, uri)
    (item,) = server.complete(1, 11, uri)
    rest = item["insertText"][len("    return ") :]
    before = server.stats()
    for column, key in enumerate(rest[:-2], 11):
        server.edit((1, column), (1, column), key, uri=uri)
        (again,) = server.complete(1, column + 1, uri)
        assert again["insertText"].startswith("    return " + rest[: column + 1 - 11])
    after = server.stats()
    assert after["decoded_tokens"] == before["decoded_tokens"]
    end = 11 + len(rest[:-2])
    server.edit((1, 11), (1, end), "b - ", uri=uri)
    server.complete(1, 15, uri)
    last = server.stats()
    assert last["cached_prompt_tokens"] > after["cached_prompt_tokens"]
    assert last["faults"] == {}


def midfill(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lsp_server", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_complete_as_json(tmp_path: Path) -> None:
    """One completion with its story, for scripts."""
    file = tmp_path / "add.py"
    file.write_text(ADD, encoding="utf-8")
    done = midfill("complete", f"{file}:2:12", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["text"].startswith("a + b")
    assert answer["source"] in {"cold", "warm"}  # warm, when the shared engine read it before
    assert answer["decoded_tokens"] > 0
    assert "prefill" in answer["stages"]


def test_prompt_part_by_part(tmp_path: Path) -> None:
    """Every part of the prompt is there with its size and its cost."""
    file = tmp_path / "add.py"
    file.write_text(ADD, encoding="utf-8")
    done = midfill("prompt", f"{file}:2:12")
    assert done.returncode == 0, done.stderr
    for part in ("header", "prefix", "suffix", "lead", "live"):
        assert re.search(rf"{part}.*: \d+ tokens", done.stdout)
    assert "def add(a, b):" in done.stdout
    assert "tokens/s measured here" in done.stdout


def test_doctor_finds_all_well() -> None:
    """With the model in the store every line is `ok`."""
    done = midfill("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())
    assert "completion" in done.stdout
