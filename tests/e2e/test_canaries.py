"""Silence: nothing that a long session wrote holds a word of what it was about."""

from __future__ import annotations

import os
import random
import stat
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server import logs
from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

CANARIES = {
    "text": "CANARYTEXT",
    "answer": "CANARYANSWER",
    "file": "CANARYFILE",
    "folder": "CANARYFOLDER",
    "secret": "AKIACANARYSECRET0000",
    "other": "CANARYOTHER",
    "language": "CANARYLANGUAGE",
    "method": "CANARYMETHOD",
}
KEPT_PATHS = "recent"
"""Paths of recently accessed files are kept on purpose, for the user alone (docs/privacy.md)."""


def session(wire: Wire, root: Path) -> None:
    """All that makes a server write: edits, faults, statistics, settings, unknown messages."""
    folder = {"uri": root.as_uri(), "name": root.name}
    options = {"prompt": {"context": "repo", "max_tokens": 2000}, "engine": {"linger_s": 0}}
    wire.initialize(workspaceFolders=[folder], initializationOptions=options)
    uri = (root / f"{CANARIES['file']}.py").as_uri()
    text = f"from {CANARIES['other']} import thing\n{CANARIES['text']} = 1\n"
    text += f"key = '{CANARIES['secret']}'\n"
    wire.ready().open(text + "x = \n", uri, language=CANARIES["language"])
    dice = random.Random(7)  # noqa: S311 - the same keys every time
    for number in range(150):
        at = (3, min(4 + number, 40))
        wire.edit((3, 0), (3, 0), dice.choice("abc "), uri=uri)
        items = wire.complete(*at, uri)
        place = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 4}}
        if items and number % 10 == 0:
            wire.notify("textDocument/didShowCompletion", {"item": items[0]})
            wire.ask("workspace/executeCommand", items[0]["command"])
        if number % 25 == 0:
            wire.notify("midfill/cursorRested", place)
            wire.ask("midfill/prompt", place)
            wire.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    wire.edit((0, 0), (9, 9), CANARIES["text"], uri=uri, version=1)  # an old version
    wire.notify("textDocument/didChange", {"textDocument": {"uri": uri}, "text": CANARIES["text"]})
    wire.notify(f"x/{CANARIES['method']}", {"text": CANARIES["text"]})
    wire.notify("workspace/didChangeConfiguration", {"settings": CANARIES["text"]})
    wire.send_bytes(b"Content-Length: 12\r\n\r\n{" + CANARIES["text"].encode() + b"}")
    stats: Any = wire.stats()
    assert not [name for name in CANARIES.values() if name in str(stats)]
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert wire.leave() == 0


@pytest.mark.parametrize("engine", ["fake", "remote-fake"])
def test_nothing_that_a_session_writes_holds_its_text(tmp_path: Path, engine: str) -> None:
    """Logs at debug level, state, statistics, the host's log, stderr; all the owner's alone."""
    root, state = tmp_path / CANARIES["folder"], tmp_path / "state"
    root.mkdir()
    (root / f"{CANARIES['other']}.py").write_text("thing = 'CANARYTEXT'\n", encoding="utf-8")
    env = {
        **os.environ,
        "MIDFILL_STATE_DIR": str(state),
        "MIDFILL_RUNTIME_DIR": str(tmp_path / "run"),
    }
    log = tmp_path / "logs" / "midfill.log"
    flags = ("--log-level", "debug", "--log-file", str(log))
    old = os.umask(0)
    try:
        wire = Wire(*flags, engine=f"{engine}:{CANARIES['answer']}(a, b)", env=env)
    finally:
        os.umask(old)
    with wire:
        session(wire, root)
    written = [path for path in (*state.rglob("*"), *log.parent.rglob("*")) if path.is_file()]
    assert {"midfill.log", "statistics.sqlite", "rates.json"} <= {path.name for path in written}
    found = {
        path.name: name
        for path in written
        for name in CANARIES.values()
        if path.parent.name != KEPT_PATHS and name.encode() in path.read_bytes()
    }
    assert found == {}
    assert not [name for name in CANARIES.values() if name.encode() in wire.stderr]
    kept = [path for path in written if path.parent.name == KEPT_PATHS]
    words = b"".join(path.read_bytes() for path in kept)
    assert not [
        CANARIES[name] for name in ("text", "answer", "secret") if CANARIES[name].encode() in words
    ]
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    folders = {path.parent for path in written}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_log_is_rotated_and_the_parts_stay_the_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most three files of a limited size."""
    import logging

    monkeypatch.setattr(logs, "_MAX_BYTES", 2000)
    file = tmp_path / "x.log"
    old = os.umask(0)
    try:
        logs.set_up("info", file)
        logger = logging.getLogger("lsp_server.test")
        for number in range(200):
            logger.info("line %d", number)
    finally:
        os.umask(old)
        for name in ("lsp_server", "engine", "context"):
            for handler in logging.getLogger(name).handlers:
                handler.close()
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
    parts = sorted(tmp_path.iterdir())
    assert [path.name for path in parts] == ["x.log", "x.log.1", "x.log.2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in parts} == {0o600}
    assert all(path.stat().st_size <= 2000 for path in parts)
