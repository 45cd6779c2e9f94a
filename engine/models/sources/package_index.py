"""The configured package index through pip: whichever there is, and why it failed in one line."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from engine.errors import SourceError

# brings the wheel of one requirement into an empty folder, or raises SourceError
Pip = Callable[[str, Path], None]

_BUNDLED = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
"""Runs the pip that a Python without pip brings for `venv`, without installing it."""

_REASONS = (
    re.compile(r"connection broken by '(.*)': /"),
    re.compile(r"There was a problem confirming the ssl certificate: (.*?)(?: - skipping)?$"),
    re.compile(r"(HTTP error \d+ .*)"),
    re.compile(r"(\d{3} (?:Client|Server) Error.*)"),
    re.compile(r"WARNING: (Ignored the following .*)"),
    re.compile(r"(No module named pip.*)"),
    re.compile(r"ERROR: (?!Could not find a version|No matching distribution)(.*)"),
    re.compile(r"ERROR: (.*)"),
)
"""From the cause to what follows from it: with a broken network pip ends in \"No matching
distribution\". Of one kind the last one counts."""
_OBJECT = re.compile(r"<[^<>]*object at 0x[0-9a-f]+>[:,]? ?")


def run_pip(requirement: str, folder: Path) -> None:
    """Download one wheel with pip and the user's own configuration of it.

    Args:
        requirement: such as `name==1.0`.
        folder: an existing empty folder for the wheel.

    Raises:
        SourceError: there is no pip, or it did not succeed; has its reason.
    """
    # no cache, or each wheel would stay on the disk a second time
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", str(folder)]
    call_pip(["download", *options, requirement], folder, requirement)


def call_pip(words: list[str], folder: Path, what: str) -> None:
    """Run pip to its end.

    Args:
        words: its command and options.
        folder: an existing folder for its scratch files.
        what: what it is to bring, for the error.

    Raises:
        SourceError: there is no pip, or it did not succeed; has its reason.
    """
    command = [*_pip(), *words, "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    scratch = folder / "scratch"
    scratch.mkdir()
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    process = subprocess.Popen(
        command,
        cwd=folder,  # Python imports from the working directory, which may be a project's
        env={**os.environ, **places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        output, _ = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        shutil.rmtree(scratch, ignore_errors=True)
    if process.returncode != 0:
        raise SourceError(f"pip could not download {what} ({reason_in(output)})")


def reason_in(output: str) -> str:
    """Why pip failed, in one line, from all that it printed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in _REASONS:
        for line in reversed(lines):
            if found := pattern.search(line):
                return _OBJECT.sub("", found[1]).strip()
    return lines[-1] if lines else "it said nothing"


def _pip() -> list[str]:
    """How to start pip: this environment's, the one that Python brings along, or one on the path.

    Raises:
        SourceError: there is none.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if (ensurepip := importlib.util.find_spec("ensurepip")) is not None and ensurepip.origin:
        for wheel in Path(ensurepip.origin).parent.glob("_bundled/pip-*.whl"):
            return [sys.executable, "-c", _BUNDLED, str(wheel)]
    if (found := shutil.which("pip3") or shutil.which("pip")) is not None:
        return [found]
    raise SourceError(
        f"{sys.executable} has no pip; add it (`{Path(sys.executable).name} -m ensurepip`, "
        "`uv pip install pip`), or give the file yourself with --from"
    )
