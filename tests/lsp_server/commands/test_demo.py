"""The demo's choice of places, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import MidfillError
from lsp_server.commands import demo
from lsp_server.completion import pipeline


def test_places_are_spread_over_a_file() -> None:
    """Several lines of code, in order, each with something typed at its own column."""
    source = Path(pipeline.__file__).read_text(encoding="utf-8")
    lines = source.split("\n")
    places = demo.places(source)
    assert len(places) >= 5
    assert [place.line for place in places] == sorted({place.line for place in places})
    for place in places:
        assert lines[place.line][place.column :].startswith(place.typed)
        assert place.typed.strip()


@pytest.mark.parametrize("source", ["", "\n\n", "x", "just words\n", "🙂"])
def test_any_file_has_a_place(source: str) -> None:
    """A file without code is tried at its last line."""
    for place in demo.places(source):
        assert 0 <= place.line < len(source.split("\n"))
    assert demo.places(source)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    """It is named, and nothing is started."""
    file = tmp_path / "x.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MidfillError, match=r"x\.py"):
        demo.run(file)
