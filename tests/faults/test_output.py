"""Where output goes wrong: letters that a terminal does not know, full devices, closed pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.servers import env


def command(*words: str, **popen: Any) -> subprocess.CompletedProcess[bytes]:
    """A command as people run it."""
    whole = [sys.executable, "-m", "lsp_server", *words]
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "env": dict(os.environ)}
    given |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen
    given["env"].pop("PYTHONUNBUFFERED", None)  # with it, argparse hides what it cannot write
    return subprocess.run(whole, check=False, **given)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", ["süß-日本.toml", "odd-\udcff.toml"])
def test_a_terminal_that_does_not_know_a_letter_gets_another(
    tmp_path: Path, encoding: str, name: str
) -> None:
    """Paths of any letters and bytes, in the encodings of old terminals and odd locales."""
    config = tmp_path / name
    config.write_bytes(b"# viele \xc3\xa4\n")
    variables = env(CONFIG=config, STATE_DIR=tmp_path / f"state-{name}")
    variables = {**variables, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for words in (["config"], ["config", "--json"], ["config", "--markdown"], ["stats"]):
        done = command(*words, env=variables)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        (done.stdout + done.stderr).decode(encoding)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("words", [["config"], ["--help"], ["models", "list"], ["--version"]])
def test_output_to_a_full_device_is_an_error_in_one_line(words: list[str]) -> None:
    """Where the errors can be written; where they cannot, the exit code alone says it."""
    with Path("/dev/full").open("wb") as full:
        done = command(*words, stdout=full)
        assert done.returncode == 1
        lines = [line for line in done.stderr.decode().splitlines() if "config file" not in line]
        assert lines == ["midfill: the output cannot be written: No space left on device"]
        assert command(*words, stdout=full, stderr=full).returncode


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """As with `midfill config | head -1`."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = command("config", "--markdown", stdout=theirs)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")
