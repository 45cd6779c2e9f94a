"""`midfill complete` and `midfill prompt`: one request through the server's own session."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from context.languages import language_of
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.errors import MidfillError
from lsp_server.session import engine_factory
from lsp_server.session.session import Session
from lsp_server.settings import layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from context.candidate import Candidate
    from lsp_server.commands.prompt import Shown
    from lsp_server.settings.model import Settings


class PlaceError(MidfillError):
    """`FILE:LINE:COL` is not a position that can be completed."""


def complete(place: str, *, as_json: bool) -> int:
    """Print the suggestion for a position; the exit code is 0 even without one.

    Raises:
        PlaceError: the place names nothing.
        MidfillError: the model could not be loaded.
    """
    snapshot = snapshot_at(place)
    settings = _settings()
    # nobody types here: wait for the whole answer
    patient = dataclasses.replace(settings.latency, target_ms=60_000, deadline_ms=60_000)
    text, story = asyncio.run(_complete(snapshot, dataclasses.replace(settings, latency=patient)))
    if as_json:
        print(json.dumps({"text": text, **story}, ensure_ascii=False, indent=2))
    elif text:
        print(text)
    else:
        print("midfill: nothing to suggest here", file=sys.stderr)
    return 0


async def _complete(snapshot: Snapshot, settings: Settings) -> tuple[str, dict[str, object]]:
    session = Session(settings, engine_factory.maker(settings, "real"))
    await session.load()
    try:
        if session.pipeline is None:
            raise MidfillError(session.status.message)
        await _look_around(session, snapshot)
        text, trace = await session.complete(snapshot)
        return text, {"engine": session.status.message, **trace.as_dict()}
    finally:
        session.close()


def _settings() -> Settings:
    """The user's settings; invalid ones are reported on stderr."""
    configuration = layers.load()
    for problem in configuration.news():
        print(f"midfill: {problem}", file=sys.stderr)
    return configuration.settings


def prompt(place: str, *, explain: bool = False) -> int:
    """Print the prompt for a position, part by part, with tokens and cost.

    Args:
        place: `FILE:LINE:COL`.
        explain: print every piece of other files that was found, too, and what became of it.

    Raises:
        PlaceError: the place names nothing.
        MidfillError: the model could not be loaded.
    """
    from rich.console import Console

    from lsp_server.commands import prompt as prompt_view

    snapshot = snapshot_at(place)
    shown = asyncio.run(_prompt(snapshot, _settings(), explain=explain))
    console = Console(highlight=False, soft_wrap=True)
    line, column = snapshot.cursor.line + 1, snapshot.cursor.column + 1
    console.print(f"{snapshot.path}:{line}:{column} ({snapshot.language})", markup=False)
    prompt_view.print_parts(console, shown)
    if explain:
        prompt_view.print_candidates(console, shown)
    return 0


async def _prompt(snapshot: Snapshot, settings: Settings, *, explain: bool) -> Shown:
    from lsp_server.commands.prompt import Shown

    session = Session(settings, engine_factory.maker(settings, "real"))
    await session.load()
    try:
        engine = session.scheduler.engine
        if engine is None or session.rates is None:
            raise MidfillError(session.status.message)
        prompts = session.prompt_maker(engine)
        found = await _look_around(session, snapshot) if explain or prompts.context_tokens else ()
        made = prompts.make(snapshot, found)
        judged = made.stable.judged or prompts.set_aside(found)
        return Shown(made, judged, prompts.layout, session.rates.prefill_tokens_s)
    finally:
        session.close()


async def _look_around(session: Session, snapshot: Snapshot) -> Sequence[Candidate]:
    """The context of other files that a server started in this folder would have."""
    around, tokens = session.context_provider, 0
    around.set_folders([Path.cwd().as_posix()], at_once=True)
    await asyncio.sleep(0)  # lets it take over what editors had open here
    if session.scheduler.engine is not None:
        tokens = session.prompt_maker(session.scheduler.engine).room_for_context
    return around.gather(snapshot, tokens)


def snapshot_at(place: str) -> Snapshot:
    """The file of `FILE:LINE:COL` with the cursor there; both numbers count from 1.

    Raises:
        PlaceError: it is malformed, or names no readable file or no place inside it.
    """
    name, line, column = _split(place)
    path = Path(name)
    try:
        source = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise PlaceError(f"{name}: no such file; give the path of a source file") from None
    except UnicodeDecodeError as error:
        raise PlaceError(
            f"{name}: not UTF-8 (byte {error.start}); convert it, editors send UTF-8 too"
        ) from None
    except OSError as error:
        raise PlaceError(f"{name}: {error.strerror}; give the path of a source file") from None
    text = Text.of(source)
    if not 1 <= line <= len(text):
        raise PlaceError(f"{name} has {len(text)} lines, so there is no line {line}")
    width = len(text.line(line - 1).rstrip("\r\n"))
    if not 1 <= column <= width + 1:
        raise PlaceError(f"line {line} of {name} has columns 1 to {width + 1}, not {column}")
    try:
        shown = path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        shown = path.name
    return Snapshot(
        uri=path.resolve().as_uri(),
        path=shown,
        language=language_of(path.name, "", text.line(0)),
        version=1,
        text=text,
        cursor=Cursor(line - 1, column - 1),
    )


def _split(place: str) -> tuple[str, int, int]:
    try:
        name, line, column = place.rsplit(":", 2)
        return name, int(line), int(column)
    except ValueError:
        raise PlaceError(f"{place!r} is not FILE:LINE:COL, for example app.py:12:5") from None
