"""`midfill models pull`, `add`, `export` and `import`: models to and from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ModelError, ModelMissingError, StoreError
from engine.models.catalogue import DEFAULT, entry_of
from engine.models.store import Store
from lsp_server.terminal import answer, bars, confirm, megabytes, tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from engine.models.model_folder import ModelFolder

    Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_commands(add: Add) -> None:
    """Register the commands.

    Args:
        add: makes the parser of a command from its name, its function and what it is about.
    """
    one = add("pull", _pull, "download and convert a model; does nothing if it is installed")
    one.add_argument("name", nargs="?", default=DEFAULT, help="default: %(default)s")
    one.add_argument(
        "--from",
        dest="file",
        type=Path,
        metavar="FILE",
        help="use this GGUF file instead of downloading",
    )

    one = add("add", _add, "convert a model of your own: a file, a folder or a hub repository")
    one.add_argument(
        "source",
        metavar="PATH|HUB",
        help="a GGUF file, a model folder, or OWNER/NAME[@REVISION][:FILE] on the hub",
    )
    one.add_argument("--family", help="prompt family (default: detected; refused if uncertain)")
    one.add_argument("--quantization", help="quantization of the stored weights (default: int8)")
    one.add_argument("--name", help="name in the store (default: from the source)")

    one = add("export", _export, "write a model to one archive for another machine")
    one.add_argument("name")
    one.add_argument("out", nargs="?", type=Path, help="default: NAME.midfill.tar")
    one.add_argument("--yes", action="store_true", help="overwrite without asking")

    one = add("import", _import, "install a model from an archive made by `export`")
    one.add_argument("archive", type=Path)
    one.add_argument("--name", help="name in the store (default: the archive's)")


def _pull(args: argparse.Namespace) -> int:
    from engine.models.pull import pull

    entry = entry_of(args.name)
    store = Store()
    try:
        folder = store.find(entry.name)
    except ModelMissingError:
        pass
    except StoreError:
        raise
    except ModelError as error:
        tell(f"midfill: {error}; pulling it again")
    else:
        answer(
            f"{entry.name} is already in {folder.path}",
            _facts(folder, new=False),
            as_json=args.json,
        )
        return 0
    with bars() as shown:
        folder = pull(store, entry, shown, local=args.file)
    return _arrived(folder, as_json=args.json)


def _add(args: argparse.Namespace) -> int:
    from engine.models.add import AddOptions, add

    wishes = AddOptions(args.name, args.family, args.quantization)
    with bars() as shown:
        folder = add(Store(), args.source, wishes, shown)
    return _arrived(folder, as_json=args.json)


def _export(args: argparse.Namespace) -> int:
    from engine.models.archive import export

    folder = Store().find(args.name)
    out = args.out or Path(f"{args.name}.midfill.tar")
    if out.is_dir():
        out /= f"{args.name}.midfill.tar"
    if out.exists():
        confirm(f"Overwrite {out}", yes=args.yes)
    with bars() as shown:
        digest = export(folder, out, shown)
    size = out.stat().st_size
    known = {"archive": str(out), "bytes": size, "sha256": digest}
    answer(f"{out} ({megabytes(size)}), SHA-256 {digest}", known, as_json=args.json)
    return 0


def _import(args: argparse.Namespace) -> int:
    from engine.models.archive import import_

    with bars() as shown:
        folder = import_(Store(), args.archive, shown, name=args.name)
    return _arrived(folder, as_json=args.json)


def _arrived(folder: ModelFolder, *, as_json: bool) -> int:
    text = f"{folder.path.name} is in {folder.path} ({megabytes(folder.size)})"
    answer(text, _facts(folder, new=True), as_json=as_json)
    return 0


def _facts(folder: ModelFolder, *, new: bool) -> dict[str, Any]:
    return {"name": folder.path.name, "path": str(folder.path), "bytes": folder.size, "new": new}
