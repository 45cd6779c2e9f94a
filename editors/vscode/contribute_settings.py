"""Write the server's settings into package.json, as `contributes.configuration`.

Run `python editors/vscode/contribute_settings.py` (`make fix` does). The settings of the extension
itself, the first group, are written by hand and kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lsp_server.settings.schema import json_schema

PACKAGE = Path(__file__).with_name("package.json")
OWN_SWITCHES = {"suggestions.enabled", "suggestions.languages_off"}
"""The extension has switches of its own for these, which send no request at all."""


def contributed(package: dict[str, Any]) -> dict[str, Any]:
    """The package with the current settings of the server."""
    own, *_ = package["contributes"]["configuration"]
    groups = [
        {
            "title": section.capitalize(),
            "properties": {
                f"midfill.{section}.{field}": _property(section, schema)
                for field, schema in group["properties"].items()
                if f"{section}.{field}" not in OWN_SWITCHES
            },
        }
        for section, group in json_schema()["properties"].items()
    ]
    package["contributes"]["configuration"] = [own, *groups]
    return package


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
