"""Settings, switches, keys and commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.editors.neovim.conftest import Editor

VALUE = "value = 1"
REST = "ue = 1"
LUA_MAP = "lua vim.keymap.set('i', '<Tab>', function()"


def test_nothing_runs_before_setup(editor: Editor) -> None:
    """Without setup() there is one command, which says what to do, and nothing else."""
    editor.open("a.py")
    editor.type("ival<Esc>")
    editor.has("val")
    loaded = editor.lua(
        "return vim.iter(vim.tbl_keys(package.loaded))"
        ":filter(function(name) return name:find('midfill') end):totable()"
    )
    assert loaded == []
    assert editor.lua("return #vim.lsp.get_clients()") == 0
    assert editor.lua("return vim.fn.maparg('<Tab>', 'i')") != "midfill"
    editor.nvim.command("Midfill toggle")
    assert editor.told() == ["midfill: call require('midfill').setup() first (:help midfill)"]


@pytest.mark.parametrize("scope", ["", "buffer", "filetype"])
def test_off_stops_requests_and_text(editor: Editor, scope: str) -> None:
    """Off means: no ghost text, no request, and the server hears that the file was closed."""
    editor.start(VALUE)
    path = editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees(REST)
    asked = editor.requests()
    changes = len(editor.messages("textDocument/didChange"))
    editor.nvim.command(f"Midfill disable {scope}")
    assert editor.ghost() is None
    editor.keys("<BS>", "l", "u", "<BS>", "<Esc>", "A", "<Tab>")
    assert editor.requests() == asked
    assert len(editor.messages("textDocument/didChange")) == changes
    closed = [each["params"]["textDocument"] for each in editor.messages("textDocument/didClose")]
    assert closed == [{"uri": path.as_uri()}]
    assert editor.lua("return require('midfill').status()") == "midfill off"
    editor.keys("<BS>")
    editor.nvim.command(f"Midfill toggle {scope}")
    editor.sees(REST)
    editor.type("<Tab>")
    editor.has(VALUE)


def test_a_filetype_that_is_off_is_never_sent(editor: Editor) -> None:
    """The server never hears of a file whose filetype is off in setup()."""
    editor.start(VALUE, filetypes={"markdown": False})
    secret = editor.open("secret.md")
    editor.type("ival<Esc>")
    editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees(REST)
    assert secret.as_uri() not in editor.log.read_text()


def test_buffers_that_are_no_files_are_left_alone(editor: Editor) -> None:
    """Scratch buffers and help get nothing, and the reason can be asked for."""
    editor.start(VALUE)
    editor.nvim.command("setlocal buftype=nofile")
    state = editor.lua("return require('midfill').state()")
    assert (state["state"], state["message"]) == ("off", "not a file")


def test_wrong_settings_are_named_and_the_default_is_used(editor: Editor) -> None:
    """A setting that does not fit costs a message, not the plugin."""
    editor.start(VALUE, growing="yes", colour="red", keys={"next": 7})
    assert sorted(editor.told()) == [
        'midfill: `growing` must be true or false, got "yes"; the default is used',
        "midfill: `keys.next` must be a key, a list of keys, or false, got 7; the default is used",
        "midfill: unknown setting `colour` (see :help midfill-settings)",
    ]
    editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees(REST)
    editor.type("<Tab>")
    editor.has(VALUE)


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        ("", "\tx"),
        ("inoremap <Tab> (global)", "(global)x"),
        ("inoremap <buffer> <Tab> (buffer)", "(buffer)x"),
        ("inoremap <expr> <Tab> 'a' .. 'b'", "abx"),
        ("inoremap <expr> <buffer> <Tab> repeat('y', 2) .. \"\\<Left>\"", "yxy"),
        ("inoremap zz (zz)\nimap <Tab> zz", "(zz)x"),
        (f"{LUA_MAP} vim.api.nvim_put({{ 'lua' }}, 'c', false, true) end)", "luax"),
        (
            "lua vim.keymap.set('i', '<Tab>', function() return 'q<Left>' end, { expr = true })",
            "xq",
        ),
    ],
)
def test_tab_does_what_it_did_when_nothing_is_shown(
    editor: Editor, mapping: str, line: str
) -> None:
    """Without ghost text a key runs the mapping that was there, or is itself."""
    editor.open("a.py")
    editor.nvim.command("setlocal noexpandtab softtabstop=0")
    for command in mapping.split("\n"):
        editor.nvim.command(command)
    editor.start()
    editor.wait_ready()
    editor.type("i<Tab>x")
    editor.has(line)


def test_keys_are_given_back(editor: Editor) -> None:
    """A buffer where midfill is turned off has its own mappings again."""
    editor.open("a.py")
    editor.nvim.command("inoremap <buffer> <Tab> (mine)")
    editor.start(VALUE)
    editor.wait_ready()
    assert editor.lua("return vim.fn.maparg('<Tab>', 'i', false, true).desc") == "midfill: accept"
    editor.nvim.command("Midfill disable")
    assert editor.lua("return vim.fn.maparg('<Tab>', 'i')") == "(mine)"
    assert editor.lua("return vim.fn.maparg('<C-]>', 'i')") == ""


def test_the_popup_menu_keeps_tab(editor: Editor) -> None:
    """With the menu open, Tab is the menu's mapping even where a suggestion was shown."""
    editor.nvim.command("set completeopt=menuone,noselect")
    editor.nvim.command('inoremap <expr> <Tab> pumvisible() ? "\\<C-n>" : "\\<Tab>"')
    editor.start("alpha = 1")
    editor.open("a.py", b"alphabet\nalphanumeric\n\n")
    editor.wait_ready()
    editor.type("GAalph")
    editor.sees("a = 1")
    editor.keys("<C-n>", "<Tab>")
    editor.until(lambda: editor.lines()[2] in {"alphabet", "alphanumeric"}, "no menu entry taken")


def test_other_keys_can_be_chosen(editor: Editor) -> None:
    """Keys come from setup(); false leaves a key alone."""
    editor.start(VALUE, keys={"accept": "<C-y>", "dismiss": False})
    editor.open("a.py")
    editor.wait_ready()
    assert editor.lua("return vim.fn.maparg('<C-]>', 'i')") == ""
    editor.type("ival")
    editor.sees(REST)
    editor.type("<C-y>")
    editor.has(VALUE)


def test_server_settings_reach_the_server(editor: Editor) -> None:
    """`settings` and `vim.lsp.config` both end in initializationOptions, `settings` on top."""
    editor.lua(
        "vim.lsp.config('midfill', { init_options = { a = 1, b = 1 }, "
        "root_markers = { 'marker' } })"
    )
    (editor.directory / "marker").touch()
    (editor.directory / "deep").mkdir()
    editor.start(VALUE, settings={"b": 2})
    editor.open("deep/a.py")
    editor.wait_ready()
    editor.until(lambda: editor.messages("initialize"), "no initialize")
    params = editor.messages("initialize")[0]["params"]
    assert params["initializationOptions"] == {"a": 1, "b": 2, "growing": True, "status": True}
    assert params["rootUri"] == editor.directory.as_uri()
    assert "inlineCompletion" in params["capabilities"]["textDocument"]


def test_commands_answer(editor: Editor) -> None:
    """Status, statistics, log and completion of the command line."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    editor.until(
        lambda: editor.lua("return require('midfill').state().message") == "stand-in", "no status"
    )
    editor.nvim.command("Midfill status")
    assert editor.told()[-1].startswith("midfill: ready: stand-in [")
    editor.nvim.command("Midfill stats")
    editor.until(lambda: "\nrequests  7" in editor.told()[-1], "no statistics")
    editor.nvim.command("Midfill nonsense")
    assert editor.told()[-1] == "midfill: no such command: nonsense"
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert editor.lua(complete, "Midfill t") == ["toggle"]
    assert editor.lua(complete, "Midfill toggle ") == ["all", "buffer", "filetype"]
    editor.nvim.command("Midfill log")
    assert editor.lua("return vim.api.nvim_buf_get_name(0)").endswith("lsp.log")


def test_health_says_what_is_wrong_and_what_is_right(editor: Editor) -> None:
    """The report names the server, each buffer and the keys."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    editor.until(
        lambda: editor.lua("return require('midfill').state().state") == "ready", "not ready"
    )
    editor.nvim.command("checkhealth midfill")
    report = "\n".join(editor.lines())
    for part in ("Neovim 0.1", "the server is ready", "a.py: on", "accept: <Tab>", "lsp.log"):
        assert part in report
    assert "Failed to run" not in report


def test_help_has_its_tags(editor: Editor) -> None:
    """`:help midfill` and the tags in it exist."""
    found = editor.lua("return vim.api.nvim_get_runtime_file('doc/midfill.txt', false)[1]")
    folder = editor.directory / "plugin" / "doc"
    folder.mkdir(parents=True)
    (folder / "midfill.txt").write_bytes(Path(found).read_bytes())
    editor.nvim.command(f"helptags {folder}")
    editor.nvim.command(f"set runtimepath^={folder.parent}")
    for tag in ("midfill", "midfill-settings", "midfill-keys", ":Midfill", "midfill.status()"):
        editor.nvim.command(f"help {tag}")
        assert editor.lua("return vim.fn.expand('%:t')") == "midfill.txt", tag


def test_midfill_can_be_used_with_neovims_own_inline_completion(editor: Editor) -> None:
    """With `ui = 'builtin'` 0.12 draws and accepts safely; before, it is named as impossible."""
    editor.start("value = one", ui="builtin")
    editor.open("a.py")
    editor.wait_ready()
    if editor.lua("return vim.lsp.inline_completion == nil"):
        assert "`ui` must be 'own', or 'builtin' on Neovim 0.12" in editor.told()[0]
        return
    editor.type("ival")
    editor.until(lambda: editor.lua("return require('midfill').is_visible()"), "nothing is shown")
    assert editor.ghost() is None
    # Stale: what is typed within Neovim's 200 ms is not in the answer's range.
    editor.type("ue<Tab>")
    editor.has("value = one")


def test_neovims_own_inline_completion_does_not_draw_it_twice(editor: Editor) -> None:
    """Where a user enabled it for other servers, midfill is still drawn by this plugin alone."""
    if editor.lua("return vim.lsp.inline_completion ~= nil"):
        editor.lua("vim.lsp.inline_completion.enable()")
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees(REST)
    asked = editor.requests()
    editor.lua("vim.wait(500)")  # well beyond Neovim's own wait of 200 ms
    assert editor.requests() == asked
    assert editor.screen()[0] == VALUE
