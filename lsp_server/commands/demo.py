"""`midfill demo`: type into a real server process and print its ghost text."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from engine.errors import MidfillError, reason
from lsp_server.client.connection import SERVE, Client
from lsp_server.commands.demo_typist import DemoTypist, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsp_server.commands.demo_typist import DemoOffer

FILES = Path(__file__).with_name("demo_files")
_READY_S = 120.0
_OPTIONS = {"growing": True, "status": True, "statistics": {"enabled": False}}
"""Nobody accepts what a demo shows, so it counts for nothing."""


@dataclass(frozen=True, slots=True)
class DemoScene:
    """What is typed at the end of a file of `FILES`."""

    file: str
    typed: str


SCENES = (
    DemoScene("orders.py", "def print_report(orders: list[Order]) -> None:\n    "),
    DemoScene("tasks.ts", "// Returns the sum of minutes of all tasks that are not done.\n"),
    DemoScene("words.go", "// Count returns how often each word occurs in a text.\n"),
)


def run(file: Path | None, command: Sequence[str] = SERVE) -> int:
    """Type into a file, or into those that midfill ships, and print what a real server offers.

    Args:
        file: typed into at several places; it is not written.
        command: starts the server.

    Raises:
        MidfillError: the file cannot be read, or the server does not come up.
    """
    if file is not None:
        try:
            source = file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise MidfillError(f"{file}: {why}; give a source file in UTF-8") from error
        return asyncio.run(_demo(file.resolve(), source, command))
    with tempfile.TemporaryDirectory(prefix="midfill-demo-") as folder:
        # copied: where midfill is installed, files are often ignored by git and by midfill
        shutil.copytree(FILES, folder, dirs_exist_ok=True)
        return asyncio.run(_demo(Path(folder).resolve(), None, command))


async def _demo(path: Path, source: str | None, command: Sequence[str]) -> int:
    console = Console(highlight=False)
    started = perf_counter()
    root = path if source is None else path.parent
    client = await Client.start(command, root)
    offers: list[DemoOffer] = []
    try:
        await client.initialize([root], _OPTIONS)
        engine = await _until_ready(client)
        console.print(f"{engine}, ready after {perf_counter() - started:.1f} s")
        console.print("  | you type    + midfill suggests    in a line of both, ‸ stands between\n")
        if source is None:
            for scene in SCENES:
                console.print(Text(scene.file, style="bold cyan"))
                text = (root / scene.file).read_text("utf-8").rstrip() + "\n\n\n"
                typist = DemoTypist(client, root / scene.file, text)
                offers.append(await typist.type_at_end(scene.typed))
                _print(console, offers[-1])
        else:
            typist = DemoTypist(client, path, source)
            for place in places(source):
                console.print(Text(f"{path.name}:{place.line + 1}", style="bold cyan"))
                offers.append(await typist.type_at(place))
                _print(console, offers[-1])
    finally:
        await client.stop()
    return _sum_up(console, offers)


async def _until_ready(client: Client) -> str:
    end = perf_counter() + _READY_S
    while perf_counter() < end:
        stats = await client.ask("midfill/stats", None)
        if stats["ready"]:
            return str(stats["engine"])
        if stats["status"]["state"] == "error":
            raise MidfillError(stats["status"]["message"])
        await asyncio.sleep(0.05)
    raise MidfillError(f"the model was not ready after {_READY_S:.0f} s; run `midfill doctor`")


def _print(console: Console, offer: DemoOffer) -> None:
    """Print typed and suggested lines; their marks tell them apart where there is no colour."""
    *lines, last = (offer.before + offer.typed).split("\n")
    first, *more = offer.ghost.split("\n")
    shown = Text()
    for line in lines:
        shown.append(f"  | {line}\n")
    if first and last.strip():
        shown.append(f"  | {last}").append(f"‸{first}\n", style="green")
    elif first:
        shown.append(f"  + {last}{first}\n", style="green")
    elif last.strip():
        shown.append(f"  | {last}\n")
    for line in more:
        shown.append(f"  + {line}\n", style="green")
    shown.expand_tabs(4)
    facts = "    nothing was offered"
    if offer.ghost:
        facts = f"    first text after {_seconds(offer.first_ms)}"
        if offer.whole_ms > offer.first_ms:
            facts += f", whole after {_seconds(offer.whole_ms)}"
    shown.append(f"{facts}\n", style="cyan")
    console.print(shown, soft_wrap=True)


def _seconds(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    return f"{milliseconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _sum_up(console: Console, offers: Sequence[DemoOffer]) -> int:
    taken = [offer for offer in offers if offer.ghost]
    if not taken:
        console.print("nothing was offered at any place; run `midfill doctor`")
        return 1
    typed = sum(len(offer.typed) for offer in offers)
    saved = sum(len(offer.ghost) for offer in taken)
    console.print(
        f"{typed} characters were typed. With {len(taken)} times Tab, {saved} more would be "
        f"there: {saved / (typed + saved):.0%} of this text.",
        soft_wrap=True,
    )
    midfill = "midfill" if shutil.which("midfill") else sys.argv[0]
    next_step = f"Next: type yourself in `{midfill} try`, or in your editor (README, Editors)."
    console.print(next_step, soft_wrap=True)
    return 0
