"""`midfill doctor`: check each part, one line each, and say how to fix it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import midfill
from context.prompt.maker import PromptMaker
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.device.cuda import CUBLAS_MAJOR, NvidiaCuda
from engine.device.placement import check, hidden
from engine.errors import DeviceError, MidfillError, reason
from lsp_server import paths
from lsp_server.settings import layers
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.device.cuda import Cuda, GpuCard

_GIB = 1024**3
_PACKAGES = ("ctranslate2", "tokenizers", "pygls", "lsprotocol", "watchdog", "gguf")
_OWN_NAMES = ("lsp_server", "context", "engine")
_OLDEST = (3, 11)
_PROOF = "def add(a, b):\n    return"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: the check, its result, and the facts or the fix."""

    name: str
    well: bool
    words: str


def run() -> int:
    """Print all findings; returns 0 if all is well, otherwise 1."""
    findings = [finding for check in CHECKS for finding in _guarded(check)]
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FAIL'}  {finding.name:<{width}}  {finding.words}")
    return 0 if all(finding.well for finding in findings) else 1


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    name = check.__name__.removeprefix("_").replace("_", " ")
    try:
        yield from check()
    except MidfillError as error:
        yield Finding(name, well=False, words=str(error))
    except Exception as error:  # noqa: BLE001 - a doctor must not fall ill
        yield Finding(name, well=False, words=f"could not be looked at: {error!r}")


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    yield Finding(
        "python",
        well=sys.version_info >= _OLDEST,
        words=f"{version} on {platform.system()} {platform.machine()}, midfill {VERSION}",
    )


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, well=True, words=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, well=False, words="not installed; install midfill again")


def _owners() -> Iterator[Finding]:
    """Detect foreign packages of the same names, in place of ours or kept away by `midfill.py`."""
    owners = importlib.metadata.packages_distributions()
    strangers = {
        other
        for name in _OWN_NAMES
        for other in owners.get(name, ["midfill"])
        if other != "midfill"
    }
    words = "lsp_server, context and engine belong to midfill"
    if strangers:
        named = ", ".join(sorted(strangers))
        words = f"{named} owns a package of midfill's; install midfill into its own environment"
    for place in sys.path:
        shadows = [name for name in _OWN_NAMES if place != midfill.ROOT and _holds(place, name)]
        if shadows:
            words += f"; {place} has another {', '.join(shadows)}, which midfill does not use: "
            words += "take it out of PYTHONPATH if it is there"
    yield Finding("owners", well=not strangers, words=words)


def _holds(place: str, package: str) -> bool:
    start = f"{place or os.curdir}/{package}"
    return any(os.path.isfile(start + end) for end in (".py", "/__init__.py"))  # noqa: PTH113 - never raises


def _devices() -> Iterator[Finding]:
    import ctranslate2

    from engine import memory

    types = ", ".join(sorted(ctranslate2.get_supported_compute_types("cpu")))
    free = memory.available_bytes() / memory.MIB / 1024
    threads = memory.physical_threads(0)
    words = f"{threads} threads of {os.cpu_count()} processors, {free:.1f} GiB free; {types}"
    yield Finding("cpu", well="int8" in types, words=words)
    yield from cards(NvidiaCuda())


def cards(cuda: Cuda) -> Iterator[Finding]:
    """One line per card, and one for CUDA's library if there is a card."""
    try:
        found = cuda.cards()
    except DeviceError as error:
        yield Finding("gpu", well=False, words=str(error))
        return
    if not found:
        yield Finding("gpu", well=True, words=f"none found{hidden()}; the CPU is used")
    for card in found:
        yield Finding("gpu", *_card(card, cuda))
    if found:
        try:
            cuda.load_cublas()
        except DeviceError as error:
            yield Finding("cublas", well=False, words=str(error))
        else:
            yield Finding("cublas", well=True, words=f"version {CUBLAS_MAJOR} is there")


def _card(card: GpuCard, cuda: Cuda) -> tuple[bool, str]:
    memory = f"{card.free_bytes / _GIB:.1f} of {card.total_bytes / _GIB:.1f} GiB free"
    major, minor = card.capability
    facts = f"cuda:{card.index} {card.name}, {memory}, capability {major}.{minor}"
    facts += f", driver {card.driver}" if card.driver else ""
    try:
        check(card)
        return True, f"{facts}; {', '.join(sorted(cuda.compute_types(card.index)))}"
    except DeviceError as error:
        return False, f"{facts}; {error}"


def _folders() -> Iterator[Finding]:
    from engine.models.store import VARIABLE, Store

    store = Store()
    data = _writable("data folder", store.root, VARIABLE)
    if not data.well and store.names():
        words = f"{store.root} is read-only: its models serve; to add others set {VARIABLE}"
        data = Finding(data.name, well=True, words=words)
    yield data
    yield _writable("state folder", paths.state_dir(), "MIDFILL_STATE_DIR")


def _socket() -> Iterator[Finding]:
    """What a shared engine process needs: a lock, and a socket that can be met."""
    from multiprocessing.connection import Client, Listener

    from engine.host.endpoint import Endpoint

    place = Endpoint.of(f"doctor-{os.getpid()}", paths.state_dir())
    try:
        with (
            place.lock().acquire(timeout=0),
            Listener(place.address, place.family),
            Client(place.address, place.family),
        ):
            yield Finding("socket", well=True, words=f"servers share an engine in {place.folder}")
    except (OSError, NotImplementedError) as error:
        words = f"{place.address}: {reason(error)}; every editor window loads the model for itself"
        words += ", set MIDFILL_RUNTIME_DIR to a folder on a local disk"
        yield Finding("socket", well=False, words=words)
    finally:
        place.clear(lock=True)


def _writable(name: str, folder: Path, variable: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        words = f"{folder} cannot be written: {error.strerror}; make it yours, free some space, or "
        words += f"set {variable} to another folder"
        return Finding(name, well=False, words=words)
    return Finding(name, well=True, words=str(folder))


def _config_file() -> Iterator[Finding]:
    configuration = layers.load()
    there = "" if configuration.path.exists() else " (not there; the defaults are used)"
    problems = configuration.composed.problems
    words = "; ".join(problems) or f"{configuration.path}{there}"
    yield Finding("config file", well=not problems, words=words)


def _model() -> Iterator[Finding]:
    from engine.load import wanted

    folder = wanted(layers.load().settings.engine)
    words = f"{folder.manifest.name} ({folder.manifest.quantization}, {folder.size / 1e6:.0f} MB)"
    yield Finding("model", well=True, words=words)


def _completion() -> Iterator[Finding]:
    """Complete two tokens with the real model."""
    from engine.api import CancelToken, Request
    from engine.load import load, wanted

    settings = layers.load().settings
    memo = paths.state_dir() / "devices.json"
    engine = load(wanted(settings.engine).path, settings.engine, memo=memo)
    try:
        snapshot = Snapshot(
            "", "add.py", "python", 1, Text.of(_PROOF), Cursor(1, len("    return"))
        )
        prompts = PromptMaker(engine.tokenizer, engine.family, settings.prompt, 100)
        prompt = prompts.make(snapshot)
        request = Request(prompt.stable.ids, prompt.live, 2, keep=False)
        generation = engine.generate(request, lambda _: False, CancelToken())
    finally:
        engine.close()
    words = f"{engine.info.name} answers {generation.text!r} to 'def add(a, b): return'"
    words += f"; {engine.info.note}" if engine.info.note else ""
    yield Finding("completion", well=bool(generation.text), words=words)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _owners,
    _devices,
    _folders,
    _socket,
    _config_file,
    _model,
    _completion,
)
