"""The demo types into a real server, and says what came of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from engine.errors import MidfillError
from lsp_server.commands import demo, demo_typist
from lsp_server.completion import pipeline
from lsp_server.statistics import store

SERVE = (sys.executable, "-m", "lsp_server", "serve", "--stdio", "--engine")


def test_places_are_spread_over_a_file() -> None:
    """Several lines of code, in order, each with something typed at its own column."""
    source = Path(pipeline.__file__).read_text(encoding="utf-8")
    lines = source.split("\n")
    places = demo_typist.places(source)
    assert len(places) >= 5
    assert [place.line for place in places] == sorted({place.line for place in places})
    for place in places:
        assert lines[place.line][place.column :].startswith(place.typed)
        assert place.typed.strip()


@pytest.mark.parametrize("source", ["", "\n\n", "x", "just words\n", "🙂"])
def test_any_file_has_a_place(source: str) -> None:
    """A file without code is tried at its last line."""
    for place in demo_typist.places(source):
        assert 0 <= place.line < len(source.split("\n"))
    assert demo_typist.places(source)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    """It is named, and nothing is started."""
    file = tmp_path / "x.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MidfillError, match=r"x\.py"):
        demo.run(file)


def test_bodies_are_shown_told_apart_and_counted_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Marks alone tell typed from suggested lines; the user's statistics do not change."""
    monkeypatch.setenv("MIDFILL_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(demo_typist, "_QUIET_S", 1.0)
    monkeypatch.setattr(demo_typist, "_KEY_S", 0.0)
    body = "found = total(orders)\n    return found\n"
    assert demo.run(None, (*SERVE, f"fake:{body}")) == 0
    out = capsys.readouterr().out
    assert [scene.file for scene in demo.SCENES if f"\n{scene.file}\n" in out] == [
        "orders.py",
        "tasks.ts",
        "words.go",
    ]
    typed = demo.SCENES[0].typed.rstrip()
    assert "".join(f"  | {line}\n" for line in typed.split("\n")) in out
    assert "  +     found = total(orders)\n  +     return found\n    first text after" in out
    assert "of this text" in out
    assert "try`" in out
    assert store.read(tmp_path / "statistics.sqlite") == []


def test_a_file_of_the_user_is_typed_into_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mark stands between what was typed and what is suggested in the same line."""
    monkeypatch.setattr(demo_typist, "_QUIET_S", 1.0)
    file = tmp_path / "a.py"
    content = b"import os\n\n\nresult = os.getcwd()\nprint(result)\n"
    file.write_bytes(content)
    assert demo.run(file, (*SERVE, "fake:with alpha")) == 0
    out = capsys.readouterr().out
    assert re.search(r"a\.py:4\n  \| re.*‸with", out), out
    assert file.read_bytes() == content
