"""`midfill config`: show every setting, its value and the layer it comes from."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from lsp_server.settings.layers import Configuration

_FLAGS = {
    "--model": "engine.model",
    "--threads": "engine.threads",
    "--process": "engine.process",
    "--target-ms": "latency.target_ms",
}

_PAGE = """\
# Settings

<!-- Made by `midfill config --markdown`; edit the docstrings and metadata of the dataclasses. -->

You do not have to set anything. Each layer overrides the ones before it:

1. the defaults below,
2. the config file (`midfill config` prints its path; `MIDFILL_CONFIG` sets another),
3. the client's `initializationOptions`,
4. what the client answers to `workspace/configuration` for the section `midfill`, or sends with
   `workspace/didChangeConfiguration` (under `midfill`, or without a section). The newest message
   replaces the whole layer,
5. the flags {flags} of `midfill serve`.

```toml
# config.toml
[latency]
target_ms = 300

[suggestions]
max_lines = 1
```

The same as initialization options:
`{{"latency": {{"target_ms": 300}}, "suggestions": {{"max_lines": 1}}}}`.

A change takes effect with the next request. Settings of the engine wait until the server restarts,
and the status says so. An invalid value is ignored: the next lower layer counts, and the server's
log names the key and the reason. A file that is not valid TOML changes nothing.

`midfill config` shows every setting, its value and the layer it comes from.
`midfill config --schema` prints a JSON schema for your editor.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `config`."""
    about = "show every setting, its value and where it comes from; exit code 1 if one is invalid"
    config = commands.add_parser("config", help=about, description=about.capitalize() + ".")
    form = config.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="print values, origins and problems as JSON"
    )
    form.add_argument("--schema", action="store_true", help="print a JSON schema of the settings")
    form.add_argument("--markdown", action="store_true", help="print the page docs/settings.md")
    add_flags(config)
    config.set_defaults(run=run)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the settings that have flags; a flag that is not given is None."""
    parser.add_argument("--model", help="name of an installed model")
    parser.add_argument("--threads", type=int, help="cores for one inference (0: choose)")
    parser.add_argument("--process", help="where the engine runs: shared, own or inside")
    parser.add_argument("--target-ms", type=float, help="time from a key to the suggestion")


def load(arguments: argparse.Namespace) -> Configuration:
    """The user's file and the flags of `add_flags`."""
    from lsp_server.settings import layers as config

    given = {
        key: getattr(arguments, flag.removeprefix("--").replace("-", "_"))
        for flag, key in _FLAGS.items()
    }
    return config.load({key: value for key, value in given.items() if value is not None})


def run(arguments: argparse.Namespace) -> int:
    """Print the settings; returns 1 if one is invalid, otherwise 0."""
    from lsp_server.settings.schema import KEYS, json_schema, shown

    if arguments.markdown:
        print(page(), end="")
        return 0
    if arguments.schema:
        print(json.dumps(json_schema(), indent=2))
        return 0
    configuration = load(arguments)
    composed = configuration.composed
    if arguments.json:
        rows = {
            name: {"value": composed.value(name), "origin": composed.origins[name]} for name in KEYS
        }
        found = {"file": str(configuration.path), "settings": rows, "problems": composed.problems}
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for name in KEYS:
            print(f"{name} = {shown(composed.value(name))}  # {composed.origins[name]}")
        there = "" if configuration.path.exists() else " (not there)"
        print(f"midfill: config file: {configuration.path}{there}", file=sys.stderr)
    for problem in composed.problems:
        print(f"midfill: {problem}", file=sys.stderr)
    return 1 if composed.problems else 0


def page() -> str:
    """`docs/settings.md`: how to set, then a table for each section."""
    from lsp_server.settings.schema import KEYS, SECTIONS, shown

    parts = [_PAGE.format(flags=", ".join(f"`{flag}`" for flag in _FLAGS))]
    for section, (about, _) in SECTIONS.items():
        parts.append(f"\n## {section}\n\n{about}\n\n")
        parts.append("| key | type | default | range | meaning |\n|---|---|---|---|---|\n")
        for key in KEYS.values():
            if key.section == section:
                good = key.range.replace("|", "\\|")
                parts.append(
                    f"| `{key.name}` | {key.type.__name__} | `{shown(key.default)}` | {good} "
                    f"| {key.words} |\n"
                )
    return "".join(parts)
