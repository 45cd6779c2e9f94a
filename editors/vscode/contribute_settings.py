"""Write the server's settings into package.json, as `contributes.configuration`.

Run `python editors/vscode/contribute_settings.py` (`make fix` does). The settings of the extension
itself are written by hand in the first group, and kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lsp_server.settings.schema import json_schema

PACKAGE = Path(__file__).with_name("package.json")
OWN_SWITCHES = {"suggestions.enabled", "suggestions.languages_off"}
"""The extension has switches of its own for these, which send no request at all."""
IN_ORDER_OF_USE = (
    "suggestions.style",
    "enable",
    "languages",
    "suggestions.mode",
    "suggestions.max_lines",
    "engine.model",
    "engine.device",
    "engine.threads",
    "engine.idle_min",
    "context.enabled",
    "context.libraries",
    "context.mask_secrets",
    "latency.target_ms",
    "statistics.enabled",
    "path",
    "serverArguments",
)
"""The first group. VS Code shows all others only to those who look for advanced settings."""


def contributed(package: dict[str, Any]) -> dict[str, Any]:
    """The package with the current settings of the server."""
    first, *_ = package["contributes"]["configuration"]
    own = first["properties"].items()
    used = {name: about for name, about in own if name.count(".") == 1}
    groups = []
    for section, group in json_schema()["properties"].items():
        properties = {
            f"midfill.{section}.{field}": _property(section, schema)
            for field, schema in group["properties"].items()
            if f"{section}.{field}" not in OWN_SWITCHES
        }
        used |= {name: properties.pop(name) for name in _used() if name in properties}
        advanced = {name: about | {"tags": ["advanced"]} for name, about in properties.items()}
        if advanced:
            title = {"title": section.capitalize(), "order": len(groups) + 2}
            groups.append({**title, "properties": advanced})
    ordered = {name: used[name] | {"order": at} for at, name in enumerate(_used(), start=1)}
    front = {"title": "midfill", "order": 1, "properties": ordered}
    package["contributes"]["configuration"] = [front, *groups]
    return package


def _used() -> list[str]:
    return [f"midfill.{name}" for name in IN_ORDER_OF_USE]


def _property(section: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One setting for VS Code's settings editor."""
    words = schema["description"]
    if section == "engine":
        words += " Changing it restarts the server."
    # An untrusted workspace must not decide what is loaded.
    scope = "machine" if section == "engine" else "window"
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {**rest, "scope": scope, "markdownDescription": words}


def text() -> str:
    """package.json as it should be."""
    package = json.loads(PACKAGE.read_text(encoding="utf-8"))
    return json.dumps(contributed(package), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PACKAGE.write_text(text(), encoding="utf-8")
