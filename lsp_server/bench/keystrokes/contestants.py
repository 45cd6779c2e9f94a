"""What is typed into, by the options of `midfill bench keystrokes`: servers and how they start."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.calibration import Rates
from engine.settings import EngineSettings
from lsp_server.bench.errors import BenchError
from lsp_server.bench.keystrokes.replay import Contestant
from lsp_server.bench.servers.language_server import LanguageServer
from lsp_server.bench.servers.llama_server import LlamaServer, host_and_port
from lsp_server.client.connection import SERVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from lsp_server.bench.keystrokes.user import Typing
    from lsp_server.bench.servers.base import Server

NO_HURRY: dict[str, Any] = {"latency": {"target_ms": 60_000, "deadline_ms": 60_000}}
"""Settings under which midfill answers with all that it has to say, for the bound."""

_DEVICES = EngineSettings.__dataclass_fields__["device"].metadata["pattern"]


def contestants_of(
    arguments: argparse.Namespace, typing: Typing, served: dict[str, str]
) -> list[Contestant]:
    """The servers that the options name.

    Args:
        arguments: of `midfill bench keystrokes`.
        typing: how each is typed into.
        served: filled, when a server has started, with what it says of its engine.

    Raises:
        BenchError: the options contradict each other, or one is no good.
    """
    found = []
    if arguments.simulate:
        if arguments.server or arguments.peer:
            message = "--simulate runs midfill's own session; leave out --server and --peer"
            raise BenchError(message)
        found.append(_simulated(arguments, typing))
    elif not arguments.only_peer:
        found.append(_language_server(arguments, typing, served))
    if arguments.peer:
        found.append(_peer(arguments.peer, typing))
    if not found:
        message = "--only-peer needs --peer KIND=URL"
        raise BenchError(message)
    if arguments.zero_latency:
        bounds = [_bound(one, arguments, served) for one in found]
        found = bounds if arguments.zero_latency == "only" else [*found, *bounds]
    return found


def _language_server(
    arguments: argparse.Namespace, typing: Typing, served: dict[str, str]
) -> Contestant:
    command = _command(arguments)
    start = _starter(arguments, command, _settings(arguments), served, growing=arguments.growing)
    return Contestant(
        name=arguments.name or ("midfill" if not arguments.server else command[0]),
        what=shlex.join(command) if arguments.server else "midfill serve --stdio",
        start=start,
        typing=typing,
        fresh=arguments.fresh,
    )


def _simulated(arguments: argparse.Namespace, typing: Typing) -> Contestant:
    return Contestant(
        name=arguments.name or "midfill",
        what=f"midfill's session in simulated time at {arguments.simulate}",
        start=_start_simulated(arguments, _settings(arguments), growing=arguments.growing),
        typing=replace(typing, speed=1.0),
        fresh=arguments.fresh,
    )


def _start_simulated(
    arguments: argparse.Namespace, settings: Mapping[str, Any], *, growing: bool
) -> Callable[[], Awaitable[Server]]:
    from lsp_server.bench.servers.simulated import SimulatedServer

    rates = rates_of(arguments.simulate)
    other_files = bool(arguments.workspaces) or (
        bool(arguments.repo) and arguments.person == "real"
    )
    return partial(
        SimulatedServer.start,
        settings,
        rates,
        arguments.memo,
        growing=growing,
        other_files=other_files,
    )


def rates_of(spec: str) -> Rates:
    """The simulated speed that `--simulate` says.

    Raises:
        BenchError: it says none.
    """
    try:
        prefill, decode = map(float, spec.split(","))
    except ValueError:
        prefill = decode = 0
    if not prefill > 0 or not decode > 0:
        message = (
            f"--simulate {spec}: expected PREFILL,DECODE, such as 1000,45 for 1,000 prompt tokens "
            "a second and 45 ms a decoded token; `midfill bench model` measures them"
        )
        raise BenchError(message)
    return Rates(prefill_tokens_s=prefill, decode_ms=decode)


def _command(arguments: argparse.Namespace) -> list[str]:
    if not arguments.server:
        # an engine of its own: no other server's work, and all that it costs is its children's
        return [*SERVE, "--process", "own"]
    try:
        command = shlex.split(arguments.server)
    except ValueError as error:
        message = f"--server {arguments.server!r}: {error}"
        raise BenchError(message) from error
    if not command:
        message = "--server is empty"
        raise BenchError(message)
    return command


def settings_of(given: str) -> dict[str, Any]:
    """The settings that `--settings` says.

    Raises:
        BenchError: it is no JSON object.
    """
    try:
        settings = json.loads(given)
    except ValueError as error:
        message = f"--settings is not JSON: {error}"
        raise BenchError(message) from error
    if not isinstance(settings, dict):
        message = "--settings must be a JSON object"
        raise BenchError(message)
    return settings


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = settings_of(arguments.settings)
    device = arguments.device
    if device is None:
        return settings
    if arguments.server:
        message = "--device is for midfill's own server; say it in --server or --settings"
        raise BenchError(message)
    if not re.fullmatch(_DEVICES, device):
        message = f"--device {device!r}: known are auto, cpu, cuda and cuda:N"
        raise BenchError(message)
    return {**settings, "engine": {**settings.get("engine", {}), "device": device}}


def _starter(
    arguments: argparse.Namespace,
    command: Sequence[str],
    settings: Mapping[str, Any],
    served: dict[str, str],
    *,
    growing: bool,
) -> Callable[[], Awaitable[LanguageServer]]:
    """Starts the server, and notes in `served` where its model really runs.

    What it returns raises BenchError when a card was asked for and something else serves: figures
    of a CPU under a card's name would be worse than none.
    """
    wanted = arguments.device or "auto"

    async def start() -> LanguageServer:
        server = await LanguageServer.start(command, settings, growing=growing)
        served.update(await server.served_by())
        device = served.get("device", "")
        if wanted.startswith("cuda") and wanted not in {device, device.partition(":")[0]}:
            await server.stop()
            why = served.get("device_note") or "it does not say why"
            message = f"--device {wanted}: the model runs on {device} ({why}); see `midfill doctor`"
            raise BenchError(message)
        return server

    return start


def _peer(spec: str, typing: Typing) -> Contestant:
    kind, _, url = spec.partition("=")
    if kind != "llama-server":
        message = f"--peer {spec!r}: known is llama-server=http://HOST:PORT"
        raise BenchError(message)
    host_and_port(url)
    start = partial(LlamaServer.start, url, speed=typing.speed)
    return Contestant("llama.vim", f"llama-server at {url}, policy of llama.vim", start, typing)


def _bound(one: Contestant, arguments: argparse.Namespace, served: dict[str, str]) -> Contestant:
    """The same server, as if its answers took no time."""
    start = one.start
    if arguments.simulate:
        settings = {**NO_HURRY, **_settings(arguments)}
        start = _start_simulated(arguments, settings, growing=False)
    elif one.name != "llama.vim":
        settings = {**NO_HURRY, **_settings(arguments)}
        command = _command(arguments)
        if not arguments.server:
            command += ["--target-ms", str(NO_HURRY["latency"]["target_ms"])]
        start = _starter(arguments, command, settings, served, growing=False)
    typing = replace(one.typing, zero_latency=True)
    return replace(one, name=f"{one.name} (zero latency)", start=start, typing=typing)
