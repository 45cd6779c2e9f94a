"""Ghost text from keypress to disk, in real Neovims."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.editors.neovim.conftest import Editor

DEF = "def add(a, b):\n    return a + b"


def begin(editor: Editor, *table: str, content: bytes = b"", name: str = "a.py") -> None:
    """Open a file with the plugin on and the server ready."""
    editor.start(*table)
    editor.open(name, content)
    editor.wait_ready()


def test_typing_shows_the_rest_of_the_suggestion(editor: Editor) -> None:
    """Ghost text is what the suggestion adds to what is already typed."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    assert editor.screen()[:2] == ["def add(a, b):", "    return a + b"]


def test_typing_along_asks_nothing_and_loses_no_frame(editor: Editor) -> None:
    """While the typed text agrees, the ghost text shrinks at once and no request leaves."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    asked = editor.requests()
    for stroke, rest in [("d", "d(a, b):"), ("d", "(a, b):"), ("(", "a, b):"), ("<BS>", "(a, b):")]:
        editor.keys(stroke)
        assert editor.ghost() == rest + "\n    return a + b"
    assert editor.requests() == asked


def test_a_different_character_replaces_the_suggestion(editor: Editor) -> None:
    """Typing something else hides the text at once and asks again."""
    begin(editor, DEF, "def mul(a, b):")
    editor.type("idef ")
    editor.sees("add(a, b):\n    return a + b")
    editor.type("m")
    editor.sees("ul(a, b):")
    editor.type("x")
    editor.sees(None)


def test_accept_writes_the_exact_bytes(editor: Editor) -> None:
    """Tab inserts the whole suggestion, tells the server once, and the file holds just that."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.type("<Tab>")
    editor.has("def add(a, b):", "    return a + b")
    editor.type("!<Esc>:write<CR>")
    path = editor.directory / "a.py"
    editor.until(lambda: path.read_bytes() != b"", "the file was not written")
    assert path.read_bytes() == b"def add(a, b):\n    return a + b!\n"
    editor.until(lambda: editor.messages("workspace/executeCommand"), "no command")
    commands = editor.messages("workspace/executeCommand")
    assert [each["params"] for each in commands] == [
        {"command": "midfill.accepted", "arguments": [DEF]}
    ]


def test_accept_by_word_and_by_line(editor: Editor) -> None:
    """Pieces are taken one press at a time, the rest stays, and no request leaves for it."""
    begin(editor, DEF + "\nprint()")
    editor.type("idef")
    editor.sees(" add(a, b):\n    return a + b\nprint()")
    asked = editor.requests()
    editor.keys("<C-Right>")
    assert editor.lines() == ["def add"]
    assert editor.ghost() == "(a, b):\n    return a + b\nprint()"
    editor.keys("<M-Right>")
    assert editor.lines() == ["def add("]
    editor.keys("<C-Down>")
    assert editor.lines() == ["def add(a, b):"]
    assert editor.ghost() == "\n    return a + b\nprint()"
    editor.keys("<C-Right>")
    assert editor.lines() == ["def add(a, b):", "    return"]
    editor.keys("<M-l>")
    assert editor.lines() == ["def add(a, b):", "    return a + b"]
    assert editor.requests() == asked
    assert editor.messages("workspace/executeCommand") == []
    taken = [
        each["params"]["acceptedLength"]
        for each in editor.messages("textDocument/didPartiallyAcceptCompletion")
    ]
    assert taken == [7, 8, 14, 25, 31]
    editor.keys("<C-Down>")
    editor.has("def add(a, b):", "    return a + b", "print()")
    editor.until(lambda: editor.messages("workspace/executeCommand"), "the last piece is an accept")


def test_accept_is_one_undo_step(editor: Editor) -> None:
    """One undo takes the accepted text back and leaves what was typed before and after apart."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.keys("<Tab>", "x", "<Esc>")
    editor.has("def add(a, b):", "    return a + bx")
    editor.type("u")
    editor.has("def add(a, b):", "    return a + b")
    editor.type("u")
    editor.has("def a")
    editor.type("u")
    editor.has("")


def test_dismiss_hides_until_something_is_typed(editor: Editor) -> None:
    """A dismissed suggestion stays away until the next key."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.keys("<C-]>")
    assert editor.ghost() is None
    editor.type("d")
    editor.sees("d(a, b):\n    return a + b")


def test_next_and_previous_go_round(editor: Editor) -> None:
    """All answers can be looked at, each with its number, and the shown one is accepted."""
    begin(editor, "value = one", "value = two")
    editor.type("ival")
    editor.sees("ue = one")
    editor.keys("<M-]>")
    assert editor.ghost() == "ue = two (2/2)"
    editor.keys("<M-]>")
    assert editor.ghost() == "ue = one (1/2)"
    editor.keys("<M-[>")
    assert editor.ghost() == "ue = two (2/2)"
    editor.type("<Tab>")
    editor.has("value = two")


def test_next_asks_explicitly_when_there_is_one_answer(editor: Editor) -> None:
    """Cycling past the only answer sends an invoked request."""
    begin(editor, "value = one")
    editor.type("ival")
    editor.sees("ue = one")
    editor.keys("<M-]>")
    editor.until(
        lambda: (
            editor.messages("textDocument/inlineCompletion")[-1]["params"]["context"]
            == {"triggerKind": 1}
        ),
        "no invoked request",
    )
    editor.settle()
    assert editor.ghost() == "ue = one"


def test_leaving_insert_mode_and_moving_hide(editor: Editor) -> None:
    """Ghost text belongs to the cursor in insert mode."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.keys("<Esc>")
    assert editor.ghost() is None
    editor.type("A")
    editor.sees("dd(a, b):\n    return a + b")
    editor.type("<Home>")
    editor.sees(None)


def test_a_growing_answer_only_extends(editor: Editor) -> None:
    """When the server has more, the longer text replaces the shorter one in place."""
    begin(editor, "def add(a, b):=>def add(a, b):\n    return a + b")
    assert editor.lua("return vim.lsp.get_clients()[1].config.init_options.growing") is True
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    assert editor.requests() >= 2


def test_a_second_answer_that_does_not_extend_is_not_shown(editor: Editor) -> None:
    """The text under the user's eyes never jumps to another one."""
    begin(editor, "value = first=>value = second thought")
    editor.keys("i")
    asked = editor.requests()
    editor.keys("v")
    editor.sees("alue = first")
    editor.until(lambda: editor.requests() == asked + 2, "the client did not ask again")
    editor.settle()
    assert editor.ghost() == "alue = first"


def test_growing_can_be_refused(editor: Editor) -> None:
    """Without growing, a notification causes no request."""
    editor.start("value = 1=>value = 12", growing=False)
    editor.open("a.py")
    editor.wait_ready()
    editor.keys("i")
    asked = editor.requests()
    editor.keys("v")
    editor.sees("alue = 1")
    assert editor.requests() == asked + 1


def test_quick_typing_ends_with_the_right_text(editor: Editor) -> None:
    """A burst of keys, the accept among them, never corrupts the text."""
    begin(editor, DEF)
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.type("dd<Tab><CR># done")
    editor.has("def add(a, b):", "    return a + b", "# done")


def test_keys_after_a_stale_answer_fall_back(editor: Editor) -> None:
    """Tab typed right behind a diverging character indents; nothing is accepted."""
    begin(editor, DEF)
    editor.nvim.command("set expandtab shiftwidth=4 softtabstop=4")
    editor.type("idef a")
    editor.sees("dd(a, b):\n    return a + b")
    editor.type("xyz<Tab>!")
    editor.has("def axyz    !")


def test_two_windows_show_it_once_and_stay_in_step(editor: Editor) -> None:
    """Ghost text appears in the window with the cursor; an edit in the other one is no danger."""
    begin(editor, DEF, content=b"one\n\n")
    editor.nvim.command("split")
    editor.type("2GAdef a")
    editor.sees("dd(a, b):\n    return a + b")
    shown = [row for row in editor.screen(38) if "return a + b" in row]
    assert len(shown) == 1
    # Another window (a plugin, say) adds a line above.
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'zero' })")
    editor.type("<Tab>")
    editor.has("zero", "one", "def add(a, b):", "    return a + b")


def test_popup_menu_has_the_keys_and_the_screen(editor: Editor) -> None:
    """While the menu is open there is no ghost text and Tab is the menu's; then it is back."""
    begin(editor, "alpha = alphabet", content=b"alphabet\nalphanumeric\n\n")
    editor.nvim.command("set completeopt=menuone,noselect")
    editor.type("GAalph")
    editor.sees("a = alphabet")
    editor.keys("<C-n>")
    editor.until(lambda: editor.lua("return vim.fn.pumvisible()") == 1, "no menu")
    editor.sees(None)
    editor.keys("<C-e>")
    editor.sees("a = alphabet")


def test_text_in_the_middle_of_a_line(editor: Editor) -> None:
    """What stands behind the cursor stays there, on the screen and in the buffer."""
    begin(editor, "call(first, second", content=b"call(f)\n")
    editor.type("$i")
    editor.sees("irst, second")
    assert editor.screen()[0] == "call(first, second)"
    editor.type("<Tab>")
    editor.has("call(first, second)")


def test_ghost_text_can_be_read_in_the_default_colours(editor: Editor) -> None:
    """On dark and light, and with a colour scheme; a user's own highlight is left alone."""
    begin(editor, DEF)
    contrast = "return require('midfill.contrast').of('MidfillGhost')"
    for command in ("set background=dark", "set background=light", "colorscheme habamax"):
        editor.nvim.command(command)
        assert editor.lua(contrast) >= 3, command
    editor.nvim.command("highlight! MidfillGhost guifg=#123456")
    editor.lua("require('midfill.ghost').highlight()")
    assert editor.lua("return vim.api.nvim_get_hl(0, { name = 'MidfillGhost' }).fg") == 0x123456


def test_lines_below_the_window_are_named(editor: Editor) -> None:
    """At the foot of the window the line says how many lines of ghost text follow."""
    begin(editor, "def f():\n    a = 1\n    return a", content=b"\n" * 99)
    editor.type("Goz<BS>def")
    editor.sees(" f():\n    a = 1\n    return a")
    rows = editor.screen(40)
    assert any(row.endswith("def f():  ↓ 2 more lines") for row in rows), rows[-6:]
    editor.nvim.command("normal! zt")
    editor.keys(" ")
    assert "more lines" not in "".join(editor.screen(40))
