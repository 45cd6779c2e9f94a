"""A server's life: how it starts, how it ends, what it never says."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator  # noqa: TC003 - pytest-lsp reads the annotation
from typing import TYPE_CHECKING

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from lsp_server.client.jsonrpc import framed
from lsp_server.version import VERSION
from tests.conftest import PATIENCE_S
from tests.e2e.wire import INLINE, Wire

if TYPE_CHECKING:
    from pathlib import Path

SERVE = [sys.executable, "-m", "lsp_server", "serve", "--engine", "fake:return a + b"]


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[*SERVE, "--stdio"]))  # type: ignore[untyped-decorator]  # it has no types
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A typed client that checks every message against the protocol."""
    ghost = types.InlineCompletionClientCapabilities()
    document = types.TextDocumentClientCapabilities(inline_completion=ghost)
    await lsp_client.initialize_session(
        types.InitializeParams(types.ClientCapabilities(text_document=document))
    )
    yield
    await lsp_client.shutdown_session()


async def test_a_session_by_the_protocols_own_types(client: LanguageClient) -> None:
    """Initialize, open, complete, shut down: each message is what LSP says it is."""
    uri = "file:///space/app/main.py"
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri, types.LanguageKind.Python, 1, "x = \n")
        )
    )
    params = types.InlineCompletionParams(
        context=types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
        text_document=types.TextDocumentIdentifier(uri),
        position=types.Position(0, 4),
    )
    items: list[types.InlineCompletionItem] = []
    while not items:  # empty until the model is ready
        result = await client.text_document_inline_completion_async(params)
        assert isinstance(result, types.InlineCompletionList)
        items = list(result.items)
    assert items[0].insert_text == "x = return a + b"


def test_leaving_in_order_is_exit_code_0() -> None:
    """`shutdown`, then `exit`."""
    with Wire() as wire:
        wire.initialize()
        assert wire.leave() == 0


def test_exit_without_shutdown_is_exit_code_1() -> None:
    """As the protocol asks."""
    with Wire() as wire:
        wire.initialize()
        wire.notify("exit", None)
        assert wire.wait() == 1


def test_exit_before_initialize_ends_the_server() -> None:
    """The one notification that is obeyed at any time."""
    with Wire() as wire:
        wire.notify("exit", None)
        assert wire.wait() == 1


def test_a_client_that_closes_its_end_ends_the_server() -> None:
    """A dead editor leaves no server behind."""
    with Wire() as wire:
        wire.initialize()
        wire.close_stdin()
        assert wire.wait() == 1


def test_sigterm_ends_the_server() -> None:
    """In order: the engine is unloaded, no traceback is left."""
    with Wire() as wire:
        wire.initialize()
        wire.ready()
        wire.process.send_signal(signal.SIGTERM)
        assert wire.wait() in {0, 1}
    assert b"Traceback" not in wire.stderr


@pytest.mark.parametrize("by", ["argument", "initialize"])
def test_the_end_of_the_clients_process_ends_the_server(by: str) -> None:
    """Some clients keep the pipe open in a grandchild and only tell their process id."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    flags = [f"--clientProcessId={editor.pid}"] if by == "argument" else []
    with Wire(*flags) as wire:
        wire.initialize(processId=editor.pid if by == "initialize" else None)
        wire.ready()
        assert wire.process.poll() is None
        editor.communicate(b"\n")
        assert wire.wait() == 1


def test_nothing_but_protocol_comes_on_stdout() -> None:
    """An engine that prints, in Python or in C, cannot break the protocol."""
    script = textwrap.dedent("""
        import os, sys
        from engine import fake
        decode = fake.FakeEngine._decode
        def chatty(self, *arguments):
            print("hello from the engine")
            os.write(1, b"hello from C")
            return decode(self, *arguments)
        fake.FakeEngine._decode = chatty
        from lsp_server.cli import run
        sys.exit(run(["serve", *sys.argv[1:]]))
    """)
    with Wire(command=(sys.executable, "-c", script)) as wire:
        wire.initialize()
        wire.ready().open("x = \n")
        assert wire.complete(0, 4) != []
        assert wire.leave() == 0
    assert wire.stray == b""
    assert b"hello from C" in wire.stderr


def test_a_port_on_this_machine_serves_one_client() -> None:
    """`--tcp 127.0.0.1:0` takes a free port, says which, and closes it behind the client."""
    with subprocess.Popen(
        [*SERVE, "--tcp", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        found = re.search(rb"listening on 127\.0\.0\.1:(\d+)", process.stderr.readline())
        assert found
        address = ("127.0.0.1", int(found[1]))
        with socket.create_connection(address, timeout=PATIENCE_S) as connection:
            connection.sendall(framed({"id": 1, "method": "shutdown"}))
            assert b"-32002" in connection.recv(4096)
            with pytest.raises(OSError):  # noqa: PT011 - which error is the system's choice
                socket.create_connection(address, timeout=0.5).recv(1)
        assert process.wait(PATIENCE_S) == 1


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.7:80", "example.org:80", "x", "[::]:9"])
def test_no_port_is_opened_to_other_machines(address: str) -> None:
    """What is not loopback is a usage error."""
    done = subprocess.run([*SERVE, "--tcp", address], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"--tcp" in done.stderr


def test_the_version_is_told() -> None:
    """On the command line and in the handshake."""
    command = [sys.executable, "-m", "lsp_server", "--version"]
    assert subprocess.check_output(command, text=True) == f"midfill {VERSION}\n"
    with Wire("--stdio") as wire:
        assert wire.initialize()["serverInfo"] == {"name": "midfill", "version": VERSION}
        assert wire.leave() == 0


def test_the_log_holds_no_text_and_is_the_owners_alone(tmp_path: Path) -> None:
    """Even at debug: counts, names and times, never what is in a document or in an answer."""
    file = tmp_path / "logs" / "midfill.log"
    canary, answer, name = "CANARY_TEXT", "CANARY_ANSWER", "CANARY_NAME"
    uri = f"file:///space/{name}.py"
    old = os.umask(0)
    try:
        wire = Wire("--log-level", "debug", "--log-file", str(file), engine=f"fake:{answer}")
    finally:
        os.umask(old)
    with wire:
        wire.initialize()
        wire.ready().open(f"{canary} = \n", uri)
        for column in (14, 3):
            wire.complete(0, column, uri)
        wire.edit((0, 0), (0, 0), canary, uri=uri)
        wire.edit((9, 0), (0, 0), canary, uri=uri, version=99)
        wire.notify("textDocument/didChange", {"textDocument": {"uri": uri}, "text": canary})
        wire.send({"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": canary})
        wire.send_bytes(b"Content-Length: 13\r\n\r\n{" + canary.encode() + b"}")
        wire.stats()
        assert wire.leave() == 0
    log = file.read_text(encoding="utf-8")
    assert "answer" in log
    for secret in (canary, answer, name):
        assert secret not in log
        assert secret.encode() not in wire.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_log_file_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    """The server does not start without its log."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    command = [*SERVE, "--log-file", str(tmp_path / "file" / "x.log")]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert b"--log-file" in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_handshake_is_answered_before_anything_heavy_is_imported() -> None:
    """Editors start servers while a file is opened: CTranslate2 is not needed for `initialize`."""
    script = textwrap.dedent("""
        import atexit, sys
        from lsp_server.cli import run
        heavy = ("ctranslate2", "torch", "transformers", "huggingface_hub", "gguf", "requests")
        atexit.register(lambda: print([name for name in heavy if name in sys.modules],
                                      file=sys.stderr))
        sys.exit(run(["serve", *sys.argv[1:]]))
    """)
    with Wire(command=(sys.executable, "-c", script)) as wire:
        wire.ask("initialize", {"processId": None, "rootUri": None, "capabilities": INLINE})
        assert wire.leave() == 0
    assert wire.stderr.strip() == b"[]"
