"""`make` puts its environment in order, whatever became of it, and whatever pip was told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "toy-1.0-py3-none-any.whl"
    info = "toy-1.0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("toy.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\ntoy = backend:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name

def main():
    print("here")
"""
TOML = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("make") is None, reason="needs make and a POSIX shell"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The real Makefile with a package that needs nothing from anywhere."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(TOML)
    (folder / "requirements.lock").write_text("")
    return folder


def make(folder: Path, python: str = sys.executable, **variables: str) -> str:
    """What `make` printed while it put the environment in order; fails when it failed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", ".venv/run.stamp", f"PYTHON={python}"],  # noqa: S607
        cwd=folder,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def works(folder: Path) -> bool:
    """Whether the installed command runs, from this folder's code."""
    done = subprocess.run(
        [folder / ".venv" / "bin" / "toy"], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout == "here\n"


def test_an_environment_is_healed(checkout: Path, tmp_path: Path) -> None:
    """Half made, moved, of a Python that is gone, or with pip told to install elsewhere."""
    elsewhere = str(tmp_path / "elsewhere")
    make(checkout, PIP_USER="1", PIP_TARGET=elsewhere, PIP_PREFIX=elsewhere, PIP_DRY_RUN="1")
    assert works(checkout)
    assert not Path(elsewhere).exists()
    assert "up to date" in make(checkout)

    moved = checkout.rename(tmp_path / "moved")
    make(moved)
    assert works(moved)

    (pip,) = moved.glob(".venv/lib/python*/site-packages/pip")
    shutil.rmtree(pip)
    make(moved)
    assert works(moved)

    python = moved / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    make(moved)
    assert works(moved)


def test_a_python_that_does_not_do_is_named_with_the_next_step(
    checkout: Path, tmp_path: Path
) -> None:
    """Too old, or without the parts that make environments; nothing is left behind."""
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    bare = tmp_path / "python3.11"
    bare.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\nmkdir -p .venv/bin; exit 1\n'
    )
    for python, words in ((old, "Python 3.11 or newer"), (bare, "apt install python3-venv")):
        python.chmod(0o755)
        with pytest.raises(AssertionError, match=words):
            make(checkout, str(python))
        assert not (checkout / ".venv").exists()
