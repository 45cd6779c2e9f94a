"""The VS Code extension offers the settings that the server has."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from lsp_server.settings.schema import KEYS

SCRIPT = Path(__file__).parents[2] / "editors" / "vscode" / "contribute_settings.py"


def script() -> Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("contribute_settings", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_package_json_is_up_to_date() -> None:
    """Otherwise: `make fix`."""
    module = script()
    assert module.PACKAGE.read_text(encoding="utf-8") == module.text()


def test_every_setting_is_offered_with_default_and_words() -> None:
    """But for the two that the extension has a better switch for."""
    module = script()
    groups = json.loads(module.PACKAGE.read_text())["contributes"]["configuration"][1:]
    offered = {
        name.removeprefix("midfill."): about
        for group in groups
        for name, about in group["properties"].items()
    }
    assert offered.keys() == KEYS.keys() - module.OWN_SWITCHES
    for name, about in offered.items():
        assert about["default"] == KEYS[name].default
        assert about["markdownDescription"]
