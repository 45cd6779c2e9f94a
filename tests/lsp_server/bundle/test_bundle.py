"""The parts of a bundle: lock, wheels, bill of materials, licences, sums. No network, no pip."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from engine.models.manifest import Manifest
from engine.models.progress import Silent
from lsp_server.bundle import lock, sbom, verify, wheels, write
from lsp_server.bundle.errors import BundleError
from lsp_server.bundle.targets import PLATFORMS, PYTHONS, BundleTarget
from lsp_server.cli import run
from lsp_server.commands import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
LINUX = BundleTarget("linux-x86_64", "3.11")
WINDOWS = BundleTarget("windows-x86_64", "3.13")
DIGEST = "ab" * 32


def make_wheel(
    folder: Path, name: str, version: str = "1.0", *lines: str, licence: bytes | None = b"mine"
) -> wheels.Wheel:
    """A wheel with these further lines of metadata."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", text + "\n")
        if licence is not None:
            archive.writestr(f"{info}/licenses/sub/LICENSE", licence)
    return wheels.read(path)


def write_lock(folder: Path, *lines: str) -> Path:
    """A lock with these lines."""
    path = folder / "requirements.lock"
    path.write_text("".join(f"{line} \\\n    --hash=sha256:{DIGEST}\n" for line in lines))
    return path


def test_the_real_lock_is_understood() -> None:
    """Every line is a pin; markers decide by target."""
    pins = {(pin.name, pin.version): pin for pin in lock.read(ROOT / "requirements.lock")}
    names = {name for name, _ in pins}
    assert {"ctranslate2", "numpy", "pygls", "tokenizers"} <= names
    (colorama,) = (pin for pin in pins.values() if pin.name == "colorama")
    assert colorama.is_for(WINDOWS)
    assert not colorama.is_for(LINUX)
    for target in (BundleTarget(platform, python) for platform in PLATFORMS for python in PYTHONS):
        chosen = [pin.name for pin in pins.values() if pin.is_for(target)]
        assert len(chosen) == len(set(chosen)), target  # one version of each on each target


def test_the_lock_and_its_pins_name_no_address() -> None:
    """What is written into a bundle holds names, versions, markers and hashes."""
    for pin in lock.read(ROOT / "requirements.lock"):
        assert "://" not in pin.line(pin.hashes)
        assert Requirement(pin.line([]).strip()).name


@pytest.mark.parametrize("line", ["a", "a>=1", "a==1,<2", "a @ file:///x", "=="])
def test_lines_that_are_no_pins_are_named(tmp_path: Path, line: str) -> None:
    """The file and the line are in the error."""
    path = write_lock(tmp_path, line)
    with pytest.raises(BundleError, match=rf"{re.escape(str(path))}: .*run `make lock`"):
        lock.read(path)


def test_a_pin_without_hash_and_a_missing_lock_are_errors(tmp_path: Path) -> None:
    """A lock that would let anything through is none."""
    (tmp_path / "requirements.lock").write_text("a==1\n")
    with pytest.raises(BundleError, match="no pin with hashes"):
        lock.read(tmp_path / "requirements.lock")
    with pytest.raises(BundleError, match="run it in a checkout of midfill"):
        lock.read(tmp_path / "none")


def test_closure_has_what_is_needed_and_no_more(tmp_path: Path) -> None:
    """Markers, extras and requirements of requirements are followed; the rest is left out."""
    own = make_wheel(
        tmp_path, "midfill", "1.0", "Requires-Dist: a[more]>=1", "Requires-Dist: w; os_name=='nt'"
    )
    found = [
        make_wheel(tmp_path, "a", "1.5", "Requires-Dist: b; extra=='more'", "Provides-Extra: more"),
        make_wheel(tmp_path, "b", "2.0", "Requires-Dist: A_", "Requires-Dist: c; extra=='x'"),
        make_wheel(tmp_path, "c"),
        make_wheel(tmp_path, "w"),
        make_wheel(tmp_path, "a_", "0.1"),
    ]

    def names(target: BundleTarget) -> list[str]:
        return [wheel.name for wheel in wheels.closure(own, found, target)]

    assert names(LINUX) == ["a", "a-", "b", "midfill"]
    assert names(WINDOWS) == ["a", "a-", "b", "midfill", "w"]


def test_what_is_missing_or_too_old_is_named(tmp_path: Path) -> None:
    """An incomplete lock never becomes a bundle."""
    own = make_wheel(tmp_path, "midfill", "1.0", "Requires-Dist: a>=2")
    with pytest.raises(BundleError, match=r"midfill needs a>=2 on linux.*the lock has none"):
        wheels.closure(own, [], LINUX)
    with pytest.raises(BundleError, match=r"the lock has 1\.0; run `make lock`"):
        wheels.closure(own, [make_wheel(tmp_path, "a")], LINUX)


@pytest.mark.parametrize(
    ("lines", "words", "is_spdx"),
    [
        (["License-Expression: MIT OR Apache-2.0"], "MIT OR Apache-2.0", True),
        (["Classifier: License :: OSI Approved :: MIT License"], "MIT License", False),
        (["License: BSD"], "BSD", False),
        ([], "see its files", False),
    ],
)
def test_licences_are_as_the_metadata_say(
    tmp_path: Path, lines: list[str], words: str, *, is_spdx: bool
) -> None:
    """An SPDX expression where there is one, else what there is."""
    wheel = make_wheel(tmp_path, "a", "1.0", *lines)
    assert (wheel.licence, wheel.is_spdx) == (words, is_spdx)
    assert dict(wheels.licence_files(wheel)) == {"licenses-sub-LICENSE": b"mine"}


def test_what_is_no_wheel_is_named(tmp_path: Path) -> None:
    """A wrong name, a file that is no archive, an archive without metadata."""
    for name in ("odd.whl", "a-1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(BundleError, match="is no readable wheel"):
            wheels.read(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "b-1.0-py3-none-any.whl", "w"):
        pass
    with pytest.raises(BundleError, match="is no readable wheel"):
        wheels.read(tmp_path / "b-1.0-py3-none-any.whl")


def test_bill_of_materials_is_cyclonedx(tmp_path: Path) -> None:
    """The parts that the CycloneDX 1.5 schema requires, and references that all lead somewhere."""
    found = [
        make_wheel(tmp_path, "midfill", "0.1", "Requires-Dist: a", "License-Expression: MIT"),
        make_wheel(tmp_path, "a", "1.0", "License: BSD"),
        make_wheel(tmp_path, "a", "2.0", "License: BSD"),
    ]
    manifest = Manifest("m", "qwen2.5-coder", "x.gguf", DIGEST, "int8", 1, 8, 10)
    when = datetime(2030, 1, 2, tzinfo=UTC)
    bill = sbom.document(found, [(manifest, DIGEST, "Apache-2.0")], when)
    assert bill == json.loads(
        json.dumps(sbom.document(found, [(manifest, DIGEST, "Apache-2.0")], when))
    )
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert bill["metadata"]["timestamp"] == "2030-01-02T00:00:00+00:00"
    components: list[dict[str, Any]] = bill["components"]
    assert {it["type"] for it in components} == {"application", "library", "machine-learning-model"}
    assert all(it["name"] and it["version"] and it["licenses"] for it in components)
    refs = [it["bom-ref"] for it in components]
    assert refs == ["pkg:pypi/midfill@0.1", "pkg:pypi/a@1.0", "pkg:pypi/a@2.0", "model:m"]
    digests = [it["externalReferences"][0]["hashes"][0] for it in components[:3]]
    assert digests == [{"alg": "SHA-256", "content": wheel.sha256} for wheel in found]
    graph = {row["ref"]: row["dependsOn"] for row in bill["dependencies"]}
    assert graph["pkg:pypi/midfill@0.1"] == refs[1:3]
    top = bill["metadata"]["component"]["bom-ref"]
    assert graph.keys() == {*refs, top}
    assert graph[top] == sorted(refs)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a bundle takes from a checkout, beside midfill's wheel."""
    source = tmp_path / "checkout"
    (source / "editors" / "vscode").mkdir(parents=True)
    (source / "editors" / "neovim").mkdir()
    (source / "editors" / "neovim" / "README.md").write_text("how to")
    (source / "editors" / "vscode" / "README.md").write_text("how to")
    (source / "LICENSE").write_text("MIT")
    write_lock(source, "a==1.0", "w==1.0 ; os_name == 'nt'", "builder==1.0")
    return source


@pytest.fixture
def make(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a bundle of tiny wheels to `out`, with a pip that only makes them."""

    def build(_: Path, folder: Path) -> wheels.Wheel:
        return make_wheel(
            folder, "midfill", "0.1", "Requires-Dist: a", "Requires-Dist: w; os_name=='nt'"
        )

    def bring(pins: list[lock.Pin], target: BundleTarget, folder: Path) -> list[wheels.Wheel]:
        return [make_wheel(folder, pin.name, pin.version) for pin in pins if pin.is_for(target)]

    monkeypatch.setattr(wheels, "build_own", build)
    monkeypatch.setattr(wheels, "bring", bring)

    def run(*targets: BundleTarget) -> str:
        return write.write(write.Order(checkout, targets, ()), tmp_path / "out", Silent())

    return run


def test_a_bundle_holds_what_it_promises(make: Callable[..., str], tmp_path: Path) -> None:
    """Wheels of all targets but not what builds them, requirements with their hashes, sums."""
    out = tmp_path / "out"
    digest = make(LINUX, WINDOWS)
    assert digest == verify.sha256_of(out / "SHA256SUMS")
    assert {path.name[0] for path in (out / "wheels").iterdir()} == {"m", "a", "w"}
    wanted = (out / "requirements.txt").read_text()
    assert 'w==1.0 ; os_name == "nt" \\' in wanted
    assert "builder" not in wanted
    for path in (out / "wheels").iterdir():
        assert wheels.read(path).sha256 in wanted
    assert verify.defects(out) == []
    index = (out / "licences" / "INDEX.txt").read_text()
    assert "a 1.0: see its files (a-1.0/)" in index
    assert "the VS Code extension was not built" in (out / "README.txt").read_text()
    assert 'supported="3.11 3.13"' in (out / "install.sh").read_text()
    assert json.loads((out / "sbom.cdx.json").read_text())["components"]
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".")] == []


def test_a_built_extension_is_taken_along(
    make: Callable[..., str], checkout: Path, tmp_path: Path
) -> None:
    """A .vsix beside the extension's source."""
    (checkout / "editors" / "vscode" / "midfill-0.1.vsix").write_bytes(b"x")
    make(LINUX)
    assert (tmp_path / "out" / "editors" / "vscode" / "midfill-0.1.vsix").is_file()


def test_a_folder_with_something_in_it_is_left_alone(
    make: Callable[..., str], tmp_path: Path
) -> None:
    """Nothing is overwritten, and a failure leaves nothing."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(BundleError, match="not empty; choose another folder"):
        make(LINUX)
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_failure_leaves_nothing(make: Callable[..., str], checkout: Path, tmp_path: Path) -> None:
    """An incomplete lock is seen in the middle; no folder is left."""
    write_lock(checkout, "builder==1.0")
    with pytest.raises(BundleError, match="midfill needs a"):
        make(LINUX)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["checkout"]


def test_every_kind_of_damage_is_seen_before_installing(
    make: Callable[..., str], tmp_path: Path
) -> None:
    """A changed, a missing, an extra and a linked file: each stops the script."""
    make(LINUX)
    good = tmp_path / "out"

    def said(damage: Callable[[Path], object]) -> str:
        bad = tmp_path / "bad"
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(good, bad)
        damage(bad)
        words = [sys.executable, "-I", "-B", str(bad / "verify.py")]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == (1 if done.stderr else 0)
        return done.stderr

    assert said(lambda _: None) == ""
    assert said(lambda bad: (bad / "requirements.txt").write_text("evil")).startswith(
        "requirements.txt: not the file that was bundled"
    )
    assert said(lambda bad: (bad / "README.txt").unlink()) == "README.txt: missing\n"
    extra = said(lambda bad: (bad / "wheels" / "a-9.0-py3-none-any.whl").write_text("evil"))
    assert extra == "wheels/a-9.0-py3-none-any.whl: not in SHA256SUMS\n"
    assert "x: a link" in said(lambda bad: (bad / "x").symlink_to("/etc/passwd"))


def test_unknown_targets_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists those that there are."""
    out = str(tmp_path / "out")
    assert run(["bundle", out, "--platform", "amiga"]) == 1
    assert "no platform is called 'amiga'; there are: linux-x86_64" in capsys.readouterr().err
    assert run(["bundle", out, "--python", "2.7"]) == 1
    assert "no Python is called '2.7'; there are: 3.11" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_midfill_is_built_from_the_checkout_without_network(tmp_path: Path) -> None:
    """The real builder: a wheel with the installers inside, and a command."""
    wheel = wheels.build_own(ROOT, tmp_path)
    assert wheel.name == "midfill"
    with zipfile.ZipFile(wheel.path) as archive:
        names = archive.namelist()
    assert {"lsp_server/bundle/install.sh", "lsp_server/bundle/install.ps1"} <= set(names)
    assert not [name for name in names if name.startswith("tests")]
    with pytest.raises(BundleError, match="could not be built"):
        wheels.build_own(tmp_path, tmp_path)


def test_parser_defaults_to_this_machine() -> None:
    """Without options: this platform, this Python."""
    (target,) = bundle._targets(None, None)
    assert target.platform in PLATFORMS
    assert target.python in PYTHONS
