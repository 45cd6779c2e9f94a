"""`midfill try` through Textual's pilot, with the real server process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from engine.errors import MidfillError
from lsp_server import cli
from lsp_server.commands.try_app import EXAMPLE, TryApp, read
from lsp_server.commands.try_leave import LeaveScreen
from tests.conftest import PATIENCE_S
from tests.editors import pictures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

ANSWER = "with alpha as beta:\n    print(alpha)"
MODEL_S = 120.0


def app_on(path: Path, *, engine: str = f"fake:{ANSWER}") -> TryApp:
    """The editor on a file, with a server of this engine."""
    serve = (sys.executable, "-m", "lsp_server", "serve", "--stdio")
    return TryApp(path, read(path), command=(*serve, "--engine", engine))


def bytes_of(path: Path) -> bytes:
    """What the file holds."""
    return path.read_bytes()


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str = "") -> None:
    """Wait for what the server brings."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await pilot.pause(0.01)
    assert condition(), what


async def ready(pilot: Pilot[None], app: TryApp) -> None:
    """Wait for the model."""
    await until(pilot, lambda: state(app).startswith("midfill ready"))


def state(app: TryApp) -> str:
    """The line below the text."""
    return str(app.query_one("#state").render())


def screen(app: TryApp) -> list[str]:
    """The rows of the screen, as drawn."""
    return [
        "".join(segment.text for segment in strip).rstrip()
        for strip in app.screen._compositor.render_strips()
    ]


def put(path: Path, content: bytes) -> None:
    """Write a file."""
    path.write_bytes(content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of one line."""
    file = tmp_path / "a.py"
    put(file, b"x = 1\n")
    return file


async def test_ghost_text_is_typed_through_and_taken(path: Path) -> None:
    """Its lines are on the screen; Tab takes what is left; the file has exactly that."""
    app = app_on(path)
    async with app.run_test(size=(80, 12)) as pilot:
        await ready(pilot, app)
        await pilot.press("y", "space", "=", "space")
        await until(pilot, lambda: app.area.ghost.startswith(ANSWER))
        await pilot.pause()
        rows = screen(app)
        assert rows[1].endswith("y = with alpha as beta:")
        assert rows[2].endswith("       print(alpha)")
        await pilot.press("w", "i")
        await until(pilot, lambda: app.area.ghost.startswith(ANSWER[2:]))
        ghost = app.area.ghost
        await pilot.press("tab", "ctrl+s")
        assert bytes_of(path) == f"x = 1\ny = wi{ghost}".encode()
        assert "wrote a.py" in state(app)
        assert "last answer after" in state(app)
        await pilot.press("ctrl+q")


async def test_words_lines_and_undo(path: Path) -> None:
    """Pieces leave the rest in place, and each is one step back."""
    app = app_on(path)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: app.area.ghost.startswith(ANSWER))
        await pilot.press("ctrl+right")
        assert app.area.text == "x = 1\nywith"
        assert app.area.ghost.startswith(" alpha as beta:\n")
        await pilot.press("ctrl+right")
        assert app.area.text == "x = 1\nywith alpha"
        await pilot.press("ctrl+down")
        assert app.area.text == "x = 1\nywith alpha as beta:"
        assert app.area.ghost.startswith("\n    print(alpha)")
        await pilot.press("ctrl+z")
        assert app.area.text == "x = 1\nywith alpha"
        await pilot.press("ctrl+z")
        assert app.area.text == "x = 1\nywith"
        await pilot.press("ctrl+q", "d")


async def test_esc_hides_and_the_next_key_brings_it_back(path: Path) -> None:
    """And without ghost text, Tab indents."""
    app = app_on(path)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: app.area.ghost)
        await pilot.press("escape")
        assert app.area.ghost == ""
        await pilot.press("tab")
        assert app.area.text == "x = 1\ny   "
        await until(pilot, lambda: app.area.ghost)
        await pilot.press("up")
        await until(pilot, lambda: not app.area.ghost)
        await pilot.press("ctrl+q", "d")


async def test_crlf_tabs_and_emoji_stay(path: Path) -> None:
    """Byte for byte, on both sides of the cursor."""
    put(path, "s = '🙂'\r\n\tif '🙂' in s: ".encode())
    app = app_on(path, engine="fake:with a as b:\n\t\tprint(a)")
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: app.area.ghost.startswith("with a as b:\n\t\tprint(a)"))
        ghost = app.area.ghost
        await pilot.press("tab", "ctrl+s")
        taken = ghost.replace("\n", "\r\n")
        assert bytes_of(path) == f"s = '🙂'\r\n\tif '🙂' in s: y{taken}".encode()
        await pilot.press("ctrl+q")


async def test_text_that_is_not_saved_is_asked_about(path: Path) -> None:
    """Esc goes on, S writes it; and what is saved is left without a question."""
    app = app_on(path)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("y", "ctrl+q")
        assert isinstance(app.screen, LeaveScreen)
        await pilot.press("ctrl+q", "z")  # nothing but the answers counts
        assert isinstance(app.screen, LeaveScreen)
        await pilot.press("escape")
        assert (app.area.text, bytes_of(path)) == ("x = 1\ny", b"x = 1\n")
        await pilot.press("z", "ctrl+q", "s")
        await until(pilot, lambda: not app.is_running)
    assert bytes_of(path) == b"x = 1\nyz"


async def test_a_file_that_cannot_be_written_does_not_end_the_editor(tmp_path: Path) -> None:
    """S says why and goes on; nothing is lost."""
    folder = tmp_path / "gone"
    folder.mkdir()
    app = app_on(folder / "a.py")
    folder.rmdir()
    async with app.run_test() as pilot:
        await pilot.press("y", "ctrl+q", "s")
        await until(pilot, lambda: "a.py was not written" in state(app))
        assert app.is_running
        assert app.area.text == "y"
        await pilot.press("ctrl+q", "d")


@pytest.mark.parametrize(
    ("name", "content", "line", "wanted"),
    [
        ("a.py", "", "if x:", "if x:\n    "),
        ("a.py", "", "  x = 1", "  x = 1\n  "),
        ("a.ts", "if (a) {\n  b();\n}\n", "if (c) {", "if (c) {\n  "),
        ("a.go", "func a() {\n\tb()\n}\n", "func c() {", "func c() {\n\t"),
    ],
)
async def test_enter_indents_as_the_file_does(
    tmp_path: Path, name: str, content: str, line: str, wanted: str
) -> None:
    """As deep as the line before, and deeper behind what opens a block."""
    put(tmp_path / name, f"{content}{line}".encode())
    app = TryApp(tmp_path / name, content + line, command=("midfill-that-is-not-there",))
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert app.area.text == content + wanted
        await pilot.press("ctrl+q", "d")


async def test_a_key_asks_and_shows_the_next_of_a_choice(path: Path) -> None:
    """It goes around; what stands on the screen is what Tab takes."""
    app = app_on(path, engine="fake:alpha(1)|beta(2)")
    async with app.run_test(size=(120, 12)) as pilot:
        await ready(pilot, app)
        await pilot.press("y", "space", "=", "space", "escape", "ctrl+n")
        await until(pilot, lambda: " of " in state(app))
        first = app.area.ghost
        seen = [first]
        await pilot.press("ctrl+n")
        while app.area.ghost != first:
            seen.append(app.area.ghost)
            await pilot.press("ctrl+n")
        assert "beta(2)" in seen
        await pilot.press(*["ctrl+n"] * seen.index("beta(2)"), "tab")
        assert app.area.text == "x = 1\ny = beta(2)"
        await pilot.press("ctrl+q", "d")


def test_without_a_terminal_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """And what works without one; nothing is drawn."""
    assert cli.run(["try"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "needs a terminal" in err
    assert "midfill demo" in err


async def test_a_killed_server_is_started_again(path: Path) -> None:
    """It gets the text of now, and answers for it."""
    app = app_on(path)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        killed = app.server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await pilot.press("y")
        await until(pilot, lambda: "it is started again" in state(app))
        await pilot.press("z")  # nor does typing on keep it from that
        await until(pilot, lambda: app.server.pid not in {None, killed})
        await ready(pilot, app)
        await until(pilot, lambda: app.area.ghost.startswith(ANSWER))
        await pilot.press("ctrl+q", "d")


async def test_a_missing_server_is_named_and_the_text_can_be_edited(path: Path) -> None:
    """Nothing is lost, and what to do is said."""
    app = TryApp(path, read(path), command=("midfill-that-is-not-there",))
    async with app.run_test(size=(160, 12)) as pilot:
        await until(pilot, lambda: "midfill error" in state(app))
        assert "midfill-that-is-not-there" in state(app)
        assert "midfill doctor" in state(app)
        await pilot.press("y", "ctrl+s")
        assert bytes_of(path) == b"x = 1\ny"
        await pilot.press("ctrl+q")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe", "not UTF-8"), (b"a\r\nb\n", "several ways"), (b"a\x0cb\n", "several ways")],
)
def test_a_file_that_would_not_be_written_as_it_was_is_refused(
    path: Path, content: bytes, words: str
) -> None:
    """Before anything is started."""
    path.write_bytes(content)
    with pytest.raises(MidfillError, match=words):
        read(path)
    with pytest.raises(MidfillError, match="no folder"):
        read(path.parent / "nowhere" / "a.py")


@pytest.mark.model
async def test_the_real_model_writes_and_a_picture_is_made(tmp_path: Path) -> None:
    """The example's method is finished; with MIDFILL_PICTURES the screen goes into that folder."""
    path = tmp_path / "shapes.py"
    app = TryApp(path, EXAMPLE)
    async with app.run_test(size=(84, 24)) as pilot:
        async with asyncio.timeout(MODEL_S):
            while not state(app).startswith("midfill ready"):
                await pilot.pause(0.05)
        await pilot.press("r", "e")
        await until(pilot, lambda: "turn" in app.area.ghost)
        await pilot.pause(2)
        pictures.save("try.svg", app.export_screenshot())
        ghost = app.area.ghost
        await pilot.press("tab")
        assert app.area.text.endswith("re" + ghost)
        await pilot.press("ctrl+q", "d")
