"""A server that is missing, dies, dies again, or is the wrong program."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from tests.editors.neovim.conftest import PLUGIN

if TYPE_CHECKING:
    from tests.editors.neovim.conftest import Editor

VALUE = "value = 1"


def state(editor: Editor) -> str:
    """The server's state as users see it."""
    return str(editor.lua("return require('midfill').state().state"))


def kill(editor: Editor) -> int:
    """Kill the running server; returns its process id."""
    pid = int(editor.messages("initialize")[-1]["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_missing_server_is_told_once(editor: Editor) -> None:
    """One message with the command that installs it, however many files are opened."""
    editor.lua("require('midfill').setup({ cmd = { 'midfill-that-is-not-there', 'serve' } })")
    for name in ("a.py", "b.py", "c.py"):
        editor.open(name)
        editor.type("ival<Tab><Esc>")
        editor.settle()
    (told,) = editor.told()
    assert told == (
        "midfill: `midfill-that-is-not-there` is not on the PATH. Install it with "
        f"`pipx install '{PLUGIN.parents[1]}'`, then :Midfill restart"
    )
    assert state(editor) == "missing"
    editor.nvim.command("checkhealth midfill")
    assert "is not on the PATH" in "\n".join(editor.lines())


def test_what_was_typed_while_loading_is_asked_again(editor: Editor) -> None:
    """Once the model is loaded, the suggestion appears without another key."""
    (editor.directory / "loading").touch()
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    assert editor.lua("return require('midfill').status()") == "midfill loading"
    editor.type("ival")
    assert editor.requests() > 0
    assert editor.ghost() is None
    editor.lua("require('midfill.client').notify('test/ready', { number = 0 })")
    editor.sees("ue = 1")
    assert editor.lua("return require('midfill').status()") == "midfill"


def test_a_killed_server_comes_back(editor: Editor) -> None:
    """After a crash the server is started again by itself and knows the text."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees("ue = 1")
    pid = kill(editor)
    editor.until(lambda: int(editor.messages("initialize")[-1]["pid"]) != pid, "no second server")
    editor.wait_ready()
    editor.type("<BS>x<BS>")
    editor.type("l")
    editor.sees("ue = 1")
    editor.type("<Tab>")
    editor.has(VALUE)


def test_a_crash_loop_ends_with_a_message(editor: Editor) -> None:
    """Three crashes within a minute end the restarts; :Midfill restart begins anew."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    editor.type("iCRASH!")
    editor.until(
        lambda: len(editor.messages("initialize")) == 2, "the server was not started again"
    )
    editor.until(
        lambda: any("is left alone" in text for text in editor.told()), "the restarts did not end"
    )
    assert len(editor.messages("initialize")) == 3
    assert state(editor) == "error"
    message = next(text for text in editor.told() if "is left alone" in text)
    assert ":Midfill log" in message
    assert "exit code 3" in message
    editor.type("<Esc>ccval<Esc>")
    editor.nvim.command("Midfill restart")
    editor.wait_ready()
    editor.type("A")
    editor.sees("ue = 1")


def test_a_server_that_cannot_start_is_a_crash_loop(editor: Editor) -> None:
    """A wrong program ends at once, three times, and then is left alone."""
    editor.lua("require('midfill').setup(...)", {"cmd": [sys.executable, "-c", "exit(9)"]})
    editor.open("a.py")
    editor.until(
        lambda: any("is left alone" in text for text in editor.told()), "the restarts did not end"
    )
    assert state(editor) == "error"


def test_restart_is_no_crash(editor: Editor) -> None:
    """:Midfill restart ends the old server in order and starts one new one."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    for count in (2, 3, 4, 5):
        editor.nvim.command("Midfill restart")
        editor.until(lambda n=count: len(editor.messages("initialize")) == n, "no new server")  # type: ignore[misc]
        editor.wait_ready()
    assert len(editor.messages("shutdown")) == 4
    editor.type("ival")
    editor.sees("ue = 1")


def test_one_server_serves_all_projects(editor: Editor) -> None:
    """A second project is added to the running server: the model is in memory once."""
    editor.start(VALUE, root_markers=["marker"])
    for project in ("one", "two"):
        (editor.directory / project).mkdir()
        (editor.directory / project / "marker").touch()
        editor.open(f"{project}/a.py")
        editor.wait_ready()
    editor.type("ival")
    editor.sees("ue = 1")
    assert len(editor.messages("initialize")) == 1
    added = editor.messages("workspace/didChangeWorkspaceFolders")[0]["params"]["event"]["added"]
    assert [folder["uri"] for folder in added] == [(editor.directory / "two").as_uri()]


def test_a_second_midfill_client_is_named(editor: Editor) -> None:
    """Two clients on one buffer: one message, and the text is drawn once."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    command = editor.lua("return require('midfill.client').command()")
    editor.lua(
        "vim.lsp.start({ name = 'midfill', cmd = ... }, "
        "{ reuse_client = function() return false end })",
        command,
    )
    editor.until(lambda: any("second midfill server" in text for text in editor.told()), "silence")
    editor.type("ival")
    editor.sees("ue = 1")
    editor.type("<Tab>")
    editor.has(VALUE)


def test_the_server_ends_with_the_editor(editor: Editor) -> None:
    """Leaving Neovim leaves no server behind."""
    editor.start(VALUE)
    editor.open("a.py")
    editor.wait_ready()
    pid = int(editor.messages("initialize")[-1]["pid"])
    editor.nvim.command("qa!", async_=True)
    editor.process.wait(30)
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        editor.pause()
    raise AssertionError("the server is still there")


def test_opens_and_closes_are_balanced(editor: Editor) -> None:
    """Reloading, another filetype, deleting a buffer: the server sees open and close in turn."""
    editor.start(VALUE, filetypes={"markdown": False})
    path = editor.open("a.py")
    editor.wait_ready()
    editor.nvim.command("edit!")
    editor.wait_ready()
    editor.nvim.command("setfiletype python | set filetype=lua")
    editor.wait_ready()
    editor.nvim.command("set filetype=markdown")
    editor.settle()
    editor.nvim.command("set filetype=python")
    editor.wait_ready()
    editor.nvim.command("bdelete")
    editor.catch_up()
    seen = []
    for line in editor.log.read_text().splitlines():
        message = json.loads(line)
        if message["method"] in {"textDocument/didOpen", "textDocument/didClose"}:
            document = message["params"]["textDocument"]
            assert document["uri"] == path.as_uri()
            seen.append(document.get("languageId", "closed"))
    assert seen == ["python", "closed", "python", "closed", "lua", "closed", "python", "closed"]


def test_the_calls_of_neovim_0_10_work(editor: Editor) -> None:
    """With 0.11 denied, the plugin's code for 0.10 starts, asks, cancels and restarts."""
    editor.lua(
        "local has = vim.fn.has; vim.deprecate = function() end; vim.fn.has = function(feature) "
        "return feature == 'nvim-0.11' and 0 or has(feature) end"
    )
    editor.start(VALUE, encoding="utf-16")
    editor.open("a.py")
    editor.wait_ready()
    editor.type("ival")
    editor.sees("ue = 1")
    editor.nvim.command("Midfill restart")
    editor.until(lambda: len(editor.messages("initialize")) == 2, "no new server")
    editor.wait_ready()
    editor.type("u")
    editor.sees("e = 1")
    editor.type("<Tab>")
    editor.has(VALUE)
