"""`midfill models`: the only command family that may touch a network.

Everything heavy is imported inside the functions, since every command builds the parser.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from engine.errors import MidfillError, ModelError, ModelMissingError, StoreError
from engine.models.catalogue import CATALOGUE, DEFAULT, entry_of
from engine.models.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from engine.models.progress import Unit

    Command = Callable[[argparse.Namespace], int]

INTERRUPTED = 130


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `models` and its commands; the chosen one is `run(args) -> exit code`."""
    about = "get, list and check models (the only commands that use a network)"
    parser = subparsers.add_parser("models", help=about, description=about.capitalize() + ".")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about.capitalize() + ".")
        command.set_defaults(run=_guarded(run))
        return command

    one = add("pull", _pull, "download and convert a model; does nothing when it is there")
    one.add_argument("name", nargs="?", default=DEFAULT, help="default: %(default)s")
    one.add_argument("--from", dest="file", type=Path, metavar="FILE", help="GGUF file to use")

    one = add("list", _list, "all models: those on this machine and those that can be pulled")
    one.add_argument("--json", action="store_true", help="machine-readable output")

    one = add("info", _info, "what is known about a model")
    one.add_argument("name")
    one.add_argument("--json", action="store_true", help="machine-readable output")

    one = add("verify", _verify, "check every file of installed models against its hash")
    one.add_argument("name", nargs="?", help="default: all installed models")
    one.add_argument("--json", action="store_true", help="machine-readable output")

    one = add("remove", _remove, "delete a model from this machine")
    one.add_argument("name")
    one.add_argument("--yes", action="store_true", help="do not ask")


def _guarded(run: Command) -> Command:
    def guarded(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except MidfillError as error:
            _say(f"midfill: {error}", sys.stderr)
            return 1
        except KeyboardInterrupt:
            _say("midfill: interrupted; the same command continues where this one stopped")
            return INTERRUPTED

    return guarded


def _pull(args: argparse.Namespace) -> int:
    from engine.models.pull import pull

    entry = entry_of(args.name)
    store = Store()
    try:
        folder = store.find(entry.name)
    except ModelMissingError:
        pass
    except ModelError as error:
        _say(f"midfill: {error}; pulling it again")
    else:
        _say(f"{entry.name} is already in {folder.path}", sys.stdout)
        return 0
    with _bars() as bars:
        folder = pull(store, entry, bars, local=args.file)
    _say(f"{entry.name} is in {folder.path} ({_bytes(folder.size)})", sys.stdout)
    return 0


def _list(args: argparse.Namespace) -> int:
    store = Store()
    rows = [_facts(store, name) for name in sorted({*CATALOGUE, *store.names()})]
    if args.json:
        _say(json.dumps(rows, indent=2), sys.stdout)
        return 0
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        star = "*" if row["name"] == DEFAULT else " "
        size = _bytes(row["bytes"])
        _say(f"{star} {row['name']:<{width}}  {row['state']:<10} {size:>9}", sys.stdout)
    return 0


def _info(args: argparse.Namespace) -> int:
    store = Store()
    if args.name not in CATALOGUE:
        store.find(args.name)  # raises for a name that nobody knows
    facts = _facts(store, args.name)
    if args.json:
        _say(json.dumps(facts, indent=2), sys.stdout)
        return 0
    width = max(len(key) for key in facts)
    for key, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        _say(f"{key.replace('_', ' '):<{width}}  {shown}", sys.stdout)
    return 0


def _facts(store: Store, name: str) -> dict[str, Any]:
    """What `list` and `info` say about a model, whether it is installed or not."""
    facts: dict[str, Any] = {"name": name, "state": "available", "bytes": 0}
    entry = CATALOGUE.get(name)
    if entry is not None:
        facts |= {
            "bytes": entry.size,
            "family": entry.family,
            "licence": entry.licence,
            "source": entry.file,
            "source_sha256": entry.sha256,
            "sources": [str(source) for source in entry.sources],
        }
    try:
        folder = store.find(name)
    except ModelError as error:
        if store.path(name).exists():
            facts |= {"state": "damaged", "reason": str(error)}
        return facts
    manifest = folder.manifest
    return facts | {
        "state": "installed",
        "bytes": folder.size,
        "path": str(folder.path),
        "family": manifest.family,
        "source": manifest.source,
        "source_sha256": manifest.source_sha256,
        "quantization": manifest.quantization,
        "layers": manifest.layers,
        "vocabulary": manifest.vocabulary,
        "kv_bytes_per_token": manifest.kv_bytes_per_token,
        "made_with": [f"{tool} {version}" for tool, version in sorted(manifest.tools.items())],
    }


def _verify(args: argparse.Namespace) -> int:
    store = Store()
    names = [args.name] if args.name else store.names()
    if not names:
        raise ModelMissingError("no model is installed; run `midfill models pull`")
    found: dict[str, list[str]] = {}
    with _bars() as bars:
        for name in names:
            try:
                folder = store.find(name)
            except ModelError as error:
                if args.name and not store.path(name).exists():
                    raise
                found[name] = [str(error)]
                continue
            bars.start(f"checking {name}", sum(folder.manifest.sizes.values()), "bytes")
            found[name] = folder.defects(bars.at)
    if args.json:
        rows = [{"name": name, "ok": not bad, "defects": bad} for name, bad in found.items()]
        _say(json.dumps(rows, indent=2), sys.stdout)
    else:
        for name, bad in found.items():
            _say(
                f"{name}: {'; '.join(bad) if bad else 'all files are as they were made'}",
                sys.stdout,
            )
            if bad:
                _say(f"midfill: {name} is damaged; `midfill models remove {name}`, then pull it")
    return 1 if any(found.values()) else 0


def _remove(args: argparse.Namespace) -> int:
    store = Store()
    path = store.path(args.name)
    leftovers = store.downloads(args.name)
    if not path.exists() and not leftovers.exists():
        store.find(args.name)  # says what is missing, or that nobody knows the name
    if not args.yes:
        if not sys.stdin.isatty():
            raise StoreError(f"{path} was not deleted: add --yes, there is no terminal to ask at")
        answer = input(f"Delete {path}? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            _say("nothing was deleted", sys.stdout)
            return 1
    store.remove(args.name)
    _say(f"{args.name} was deleted", sys.stdout)
    return 0


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stderr)


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


class _Bars:
    """Progress as bars on stderr, one per phase: bytes in MB, layers by count."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._total = 0
        self._unit: Unit = "bytes"

    def start(self, label: str, total: int, unit: Unit) -> None:
        if self._task is not None:
            self._bars.stop_task(self._task)
        self._total, self._unit = total, unit
        self._task = self._bars.add_task(label, total=total, amount=self._amount(0))

    def at(self, done: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, amount=self._amount(done))

    def note(self, message: str) -> None:
        self._bars.console.print(f"midfill: {message}", markup=False, highlight=False)

    def _amount(self, done: int) -> str:
        if self._unit == "bytes":
            return f"{done / 1e6:,.1f} / {_bytes(self._total)}"
        return f"{done} / {self._total} {self._unit}"


@contextmanager
def _bars() -> Iterator[_Bars]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    amount = TextColumn("{task.fields[amount]}")
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _Bars(bars)
