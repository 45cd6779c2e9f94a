"""`midfill models`: the commands that download, choose and check models.

Everything heavy is imported inside the functions, since every command builds the parser.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.errors import ModelError, ModelMissingError, StoreError
from engine.models.catalogue import CATALOGUE
from engine.models.store import AUTO, Store
from lsp_server.arguments import commands_of
from lsp_server.commands import models_transfer
from lsp_server.terminal import answer, bars, confirm, guarded, megabytes, say, tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Command = Callable[[argparse.Namespace], int]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `models` and its commands; the chosen one is `run(args) -> exit code`."""
    about = "download, list, choose and check models (only these and `bundle` use the network)"
    parser = subparsers.add_parser("models", help=about, description=about.capitalize() + ".")
    commands = commands_of(parser)

    def add(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about.capitalize() + ".")
        command.add_argument("--json", action="store_true", help="machine-readable output")
        command.set_defaults(run=guarded(run))
        return command

    add("list", _list, "list installed models and those that can be downloaded")
    add("info", _info, "show family, source, hash, size and folder of a model").add_argument("name")
    models_transfer.add_commands(add)

    one = add("use", _use, "choose the model; running servers switch to it")
    one.add_argument("name", help=f"an installed model, or {AUTO} to let midfill choose again")

    one = add("verify", _verify, "check every file of installed models against its hash")
    one.add_argument("name", nargs="?", help="default: all installed models")

    one = add("remove", _remove, "delete a model from this machine")
    one.add_argument("name")
    one.add_argument("--yes", action="store_true", help="remove without asking")


def _list(args: argparse.Namespace) -> int:
    store = Store()
    in_use = _in_use()
    rows = [facts(store, name, in_use) for name in sorted({*CATALOGUE, *store.names()})]
    if args.json:
        say(json.dumps(rows, indent=2))
        return 0
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        star = "*" if row["in_use"] else " "
        say(f"{star} {row['name']:<{width}}  {row['state']:<10} {megabytes(row['bytes']):>10}")
    return 0


def _info(args: argparse.Namespace) -> int:
    store = Store()
    if args.name not in CATALOGUE and not store.holds(args.name):
        store.find(args.name)  # raises for a name that nobody knows
    known = facts(store, args.name, _in_use())
    if args.json:
        say(json.dumps(known, indent=2))
        return 0
    width = max(len(key) for key in known)
    for key, value in known.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        shown = "not known" if value is None else shown
        say(f"{key.replace('_', ' '):<{width}}  {shown}")
    return 0


def facts(store: Store, name: str, in_use: str) -> dict[str, Any]:
    """The facts that `list` and `info` print about a model, installed or not."""
    known: dict[str, Any] = {"name": name, "state": "available", "in_use": False, "bytes": 0}
    entry = CATALOGUE.get(name)
    if entry is not None:
        known |= {
            "bytes": entry.size,
            "family": entry.family,
            "licence": entry.licence,
            "source": entry.file,
            "source_sha256": entry.sha256,
            "sources": [str(source) for source in entry.sources],
        }
    try:
        folder = store.find(name)
    except StoreError as error:
        return known | {"state": "unreadable", "reason": str(error)}
    except ModelError as error:
        return known | {"state": "damaged", "reason": str(error)} if store.holds(name) else known
    manifest = folder.manifest
    return known | {
        "state": "installed",
        "in_use": name == in_use,
        "bytes": folder.size,
        "path": str(folder.path),
        "family": manifest.family,
        "source": manifest.source,
        "source_sha256": manifest.source_sha256,
        "quantization": manifest.quantization,
        "layers": manifest.layers,
        "vocabulary": manifest.vocabulary,
        "projection": manifest.projection or manifest.vocabulary,
        "context_length": manifest.context_length or None,
        "kv_bytes_per_token": manifest.kv_bytes_per_token,
        "made_with": [f"{tool} {version}" for tool, version in sorted(manifest.tools.items())],
    }


def _in_use() -> str:
    """Name of the model that a server would run under the user's settings, or ""."""
    from engine.load import wanted
    from lsp_server.settings import layers

    try:
        return wanted(layers.load().settings.engine).path.name
    except ModelError:
        return ""


def _use(args: argparse.Namespace) -> int:
    from lsp_server.settings import layers

    store = Store()
    if args.name == AUTO:
        store.forget_choice()
        known: dict[str, Any] = {"chosen": None}
        text = "the choice is midfill's again"
    else:
        folder = store.use(args.name)
        known = {"chosen": args.name, "path": str(folder.path)}
        text = f"{args.name} is the model from now on; running servers change to it"
    answer(text, known, as_json=args.json)
    setting = layers.load().settings.engine.model
    if setting != AUTO:
        tell(f"midfill: but engine.model is set to {setting}, which comes first")
    return 0


def _verify(args: argparse.Namespace) -> int:
    store = Store()
    names = [args.name] if args.name else store.names()
    if not names:
        raise ModelMissingError("no model is installed; run `midfill models pull`")
    found: dict[str, list[str]] = {}
    unread: set[str] = set()  # of these nothing is known
    with bars() as shown:
        for name in names:
            try:
                folder = store.find(name)
                shown.start(f"checking {name}", sum(folder.manifest.sizes.values()), "bytes")
                found[name] = folder.defects(shown.at)
            except StoreError as error:
                unread.add(name)
                found[name] = [str(error)]
            except ModelError as error:
                if args.name and not store.holds(name):
                    raise
                found[name] = [str(error)]
    if args.json:
        rows = [{"name": name, "ok": not bad, "defects": bad} for name, bad in found.items()]
        say(json.dumps(rows, indent=2))
    else:
        for name, bad in found.items():
            say(f"{name}: {'; '.join(bad) if bad else 'all files are as they were made'}")
            if bad and name not in unread:
                tell(
                    f"midfill: {name} is damaged; `midfill models remove {name}`, then get it again"
                )
    return 1 if any(found.values()) else 0


def _remove(args: argparse.Namespace) -> int:
    store = Store()
    leftovers = store.downloads(args.name)
    if not store.holds(args.name) and not leftovers.exists():
        store.find(args.name)  # says what is missing, or that nobody knows the name
    confirm(f"Delete {store.path(args.name)}", yes=args.yes)
    store.remove(args.name)
    answer(f"{args.name} was deleted", {"removed": args.name}, as_json=args.json)
    return 0
