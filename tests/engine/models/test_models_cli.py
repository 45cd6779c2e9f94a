"""`midfill models` as a user types it, with a tiny model and no network."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.models import pull as pulling
from lsp_server.commands.models import add_parser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.models.catalogue import CatalogueEntry
    from engine.models.store import Store

    Run = Callable[..., int]


@pytest.fixture
def midfill(store: Store, entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line on the empty store, with the tiny model in the catalogue."""
    assert entry.name == "tiny"
    monkeypatch.setenv("MIDFILL_DATA_DIR", str(store.root))

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser(prog="midfill")
        add_parser(parser.add_subparsers(required=True))
        args = parser.parse_args(["models", *words])
        code: int = args.run(args)
        return code

    return run


def test_pull_from_a_file_and_again(
    midfill: Run, gguf_file: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first pull installs and says where; the second says that it is there."""
    assert midfill("pull", "tiny", "--from", str(gguf_file)) == 0
    assert f"tiny is in {store.path('tiny')}" in capsys.readouterr().out
    assert midfill("pull", "tiny") == 0
    assert f"tiny is already in {store.path('tiny')}" in capsys.readouterr().out


def test_error_is_one_line_and_code_1(midfill: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What goes wrong is one line on stderr; stdout stays empty."""
    for words in (["pull", "none"], ["info", "none"], ["verify", "none"], ["remove", "none"],
                  ["pull", "tiny", "--from", "none.gguf"], ["verify"], ["remove", "../x"],
                  ["verify", "tiny"]):  # fmt: skip
        assert midfill(*words) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.strip().startswith("midfill: ")
        assert len(printed.err.strip().splitlines()) == 1


def test_interruption_is_code_130_and_says_how_to_go_on(
    midfill: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C leaves no traceback and tells that the same command continues."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pulling, "pull", interrupt)
    assert midfill("pull", "tiny") == 130
    assert "the same command continues" in capsys.readouterr().err


def test_list_and_info_tell_the_state(
    midfill: Run, gguf_file: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model is available, then installed, then damaged, in text and in JSON."""

    def state() -> Any:
        capsys.readouterr()
        assert midfill("list", "--json") == 0
        rows = json.loads(capsys.readouterr().out)
        (row,) = [row for row in rows if row["name"] == "tiny"]
        assert midfill("list") == 0
        assert f"tiny                {row['state']}" in capsys.readouterr().out
        assert midfill("info", "tiny", "--json") == 0
        assert json.loads(capsys.readouterr().out) == row
        assert midfill("info", "tiny") == 0
        assert row["state"] in capsys.readouterr().out
        return row

    assert state()["state"] == "available"
    midfill("pull", "tiny", "--from", str(gguf_file))
    row = state()
    assert (row["state"], row["family"], row["layers"]) == ("installed", "qwen2.5-coder", 2)
    (store.path("tiny") / "model.bin").write_bytes(b"")
    assert state()["state"] == "damaged"


def test_verify_reads_every_byte(
    midfill: Run, gguf_file: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """One changed byte of the same size makes verify fail and name the file."""
    midfill("pull", "tiny", "--from", str(gguf_file))
    capsys.readouterr()
    assert midfill("verify") == 0
    assert "tiny: all files are as they were made" in capsys.readouterr().out
    binary = store.path("tiny") / "model.bin"
    content = bytearray(binary.read_bytes())
    content[-5] ^= 1
    binary.write_bytes(content)
    assert midfill("verify", "tiny", "--json") == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row["ok"] is False
    assert row["defects"][0].startswith("model.bin: SHA-256 is")


def test_remove_asks_first(
    midfill: Run,
    gguf_file: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without --yes nothing is deleted unless the user agrees; no terminal means no."""
    midfill("pull", "tiny", "--from", str(gguf_file))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert midfill("remove", "tiny") == 1
    assert "Add --yes" in capsys.readouterr().err
    terminal = io.StringIO("n\ny\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert midfill("remove", "tiny") == 1
    assert store.names() == ["tiny"]
    assert midfill("remove", "tiny") == 0
    assert store.names() == []
    midfill("pull", "tiny", "--from", str(gguf_file))
    assert midfill("remove", "tiny", "--yes") == 0
    assert store.names() == []


def test_use_is_shown_and_taken_back(
    midfill: Run, gguf_file: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chosen model has the star; `auto` and removal take the choice back."""
    midfill("add", str(gguf_file), "--name", "mine", "--family", "qwen2.5-coder")
    midfill("add", str(gguf_file), "--name", "other", "--family", "qwen2.5-coder")

    def starred() -> list[str]:
        capsys.readouterr()
        midfill("list", "--json")
        return [row["name"] for row in json.loads(capsys.readouterr().out) if row["in_use"]]

    assert starred() == ["mine"]  # the first there is
    assert midfill("use", "other") == 0
    assert "running servers change to it" in capsys.readouterr().out
    assert starred() == ["other"]
    assert midfill("use", "none") == 1
    assert starred() == ["other"]
    assert midfill("use", "auto") == 0
    assert starred() == ["mine"]
    midfill("use", "other")
    midfill("remove", "other", "--yes")
    assert store.chosen() == ""
    assert starred() == ["mine"]


def test_a_setting_comes_before_use(
    midfill: Run,
    gguf_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`use` says that it will have no effect while engine.model names a model."""
    (tmp_path / "config.toml").write_text("[engine]\nmodel = 'tiny'\n")
    monkeypatch.setenv("MIDFILL_CONFIG", str(tmp_path / "config.toml"))
    midfill("pull", "tiny", "--from", str(gguf_file))
    assert midfill("use", "tiny") == 0
    assert "engine.model is set to tiny, which comes first" in capsys.readouterr().err


def test_export_and_import_make_the_same_model(
    midfill: Run,
    gguf_file: Path,
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Through an archive and back every byte is the same; overwriting asks."""
    midfill("pull", "tiny", "--from", str(gguf_file))
    before = {p.name: p.read_bytes() for p in store.path("tiny").iterdir()}
    out = tmp_path / "tiny.tar"
    capsys.readouterr()
    assert midfill("export", "tiny", str(out), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert midfill("export", "tiny", str(out)) == 1
    assert "Overwrite" in capsys.readouterr().err
    midfill("remove", "tiny", "--yes")
    capsys.readouterr()
    assert midfill("import", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    assert {p.name: p.read_bytes() for p in store.path("tiny").iterdir()} == before
    assert midfill("import", str(out), "--name", "second") == 0
    assert store.find("second").defects() == []
    assert store.find("second").manifest.name == "second"
