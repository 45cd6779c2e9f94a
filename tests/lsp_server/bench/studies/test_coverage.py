"""Counting the tokens of source files that lie inside a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server.bench.studies.coverage import count, files, sample

if TYPE_CHECKING:
    from pathlib import Path


class Letters:
    """A tokenizer whose ids are code points."""

    def encode(self, text: str) -> list[int]:
        """One id a character."""
        return [ord(letter) for letter in text]


def test_files_are_found_by_language(tmp_path: Path) -> None:
    """Source is found in any depth; minified files and other ones are not."""
    (tmp_path / "deep").mkdir()
    for name in ("a.py", "deep/b.py", "c.min.js", "d.js", "e.bin"):
        (tmp_path / name).write_text("x")
    found = {language: len(paths) for language, paths in files([tmp_path]).items()}
    assert found == {"python": 2, "javascript": 1}


def test_samples_leave_out_copies_and_data(tmp_path: Path) -> None:
    """The same text counts once; long lines, large files and what is no text do not count."""
    contents = [b"one", b"one", b"x" * 2001, b"\n" * 200_001, b"\xff\xfe\xfd", b"", b"two"]
    paths = []
    for number, content in enumerate(contents):
        paths.append(tmp_path / f"{number}.py")
        paths[-1].write_bytes(content)
    assert sorted(sample(paths, 100)) == ["one", "two"]
    assert len(sample(paths, 1)) == 1


def test_tokens_at_the_border_are_outside() -> None:
    """An id equal to the number of rows has no row."""
    assert count(Letters(), ["abc", "a"], ord("c")) == (3, 4)  # type: ignore[arg-type]
