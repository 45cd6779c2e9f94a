"""`midfill bundle`: a folder that installs midfill without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.terminal import answer, bars, guarded, megabytes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from engine.models.model_folder import ModelFolder
    from lsp_server.bundle.targets import BundleTarget


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `bundle`."""
    about = "write a folder that installs midfill on a machine without a network"
    one = subparsers.add_parser("bundle", help=about, description=about.capitalize() + ".")
    one.add_argument("out", type=Path, metavar="OUT", help="folder to create")
    one.add_argument(
        "--platform",
        action="append",
        metavar="NAME",
        help="such as linux-x86_64; repeat for more (default: this platform)",
    )
    one.add_argument(
        "--python",
        action="append",
        metavar="VERSION",
        help="such as 3.12; repeat for more (default: this version)",
    )
    one.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="model to include; repeat for more (default: the one in use)",
    )
    one.add_argument("--no-model", action="store_true", help="leave out the models")
    one.add_argument(
        "--source",
        type=Path,
        default=Path(__file__).resolve().parents[2],
        help="checkout to build from (default: the one this command runs from)",
    )
    one.add_argument("--json", action="store_true", help="machine-readable output")
    one.set_defaults(run=guarded(_run))


def _run(args: argparse.Namespace) -> int:
    from lsp_server.bundle.write import Order, write

    targets = _targets(args.platform, args.python)
    order = Order(args.source, targets, () if args.no_model else _models(args.model))
    with bars() as shown:
        digest = write(order, args.out, shown)
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    known = {
        "bundle": str(args.out),
        "bytes": size,
        "sha256_of_sums": digest,
        "targets": [str(target) for target in targets],
        "models": [model.path.name for model in order.models],
    }
    text = f"{args.out} ({megabytes(size)}); SHA-256 of its SHA256SUMS: {digest}"
    answer(text, known, as_json=args.json)
    return 0


def _targets(platforms: list[str] | None, pythons: list[str] | None) -> list[BundleTarget]:
    from lsp_server.bundle.errors import BundleError
    from lsp_server.bundle.targets import (
        PLATFORMS,
        PYTHONS,
        BundleTarget,
        this_platform,
        this_python,
    )

    for kind, given, known in (
        ("platform", platforms, tuple(PLATFORMS)),
        ("Python", pythons, PYTHONS),
    ):
        for word in given or ():
            if word not in known:
                raise BundleError(f"no {kind} is called {word!r}; there are: {', '.join(known)}")
    return [
        BundleTarget(platform, python)
        for platform in dict.fromkeys(platforms or [this_platform()])
        for python in dict.fromkeys(pythons or [this_python()])
    ]


def _models(names: list[str] | None) -> Sequence[ModelFolder]:
    from engine.load import wanted
    from engine.models.store import Store
    from lsp_server.settings import layers

    if not names:
        return [wanted(layers.load().settings.engine)]
    store = Store()
    return [store.find(name) for name in dict.fromkeys(names)]
