"""The plugin with `midfill serve` itself: its fake engine, and once the real model."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.editors.neovim.conftest import Editor

LOADING_S = 200.0


def serve(editor: Editor, *options: str) -> None:
    """Set the plugin up with the real server, which finds the user's models."""
    midfill = Path(sys.executable).parent / "midfill"
    if not midfill.exists():
        pytest.fail(f"{midfill} is missing: install the project into this environment")
    folders = {"XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}
    environment = {
        name: os.environ.get(name, str(Path.home() / folder)) for name, folder in folders.items()
    }
    editor.lua("vim.lsp.config('midfill', { cmd_env = ... })", environment)
    command = [str(midfill), "serve", "--stdio", *options]
    editor.lua("require('midfill').setup(...)", {"cmd": command})


def wait_loaded(editor: Editor) -> None:
    """Wait until the server says that it is ready."""
    editor.until(
        lambda: editor.lua(
            "local now = require('midfill').state() "
            "return now.state == 'ready' and require('midfill.client').serves(vim.fn.bufnr())"
        ),
        "the server did not become ready",
        LOADING_S,
    )


def test_the_real_server_answers_and_counts(editor: Editor) -> None:
    """Ghost text, words, an accept and an undo go through the real server; it counts the accept."""
    serve(editor, "--engine", "fake: = compute(1)")
    path = editor.open("a.py", b"# \xf0\x9f\x98\x80\n")
    wait_loaded(editor)
    editor.type("oresult")
    editor.until(editor.ghost, "no ghost text")
    assert editor.ghost() == " = compute(1)"
    editor.keys("<C-Right>", "<C-Right>")
    assert editor.lines() == ["# 😀", "result = compute"]
    editor.type("<Tab>")
    editor.has("# 😀", "result = compute(1)")
    editor.type("<Esc>:write<CR>")
    editor.until(lambda: b"result" in path.read_bytes(), "the file was not written")
    assert path.read_bytes() == "# 😀\nresult = compute(1)\n".encode()
    editor.nvim.command("Midfill stats")
    editor.until(lambda: "accepted" in str(editor.told()), "no statistics")
    assert re.search(r"^accepted +1$", editor.told()[-1], re.MULTILINE)
    editor.type("u")
    editor.has("# 😀", "result = compute")


def test_a_snooze_ends_when_its_user_says_so(editor: Editor) -> None:
    """The status says until when; with 0 minutes the next key brings ghost text again."""
    serve(editor, "--engine", "fake: = compute(1)")
    editor.open("a.py")
    wait_loaded(editor)
    editor.nvim.command("Midfill snooze 30")
    state = "return require('midfill').state()"
    editor.until(lambda: editor.lua(state)["state"] == "off", "not snoozed")
    assert "snoozed until" in editor.lua(state)["message"]
    editor.type("oresult")
    assert editor.ghost() is None
    editor.nvim.command("Midfill snooze 0")
    editor.until(lambda: editor.lua(state)["state"] == "ready", "still snoozed")
    editor.type("s")
    editor.until(editor.ghost, "no ghost text")
    editor.nvim.command("Midfill snooze soon")
    assert "no number of minutes: soon" in editor.told()[-1]


def test_wrong_settings_are_told(editor: Editor) -> None:
    """What the server says of a setting that it cannot use reaches the user, once."""
    midfill = str(Path(sys.executable).parent / "midfill")
    settings = {"latency": {"target_ms": "soon"}}
    command = [midfill, "serve", "--stdio", "--engine", "fake: = compute(1)"]
    editor.lua("require('midfill').setup(...)", {"cmd": command, "settings": settings})
    editor.open("a.py")
    wait_loaded(editor)
    said = [text for text in editor.told() if "latency.target_ms" in text]
    assert len(said) == 1
    assert said[0].startswith("midfill: ")
    assert "soon" in said[0]


@pytest.mark.model
def test_the_real_model_writes_in_the_editor(editor: Editor) -> None:
    """The default model's text appears behind the cursor and lands in the file as shown."""
    serve(editor)
    path = editor.open("a.py")
    wait_loaded(editor)
    editor.type("idef add(a, b):<CR>return a")
    editor.until(lambda: " + b" in (editor.ghost() or ""), "not the expected text", LOADING_S)
    shown = "\n".join(editor.lines()) + (editor.ghost() or "")
    editor.type("<Tab><Esc>:write<CR>")
    editor.until(lambda: path.read_bytes() != b"", "the file was not written")
    written = path.read_text()
    # A longer text may have come between the look and the key; it only ever extends.
    assert written.startswith(shown)
    assert "return a + b" in written


def test_the_reason_for_silence_is_shown(editor: Editor) -> None:
    """A file that the server leaves alone is off here, with the server's sentence."""
    serve(editor, "--engine", "fake: = compute(1)")
    editor.lua("require('midfill.config').values.settings = { suggestions = { max_file_kb = 1 } }")
    editor.open("large.py", b"#" * 2000 + b"\n")
    wait_silent = "return require('midfill').state()"
    editor.until(lambda: editor.lua(wait_silent)["state"] == "off", "not off")
    assert "suggestions.max_file_kb" in editor.lua(wait_silent)["message"]
    editor.nvim.command("Midfill status")
    assert "suggestions.max_file_kb" in editor.told()[-1]
    editor.open("small.py")
    wait_loaded(editor)
    editor.type("iresult")
    editor.until(editor.ghost, "no ghost text")
