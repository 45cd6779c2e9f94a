"""Write a bundle: built beside its destination, verified, and moved there in one step."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from engine.models.archive import export
from engine.models.catalogue import CATALOGUE
from engine.models.hashing import sha256_of
from lsp_server.bundle import lock, sbom, verify, wheels
from lsp_server.bundle.errors import BundleError
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.models.manifest import Manifest
    from engine.models.model_folder import ModelFolder
    from engine.models.progress import Progress
    from lsp_server.bundle.targets import BundleTarget
    from lsp_server.bundle.wheels import Wheel

SUMS = "SHA256SUMS"
_LICENCE_TEXTS = "licences"


@dataclass(frozen=True, slots=True)
class Order:
    """What goes into a bundle.

    Attributes:
        source: a checkout of midfill.
        targets: for which machines.
        models: which models.
    """

    source: Path
    targets: Sequence[BundleTarget]
    models: Sequence[ModelFolder]


def write(order: Order, out: Path, progress: Progress) -> str:
    """Write a bundle.

    Args:
        order: what goes into it.
        out: the folder to make; it must not be there yet, or be empty.
        progress: told what is done.

    Returns:
        SHA-256 of its `SHA256SUMS`, which stands for all of it.

    Raises:
        BundleError: a part cannot be had, or the folder cannot be written.
        ModelError: a model is damaged.
    """
    out = out.resolve()
    try:
        if out.exists() and any(out.iterdir()):
            raise BundleError(f"{out} is there and not empty; choose another folder")
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
            draft = Path(scratch) / "bundle"
            draft.mkdir()
            digest = _fill(draft, Path(scratch), order, progress)
            if out.exists():
                out.rmdir()
            draft.rename(out)
    except OSError as error:
        raise BundleError(
            f"{error.filename or out}: {error.strerror}; choose a folder with rights and space"
        ) from error
    return digest


def _fill(draft: Path, scratch: Path, order: Order, progress: Progress) -> str:
    found = _wheels(draft / "wheels", scratch, order, progress)
    _requirements(draft, lock.read(order.source / "requirements.lock"), found)
    models = _models(draft / "models", order.models, progress)
    editors = _editors(draft / "editors", order.source / "editors")
    _licences(draft / "licences", found, models, order.source)
    bill = sbom.document(found, models, _now())
    (draft / "sbom.cdx.json").write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    _scripts(draft, order, models, editors)
    return _sums(draft, progress)


def _wheels(folder: Path, scratch: Path, order: Order, progress: Progress) -> list[Wheel]:
    """Midfill's wheel and those of all targets, each file once."""
    folder.mkdir()
    pins = lock.read(order.source / "requirements.lock")
    own = wheels.build_own(order.source, folder)
    kept = {own.path.name: own}
    for number, target in enumerate(order.targets):
        progress.note(f"wheels for {target}")
        arrived = scratch / f"target-{number}"
        arrived.mkdir()
        for wheel in wheels.closure(own, wheels.bring(pins, target, arrived), target):
            if wheel.path.name not in kept:
                wheel.path.replace(folder / wheel.path.name)
                kept[wheel.path.name] = wheels.read(folder / wheel.path.name)
        shutil.rmtree(arrived)
    return [kept[name] for name in sorted(kept)]


def _requirements(draft: Path, pins: list[lock.Pin], found: list[Wheel]) -> None:
    """The requirements file for the other machine: exactly these wheels."""
    hashes: dict[tuple[str, str], list[str]] = {}
    for wheel in found:
        hashes.setdefault((wheel.name, wheel.version), []).append(wheel.sha256)
    own = next(wheel for wheel in found if wheel.name == wheels.ROOT)
    lines = [lock.Pin(own.name, own.version, "", frozenset()).line([own.sha256])]
    lines += [
        pin.line(hashes[pin.name, pin.version]) for pin in pins if (pin.name, pin.version) in hashes
    ]
    (draft / "requirements.txt").write_text("".join(lines), encoding="utf-8")


def _models(
    folder: Path, models: Sequence[ModelFolder], progress: Progress
) -> list[tuple[Manifest, str, str]]:
    """Archives of the models; each with its hash, and its licence where the catalogue has it."""
    folder.mkdir()
    rows = []
    for model in models:
        name = model.path.name
        digest = export(model, folder / f"{name}.midfill.tar", progress)
        entry = CATALOGUE.get(name)
        same = entry is not None and entry.sha256 == model.manifest.source_sha256
        rows.append((model.manifest, digest, entry.licence if entry and same else ""))
    return rows


def _editors(folder: Path, source: Path) -> str:
    """The plugins; says which there are."""
    folder.mkdir()
    shutil.copytree(source / "neovim", folder / "neovim")
    built = sorted((source / "vscode").glob("*.vsix"))
    if not built:
        return "Neovim; the VS Code extension was not built when this bundle was made"
    (folder / "vscode").mkdir()
    shutil.copy(source / "vscode" / "README.md", folder / "vscode")
    for file in built:
        shutil.copy(file, folder / "vscode")
    return "Neovim, VS Code"


def _licences(
    folder: Path, found: Iterable[Wheel], models: Iterable[tuple[Manifest, str, str]], source: Path
) -> None:
    """Every licence file, and an index that names the licence of everything."""
    folder.mkdir()
    lines: dict[str, str] = {}
    for wheel in found:
        place = f"{wheel.name}-{wheel.version}"
        files = dict(wheels.licence_files(wheel))
        for name, content in files.items():
            (folder / place).mkdir(exist_ok=True)
            (folder / place / name).write_bytes(content)
        where = f"{place}/" if files else "its wheel has no licence file"
        lines[place] = f"{wheel.name} {wheel.version}: {wheel.licence} ({where})"
    for manifest, _, licence in models:
        text = Path(__file__).with_name(_LICENCE_TEXTS) / f"{licence}.txt"
        where = "as its maker gave it"
        if licence and text.is_file():
            shutil.copy(text, folder)
            where = text.name
        lines[manifest.name] = f"model {manifest.name}: {licence or 'not known'} ({where})"
    shutil.copy(source / "LICENSE", folder / "midfill-LICENSE.txt")
    index = "".join(f"{lines[key]}\n" for key in sorted(lines))
    (folder / "INDEX.txt").write_text(index, encoding="utf-8")


def _scripts(
    draft: Path, order: Order, models: Sequence[tuple[Manifest, str, str]], editors: str
) -> None:
    own = resources.files("lsp_server.bundle")
    words = {
        "@PYTHONS@": " ".join(sorted({target.python for target in order.targets})),
        "@VERSION@": VERSION,
        "@TARGETS@": "; ".join(map(str, order.targets)),
        "@MODELS@": ", ".join(manifest.name for manifest, _, _ in models) or "none",
        "@EDITORS@": editors,
    }
    names = {"readme.txt": "README.txt"}
    for file in ("install.sh", "install.ps1", "verify.py", "readme.txt"):
        text = own.joinpath(file).read_text(encoding="utf-8")
        for mark, value in words.items():
            text = text.replace(mark, value)
        (draft / names.get(file, file)).write_text(text, encoding="utf-8")
    (draft / "install.sh").chmod(0o755)


def _sums(draft: Path, progress: Progress) -> str:
    """Write the hashes of all files, then verify them as the other machine will."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    progress.start("hashing", sum(path.stat().st_size for path in files), "bytes")
    lines, done = [], 0
    for path in files:
        digest = sha256_of(path, lambda count, before=done: progress.at(before + count))  # type: ignore[misc]
        lines.append(f"{digest}  {path.relative_to(draft).as_posix()}\n")
        done += path.stat().st_size
    sums = draft / SUMS
    sums.write_text("".join(lines), encoding="utf-8")
    return verify.sha256_of(sums)


def _now() -> datetime:
    """The creation time; `SOURCE_DATE_EPOCH` makes it reproducible."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
