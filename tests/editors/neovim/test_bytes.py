"""Texts that are not plain ASCII with plain line ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.editors.neovim.conftest import Editor


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("s = '😀", "s = '😀👍🏽' + name"),
        ("s = 'e\u0301", "s = 'e\u0301te\u0301'"),
        ("名前 = ", "名前 = '漢字'"),
        ("x = 1  # 👩\u200d💻", "x = 1  # 👩\u200d💻 at work\ny = 2"),
    ],
)
def test_positions_survive_every_character(
    editor: Editor, encoding: str, typed: str, suggestion: str
) -> None:
    """Columns are right in both encodings, with characters beyond the BMP before the cursor."""
    editor.start(suggestion, encoding=encoding)
    path = editor.open("a.py")
    editor.wait_ready()
    editor.type("i" + typed)
    editor.sees(suggestion[len(typed) :])
    editor.type("<Tab><Esc>:write<CR>")
    editor.until(lambda: path.read_bytes() != b"", "the file was not written")
    assert path.read_bytes() == suggestion.encode() + b"\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_crlf_files_stay_crlf(editor: Editor, newline: str) -> None:
    """A suggestion gets the file's line ends, whatever line ends the server sent."""
    editor.start(f"if a:{newline}    b()")
    path = editor.open("a.py", b"a = 1\r\n\r\n")
    editor.wait_ready()
    editor.type("Gif")
    editor.type("<Esc>Sif")
    editor.sees(" a:\n    b()")
    editor.type("<Tab><Esc>:write<CR>")
    editor.until(lambda: b"if" in path.read_bytes(), "the file was not written")
    assert path.read_bytes() == b"a = 1\r\nif a:\r\n    b()\r\n"


def test_a_file_without_a_last_newline_keeps_it_so(editor: Editor) -> None:
    """Only the suggestion's bytes are added."""
    editor.start("value = 1")
    path = editor.open("a.py", b"val")
    editor.nvim.command("set nofixendofline")
    editor.wait_ready()
    editor.type("A")
    editor.sees("ue = 1")
    editor.type("<Tab><Esc>:write<CR>")
    editor.until(lambda: path.read_bytes() not in {b"val", b""}, "the file was not written")
    assert path.read_bytes() == b"value = 1"


def test_tabs_are_inserted_as_tabs_and_drawn_aligned(editor: Editor) -> None:
    """Tabs in a suggestion stop where they will stop once accepted."""
    editor.start("\tif x {\n\t\tgo\t\t// now\n\t}")
    path = editor.open("a.go", b"func f() {\n\n}\n")
    editor.nvim.command("set noexpandtab tabstop=8 noautoindent indentexpr= nocindent")
    editor.wait_ready()
    editor.type("2GA<Tab>if")
    editor.sees(" x {\n                go              // now\n        }")
    drawn = editor.screen()[1:4]
    editor.type("<Tab>")
    editor.has("func f() {", "\tif x {", "\t\tgo\t\t// now", "\t}", "}")
    assert editor.screen()[1:4] == drawn
    editor.type("<Esc>:write<CR>")
    editor.until(lambda: b"if" in path.read_bytes(), "the file was not written")
    assert path.read_bytes() == b"func f() {\n\tif x {\n\t\tgo\t\t// now\n\t}\n}\n"
