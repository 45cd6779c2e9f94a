"""A bundle on a machine without network: a namespace without interfaces and an empty home."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lsp_server.cli import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model

CODE = "def add(a, b):\n    return \n"
CUT_OFF = ("unshare", "--map-root-user", "--net")


def cut_off(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run something without network, without this process' environment, in an empty home."""
    clean = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={home}", f"PYTHON={sys.executable}"]
    return subprocess.run(
        [*CUT_OFF, *clean, *words], capture_output=True, text=True, check=False, timeout=400
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, on a system that lets users make network namespaces."""
    folder = tmp_path / "home"
    folder.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this system")
    done = cut_off("true", home=folder)
    if done.returncode:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
    return folder


@pytest.mark.timeout(900)  # downloads and installs: about a minute of work, more on a busy machine
def test_a_bundle_installs_and_completes_without_network(tmp_path: Path, home: Path) -> None:
    """Made here, copied there, checked, installed, and it completes; a damaged one does not."""
    assert run(["bundle", str(tmp_path / "bundle")]) == 0
    bundle = (tmp_path / "bundle").rename(tmp_path / "elsewhere")
    seen = cut_off("cat", "/proc/net/dev", home=home).stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in seen] == ["lo"]

    script = str(bundle / "install.sh")
    stranger = bundle / "wheels" / "midfill-9.0-py3-none-any.whl"
    stranger.write_bytes(b"evil")
    refused = cut_off("sh", script, home=home)
    assert refused.returncode == 1
    assert "midfill-9.0-py3-none-any.whl: not in SHA256SUMS" in refused.stderr
    assert list(home.iterdir()) == []
    stranger.unlink()

    installed = cut_off("sh", script, home=home)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert "ok    completion" in installed.stdout
    (tmp_path / "add.py").write_text(CODE, encoding="utf-8")
    midfill = str(home / ".local/share/midfill-app/bin/midfill")
    done = cut_off(midfill, "complete", f"{tmp_path}/add.py:2:12", home=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a + b")
