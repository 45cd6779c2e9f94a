"""The settings as a table: key, type, default, valid values and description.

Everything is derived from the dataclasses in the three settings modules.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from dataclasses import dataclass
from typing import Any, cast, get_type_hints

from lsp_server.settings.model import Settings

Value = bool | int | float | str

_LONGEST_SHOWN = 40
_MOST_SHOWN = 10**_LONGEST_SHOWN
_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


class BadValueError(ValueError):
    """A value that is invalid for its setting; the message says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    Attributes:
        section: name of the part it belongs to, such as `latency`.
        field: its name there, such as `target_ms`.
        type: of its values.
        default: the value if no layer sets one.
        words: its description.
        least: smallest valid number.
        most: largest valid number.
        choices: all valid texts, if limited.
        pattern: regular expression that must match the whole text.
        unit: of the number.
        listed: the text is a list with commas, and may come as a list of texts.
    """

    section: str
    field: str
    type: type[Value]
    default: Value
    words: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    unit: str = ""
    listed: bool = False

    @property
    def name(self) -> str:
        """Section and field: `latency.target_ms`."""
        return f"{self.section}.{self.field}"

    @property
    def range(self) -> str:
        """The valid values, for people."""
        if self.choices:
            return ", ".join(self.choices)
        if self.type is bool:
            return "true, false"
        if self.pattern:
            return f"matches {self.pattern}"
        if self.least is None or self.most is None:
            return f"any {_JSON_TYPES[self.type]}"
        return f"{self.least} to {self.most} {self.unit}".rstrip()

    def checked(self, value: object) -> Value:
        """The value in the setting's own type.

        Raises:
            BadValueError: it has another type or is out of range.
        """
        if isinstance(value, bool):  # which Python counts among the numbers
            if self.type is bool:
                return value
        elif isinstance(value, str):
            if self.type is str:
                return self._checked_text(value)
        elif self.listed and isinstance(value, list) and all(isinstance(v, str) for v in value):
            return self._checked_text(", ".join(value))
        elif isinstance(value, int | float) and self.type in {int, float}:
            return self._checked_number(value)
        raise BadValueError(f"{shown(value)} is not {_NOUNS[self.type]}")

    def _checked_text(self, value: str) -> str:
        if self.choices and value not in self.choices:
            raise BadValueError(f"{shown(value)} is none of {self.range}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise BadValueError(f"{shown(value)} does not match {self.pattern}")
        return value

    def _checked_number(self, value: float) -> int | float:
        if not abs(value) < math.inf:
            raise BadValueError(f"{value} is not {_NOUNS[self.type]}")
        # the range first: an integer may be too large for a float
        outside = (self.least is not None and value < self.least) or (
            self.most is not None and value > self.most
        )
        if outside:
            raise BadValueError(f"{shown(value)} is not in {self.range}")
        if self.type is float:
            return float(value)
        if value != int(value):  # some clients send 8 as 8.0
            raise BadValueError(f"{shown(value)} is not a whole number")
        return int(value)


def shown(value: object) -> str:
    """A value as TOML writes it, shortened; tables and lists by their kind only."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "...")
    if isinstance(value, int):
        return str(value) if abs(value) < _MOST_SHOWN else "a number of too many digits"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "a list" if isinstance(value, list) else "a table"


def json_schema() -> dict[str, Any]:
    """JSON schema of the config file and of the initialization options."""
    properties = {}
    for section, (about, _) in SECTIONS.items():
        keys = [key for key in KEYS.values() if key.section == section]
        properties[section] = {
            "type": "object",
            "description": about,
            "properties": {key.field: _schema_of(key) for key in keys},
            "additionalProperties": False,
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of midfill",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _schema_of(key: Key) -> dict[str, Any]:
    words = f"{key.words} Unit: {key.unit}." if key.unit else key.words
    found: dict[str, Any] = {"type": _JSON_TYPES[key.type], "description": words}
    found["default"] = key.default
    if key.least is not None:
        found["minimum"] = key.least
    if key.most is not None:
        found["maximum"] = key.most
    if key.choices:
        found["enum"] = list(key.choices)
    if key.pattern:
        found["pattern"] = f"^(?:{key.pattern})$"
    return found


def _read_sections() -> dict[str, tuple[str, type]]:
    """Sections by name: description and dataclass."""
    hints = get_type_hints(Settings)
    found = {}
    for field in dataclasses.fields(Settings):
        kind: type = hints[field.name]
        about = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        found[field.name] = (about, kind)
    return found


def _read_keys() -> dict[str, Key]:
    found = {}
    for section, (_, kind) in SECTIONS.items():
        hints, words = get_type_hints(kind), _attribute_words(kind)
        for field in dataclasses.fields(kind):
            about, default = field.metadata, cast("Value", field.default)
            key = Key(
                section=section,
                field=field.name,
                type=hints[field.name],
                default=default,
                words=words.get(field.name, ""),
                least=about.get("min"),
                most=about.get("max"),
                choices=about.get("choices", ()),
                pattern=about.get("pattern", ""),
                unit=about.get("unit", ""),
                listed=about.get("listed", False),
            )
            found[key.name] = key
    return found


def _attribute_words(kind: type) -> dict[str, str]:
    """The descriptions in a docstring's `Attributes`, by name."""
    _, _, listing = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in listing.splitlines():
        if (begun := re.match(r" {4}(\w+): (.*)", line)) is not None:
            name = begun[1]
            found[name] = begun[2]
        elif name and line.strip():
            found[name] += " " + line.strip()
    return {name: text[:1].upper() + text[1:] for name, text in found.items()}


SECTIONS = _read_sections()
KEYS = _read_keys()
