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
    offered = {name: about for group in groups(module) for name, about in group.items()}
    of_server = {name for name in offered if "." in name}
    assert of_server == KEYS.keys() - module.OWN_SWITCHES
    for name in of_server:
        assert offered[name]["default"] == KEYS[name].default
        assert offered[name]["markdownDescription"]


def test_what_people_use_comes_first_and_the_rest_is_advanced() -> None:
    """The style before all; VS Code sorts by `order` and hides what is tagged advanced."""
    module = script()
    used, *rest = groups(module)
    by_order = sorted(used, key=lambda name: used[name]["order"])
    assert by_order[0] == "suggestions.style"
    assert by_order == list(module.IN_ORDER_OF_USE)
    assert not any("tags" in about for about in used.values())
    for group in rest:
        assert all(about["tags"] == ["advanced"] for about in group.values())


def groups(module: Any) -> list[dict[str, Any]]:
    """The settings in package.json, group by group, without `midfill.`."""
    found = json.loads(module.PACKAGE.read_text())["contributes"]["configuration"]
    return [
        {name.removeprefix("midfill."): about for name, about in group["properties"].items()}
        for group in found
    ]
